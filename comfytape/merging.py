"""Several cassettes into one: the shards of a load test, or the steps of a ladder, as one recording."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from comfytape.load.shard import LOAD
from comfytape_cassettes import Cassette, UsageError
from comfytape_cassettes.journal import JOURNAL, read_journal
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_recorder.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_cassettes import Exchange

__all__ = ["merge_cassettes", "opened"]


def merge_cassettes(parts: Sequence[Cassette], into: Path, notes: Sequence[str], secrets: Sequence[str]) -> Cassette:
    """Write the exchanges of all ``parts``, on one clock, as the cassette ``into``.

    The clock is that of the one that began first; the parts' own clocks are taken to agree. The recording's id follows
    from theirs: merging them again gives the same cassette, and a merge that was cut off is started over.

    Raises:
        UsageError: they were made against different kinds of endpoint, or one does not say when.
        CassetteError: one is damaged, or the result cannot be written.
    """
    planes = {part.provenance.plane for part in parts}
    if len(planes) > 1:
        raise UsageError(
            f"recordings against {' and '.join(sorted(planes))} are not one recording", hint="merge those of one kind"
        )
    began = {part.label: began_at(part) for part in parts}
    first = min(began.values())
    contracts = {part.provenance.contract for part in parts}
    recording = Recording.start(
        into,
        plane=planes.pop(),
        secrets=Secrets.of(secrets),
        source=", ".join(part.name for part in parts),
        contract=contracts.pop() if len(contracts) == 1 else "",
        recorded_at=first.isoformat(timespec="milliseconds"),
        notes=[*dict.fromkeys(note for part in parts for note in part.provenance.notes), *notes],
        versions={name: version for part in parts for name, version in part.provenance.versions.items()},
        recording=hashlib.sha256("\n".join(part.provenance.recording for part in parts).encode()).hexdigest()[:32],
    )
    try:
        for part in parts:
            later = (began[part.label] - first).total_seconds() * 1000
            for exchange in part.exchanges:
                recording.add(moved(exchange, later))
            for failure in part.failures:
                recording.fail(replace(failure, times=(round(failure.times[0] + later, 3), failure.times[1])))
        return recording.finish(samples=[sample for part in parts for sample in part.provenance.samples])
    finally:
        recording.close()


def moved(exchange: Exchange, later: float) -> Exchange:
    """The same exchange that many milliseconds later."""
    return replace(exchange, times=tuple((round(started + later, 3), elapsed) for started, elapsed in exchange.times))


def began_at(part: Cassette) -> datetime:
    """The moment that a cassette's offset 0 stands for.

    Raises:
        UsageError: it does not say.
    """
    try:
        found = datetime.fromisoformat(part.provenance.recorded_at)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UsageError(f"{part.label} does not say when it was recorded", hint="merge recordings made by comfytape")
    return found


def opened(location: str) -> Cassette:
    """A cassette; a load test's whose process was killed is finished first, with what its journal holds.

    Raises:
        CassetteError: there is none, it is damaged, it waits to be resumed, or its recorder still runs.
    """
    journal = Path(location) / JOURNAL
    if not journal.is_file() or {"event": LOAD} not in (line.get("mark") for line in read_journal(journal)):
        return Cassette.open(location)
    recording = Recording.resume(Path(location))
    try:
        return recording.finish(samples=Ledger(recording).samples())
    finally:
        recording.close()
