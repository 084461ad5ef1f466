"""What was asked for and what became of it: the recorder's own marks in the journal, read back after a crash.

A job is paid once. So the intent to submit is on disk before the request leaves, and the job's id before anything else
is done with it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytape_cassettes.recording import Recording

__all__ = ["DONE", "Ask", "Entry", "Ledger", "label_of"]

Ask = int | str
"""What was asked for: a sample's number, from 0, or the key of a case's run, such as ``empty-prompt/0``."""

DONE = frozenset({"CANCELLED", "COMPLETED", "EXPIRED", "FAILED", "REFUSED", "TIMED_OUT"})


@dataclass(slots=True)
class Entry:
    """One sample, or one run of a case: whether it was to be submitted, the job it became, how that was last seen.

    ``intents`` counts the times it was about to be submitted, ``jobs`` holds the ids that came back, ``case`` is what
    the cassette will say of a case's run: ``case``, ``run`` and ``asks``.
    """

    sample: Ask
    intents: int = 0
    jobs: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    status: str = "NOT SUBMITTED"
    started_ms: float = 0.0
    execution_ms: float = 0.0
    delay_ms: float = 0.0
    note: str = ""
    case: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name for people."""
        return label_of(self.sample)

    @property
    def is_queued(self) -> bool:
        """Whether its job waits for a worker and costs nothing yet."""
        return self.job is not None and self.status == "IN_QUEUE"

    @property
    def job(self) -> str | None:
        """The job that counts: the last one that was not withdrawn."""
        return next((job for job in reversed(self.jobs) if job not in self.withdrawn), None)

    @property
    def answer_lost(self) -> bool:
        """Whether a submission left and its answer never arrived, so that a job may run under an unknown id."""
        return self.intents > len(self.jobs)


class Ledger:
    """The samples of one recording. Safe to use from several threads."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.lock = threading.Lock()
        self.entries: dict[Ask, Entry] = {}
        for mark in recording.marks():
            self.apply(mark)

    def entry(self, sample: Ask) -> Entry:
        """The entry of a sample, or of a case's run."""
        return self.entries.setdefault(sample, Entry(sample))

    def apply(self, mark: dict[str, Any]) -> None:
        """Take one mark into account."""
        if "sample" not in mark:
            return
        named = mark["sample"]
        entry = self.entry(named if isinstance(named, str) else int(named))
        if "case" in mark:
            entry.case = {key: mark[key] for key in ("case", "run", "asks") if key in mark}
        match mark.get("event"):
            case "submitting":
                entry.intents += 1
            case "submitted":
                entry.jobs.append(str(mark["job"]))
                entry.status = "IN_QUEUE"
            case "not accepted":
                entry.intents -= 1
            case "withdrawn":
                # Cancelled by us before its end: a resumed recording submits the sample anew.
                entry.withdrawn.add(str(mark["job"]))
                entry.status = "CANCELLED"
            case "lost":
                entry.status = "LOST"
            case "ended":
                entry.status = str(mark["status"])
            case _:
                pass

    def mark(self, event: str, sample: Ask, **facts: Any) -> None:
        """Note an event, on disk before this returns."""
        mark = {"event": event, "sample": sample, **self.entry(sample).case, **facts}
        with self.lock:
            try:
                self.recording.mark(**mark)
            finally:
                # What a failing disk did not take is still known here: a job must be cancelled when all ends.
                self.apply(mark)

    def open_asks(self, asks: Iterable[Ask]) -> list[Ask]:
        """What still needs work, in order; what is submitted already first: its result is paid for and expires."""
        todo = [ask for ask in asks if not self.is_done(self.entry(ask))]
        return sorted(todo, key=lambda ask: self.entry(ask).job is None)

    def ordered(self) -> list[Entry]:
        """Samples by number, then the runs of cases as they were planned."""
        return sorted(self.entries.values(), key=lambda e: (1, 0) if isinstance(e.sample, str) else (0, e.sample))

    @staticmethod
    def is_done(entry: Entry) -> bool:
        """Whether a sample needs no more work."""
        return entry.status in ("LOST", "REFUSED") or (entry.job is not None and entry.status in DONE)

    def samples(self) -> list[dict[str, Any]]:
        """For the cassette's provenance: which job is which sample, and which run of which case."""
        return [{**(e.case or {"sample": e.sample}), "job": e.job} for e in self.ordered() if e.job]


def label_of(ask: Ask) -> str:
    """``sample 3``, or ``case empty-prompt`` with the number of its run where it is not the first."""
    if isinstance(ask, int):
        return f"sample {ask + 1}"
    name, _, run = ask.rpartition("/")
    return f"case {name}" + (f" #{int(run) + 1}" if run != "0" else "")
