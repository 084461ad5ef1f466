"""A recording in progress: redact, put the bodies in place, write the journal; at the end, one atomic rename.

The order is what makes a crash harmless. A body file is on disk before the journal names it, the journal holds an
exchange before anything is said about it, and the old cassette stays whole until the finished index replaces it.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.body import spell
from comfytape_cassettes.cassette import ATTRIBUTES, Cassette
from comfytape_cassettes.errors import CassetteError, LeakError
from comfytape_cassettes.folder import Bodies, LocalFolder, is_ours
from comfytape_cassettes.index import (
    INDEX,
    dump_index,
    exchange_from,
    failure_from,
    failure_to_json,
    interaction_of,
    referenced,
)
from comfytape_cassettes.journal import JOURNAL, Journal, read_journal
from comfytape_cassettes.polls import merge_polls
from comfytape_cassettes.provenance import REPLAY_SERVER, Provenance
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from comfytape_cassettes.exchange import Exchange, Failure

__all__ = ["Recording"]


class Recording:
    """What is being recorded into one cassette folder. Safe to use from several threads."""

    def __init__(self, path: Path, provenance: Provenance, redactor: Redactor, journal: Journal) -> None:
        self.path = path
        self.provenance = provenance
        self.redactor = redactor
        self.journal = journal
        self.folder = LocalFolder(path)
        self.written: set[str] = set()
        self.known_early: int | None = None
        # Wall time ties a resumed recording to its beginning; the monotonic clock measures.
        self.began = datetime.fromisoformat(provenance.recorded_at)
        self.skew_ms = (datetime.now(UTC) - self.began).total_seconds() * 1000 - time.monotonic() * 1000

    @classmethod
    def start(
        cls,
        path: Path,
        *,
        plane: str,
        secrets: Secrets | None = None,
        source: str = "",
        contract: str = "",
        recorded_at: str = "",
        notes: Sequence[str] = (),
        versions: Mapping[str, str] | None = None,
        recording: str = "",
    ) -> Recording:
        """Begin a new recording in ``path``; a cassette that is there stays until this one is finished.

        ``recording`` is the id of one that can be made again, such as an import: cut off, it is started over.

        Raises:
            CassetteError: the place cannot be written, another process records there, or an unfinished recording
                waits to be resumed.
        """
        journal = Journal(path / JOURNAL)
        try:
            if unfinished(path) not in ("", recording):
                raise CassetteError(
                    f"{path} holds an unfinished recording",
                    hint=f"finish it with --resume, or delete {path / JOURNAL} to throw it away",
                )
            journal.empty()
        except BaseException:
            journal.close()
            raise
        provenance = Provenance(
            recording=recording or uuid.uuid4().hex,
            recorded_at=recorded_at or datetime.now(UTC).isoformat(timespec="milliseconds"),
            recorded_by=f"comfytape {__version__}",
            plane=plane,
            source=source,
            contract=contract,
            versions=dict(versions or {}),
            notes=tuple(notes),
        )
        begun = cls(path, provenance, Redactor(secrets or Secrets.of([])), journal)
        journal.append({"journal": 1, "provenance": provenance.to_json()}, durable=True)
        return begun

    @classmethod
    def resume(cls, path: Path, *, secrets: Secrets | None = None) -> Recording:
        """Continue the recording that was cut off in ``path``.

        Raises:
            CassetteError: there is none, it is damaged, or another process records there.
        """
        if not (path / JOURNAL).is_file():
            raise CassetteError(
                f"there is nothing to resume in {path}: no {JOURNAL}",
                hint="run without --resume to record anew",
            )
        journal = Journal(path / JOURNAL)
        try:
            journal.drop_torn_line()
            provenance = begun_as(path / JOURNAL)
            if provenance is None:
                raise CassetteError(
                    f"{path / JOURNAL} has no first line: nothing was received before the crash",
                    hint="delete it and record anew",
                )
            return cls(path, provenance, Redactor(secrets or Secrets.of([])), journal)
        except BaseException:
            journal.close()
            raise

    def now_ms(self) -> float:
        """Milliseconds since the recording began, across a resume too."""
        return time.monotonic() * 1000 + self.skew_ms

    def add(self, exchange: Exchange, *, durable: bool = False) -> Exchange:
        """Keep an exchange: redacted, bodies in place, journalled. Returns it as it was kept.

        Raises:
            CassetteError: the disk is full or gone.
        """
        interaction = self.spelled(exchange)
        self.journal.append({"interaction": interaction}, durable=durable)
        return exchange_from(interaction, Bodies(self.folder), str(self.path))

    def spelled(self, exchange: Exchange) -> dict[str, Any]:
        """The index spelling of an exchange: redacted, its bodies in place."""
        clean = self.redactor.exchange(exchange)
        request, response = clean.request, clean.response
        interaction = interaction_of(
            clean,
            spell(request.body.raw(), request.headers.get("content-type"), self.put),
            spell(response.body.raw(), response.headers.get("content-type"), self.put),
        )
        if self.known_early is None:
            self.known_early = len(self.redactor.secrets)
        return interaction

    def fail(self, failure: Failure) -> None:
        """Keep a request that got no response."""
        self.journal.append({"failure": failure_to_json(self.cleaned(failure))})

    def cleaned(self, failure: Failure) -> Failure:
        """A failure without what is known by now."""
        return replace(failure, url=self.redactor.url(failure.url), error=self.redactor.text(failure.error))

    def mark(self, **facts: Any) -> None:
        """Keep a fact of the recorder's own, on disk before this returns."""
        self.journal.append({"mark": facts}, durable=True)

    def marks(self) -> list[dict[str, Any]]:
        """All facts kept so far, in order, those from before a crash included."""
        return [d["mark"] for d in read_journal(self.path / JOURNAL) if "mark" in d]

    def journalled(self) -> Iterator[tuple[dict[str, Any], Exchange]]:
        """Interactions of the journal as they are spelled there and as exchanges."""
        bodies = Bodies(self.folder)
        for line, document in enumerate(read_journal(self.path / JOURNAL), start=1):
            if "interaction" in document:
                interaction, where = document["interaction"], f"{self.path / JOURNAL}, line {line}"
                exchange = exchange_from(interaction, bodies, where)
                if not interaction.get("times"):
                    raise CassetteError(f"{where} is not an exchange: 'times' is missing", hint=f"delete line {line}")
                yield interaction, exchange

    def failures(self) -> Iterator[Failure]:
        """All failures kept so far."""
        for line, document in enumerate(read_journal(self.path / JOURNAL), start=1):
            if "failure" in document:
                yield failure_from(document["failure"], f"{self.path / JOURNAL}, line {line}")

    def exchanges(self) -> Iterator[Exchange]:
        """All exchanges kept so far, in order of arrival."""
        return (exchange for _, exchange in self.journalled())

    def put(self, name: str, data: bytes) -> None:
        """Place a body file, once."""
        if name in self.written:
            return
        # One of that name may be there from an older cassette; it is trusted no further than its bytes.
        if not self.folder.holds(f"bodies/{name}", data):
            self.folder.write(f"bodies/{name}", data)
        self.written.add(name)

    def finish(
        self,
        *,
        samples: Sequence[Mapping[str, Any]] = (),
        versions: Mapping[str, str] | None = None,
        keep: Callable[[Exchange], bool] | None = None,
    ) -> Cassette:
        """Turn the journal into the cassette, in one atomic step, and sweep what nothing refers to.

        ``keep`` may leave exchanges out, such as those of a job that was cancelled and submitted anew.

        Raises:
            LeakError: a secret would be kept; the journal stays, the cassette is not written.
            CassetteError: the disk is full or gone; the journal stays.
        """
        kept = [(i, exchange) for i, exchange in self.journalled() if keep is None or keep(exchange)]
        # A value that a late answer gave away may stand in an early one: those are cleaned once more.
        late = self.known_early not in (None, len(self.redactor.secrets))
        interactions = merge_polls(self.spelled(exchange) if late else i for i, exchange in kept)
        replayed = any(exchange.response.headers.get("server") == REPLAY_SERVER for _, exchange in kept)
        provenance = replace(
            self.provenance,
            plane="replay" if replayed else self.provenance.plane,
            samples=tuple(samples),
            versions={**self.provenance.versions, **(versions or {})},
        )
        failures = [failure_to_json(self.cleaned(failure)) for failure in self.failures()]
        ours = provenance.to_json() | ({"failures": failures} if failures else {})
        index = dump_index({"comfytape": ours}, interactions)
        needed = referenced(interactions)
        self.refuse_leaks(index, needed)
        self.folder.write(*ATTRIBUTES)
        self.folder.write(INDEX, index)
        # The name goes before the lock does: a recorder that waits for it must find a fresh journal.
        (self.path / JOURNAL).unlink()
        self.close()
        self.sweep(needed)
        return Cassette.open(self.path)

    def sweep(self, needed: set[str]) -> None:
        """Delete bodies of the cassette that was here before, and half-written files of recorders that were killed."""
        strays = {f"bodies/{name}" for name in self.folder.names("bodies") - needed if is_ours(name)}
        self.folder.remove(strays | {name for name in self.folder.names(".") if is_ours(name)})

    def refuse_leaks(self, index: bytes, files: set[str]) -> None:
        """The recorder reads its own output before anybody else can."""
        bodies = Bodies(self.folder)
        for name in (INDEX, *sorted(files)):
            leaks = self.redactor.scan(index if name == INDEX else bodies.read(name))
            if leaks:
                kinds = ", ".join(sorted({leak.kind for leak in leaks}))
                raise LeakError(
                    f"{name} in {self.path} still holds {len(leaks)} secret(s) of kind {kinds}: no cassette is written",
                    hint=f"delete {JOURNAL} and bodies/ there, name the value's variable in secrets_env, record again",
                )

    def discard(self) -> None:
        """Stop writing, and leave nothing to resume: what was journalled is not worth it. An older cassette stays."""
        (self.path / JOURNAL).unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Stop writing; what was journalled stays for ``resume``."""
        self.journal.close()


def unfinished(path: Path) -> str:
    """The id of the recording that was cut off in ``path``; empty when there is none.

    A crash between the rename and the deletion of the journal leaves both with one recording id: that one is finished.
    """
    begun = begun_as(path / JOURNAL)
    if begun is None:
        return ""
    try:
        return "" if Cassette.open(path).provenance.recording == begun.recording else begun.recording or "unnamed"
    except CassetteError:
        return begun.recording or "unnamed"


def begun_as(path: Path) -> Provenance | None:
    """The first line of a journal; None when a crash came before it.

    Raises:
        CassetteError: the journal was edited.
    """
    documents = read_journal(path)
    if not documents:
        return None
    said = documents[0].get("provenance")
    provenance = Provenance.from_json(said if isinstance(said, dict) else {})
    try:
        if datetime.fromisoformat(provenance.recorded_at).tzinfo is not None:
            return provenance
    except ValueError:
        pass
    raise CassetteError(
        f"{path}, line 1 does not say when the recording began: the journal was edited",
        hint=f"delete {path} to throw the recording away",
    )
