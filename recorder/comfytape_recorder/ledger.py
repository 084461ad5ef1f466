"""What was asked for and what became of it: the recorder's own marks in the journal, read back after a crash.

A job is paid once. So the intent to submit is on disk before the request leaves, and the job's id before anything else
is done with it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfytape_cassettes.recording import Recording

__all__ = ["Entry", "Ledger"]

DONE = frozenset({"CANCELLED", "COMPLETED", "EXPIRED", "FAILED", "TIMED_OUT"})


@dataclass(slots=True)
class Entry:
    """One sample: whether it was to be submitted, the job it became, how that was last seen.

    ``intents`` counts the times it was about to be submitted, ``jobs`` holds the ids that came back.
    """

    sample: int
    intents: int = 0
    jobs: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    status: str = "NOT SUBMITTED"
    started_ms: float = 0.0
    execution_ms: float = 0.0
    delay_ms: float = 0.0
    note: str = ""

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
        self.entries: dict[int, Entry] = {}
        for mark in recording.marks():
            self.apply(mark)

    def entry(self, sample: int) -> Entry:
        """The entry of a sample."""
        return self.entries.setdefault(sample, Entry(sample))

    def apply(self, mark: dict[str, Any]) -> None:
        """Take one mark into account."""
        if "sample" not in mark:
            return
        entry = self.entry(int(mark["sample"]))
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

    def mark(self, event: str, sample: int, **facts: Any) -> None:
        """Note an event, on disk before this returns."""
        mark = {"event": event, "sample": sample, **facts}
        with self.lock:
            self.recording.mark(**mark)
            self.apply(mark)

    def open_samples(self, count: int) -> list[int]:
        """Samples that still need work, those already submitted first: their results are paid for and expire."""
        todo = [n for n in range(count) if not self.is_done(self.entry(n))]
        return sorted(todo, key=lambda n: (self.entry(n).job is None, n))

    @staticmethod
    def is_done(entry: Entry) -> bool:
        """Whether a sample needs no more work."""
        return entry.status == "LOST" or (entry.job is not None and entry.status in DONE)

    def samples(self) -> list[dict[str, Any]]:
        """For the cassette's provenance: which job is which sample."""
        return [
            {"sample": entry.sample, "job": entry.job}
            for entry in sorted(self.entries.values(), key=lambda e: e.sample)
            if entry.job
        ]
