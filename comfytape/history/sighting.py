"""Since when: the recordings in which a finding was seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from comfytape_contracts.baseline import where_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape.history.run import Run
    from comfytape_contracts.findings import Finding

__all__ = ["Sighting", "in_order", "lines", "sightings", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One finding of one contract at one endpoint over time.

    Attributes:
        finding: as it was seen last.
        runs: every run of that contract and endpoint, the oldest recording first.
        seen: the runs among them that had it, in the same order.
    """

    finding: Finding
    runs: Sequence[Run]
    seen: Sequence[Run]

    @property
    def first(self) -> Run:
        """Where it was seen first."""
        return self.seen[0]

    @property
    def last(self) -> Run:
        """Where it was seen last."""
        return self.seen[-1]

    @property
    def stands(self) -> bool:
        """Whether the latest recording has it."""
        return self.last is self.runs[-1]

    @property
    def spells(self) -> list[tuple[Run, Run]]:
        """Unbroken rows of recordings that have it: the first and the last of each."""
        seen = {id(run) for run in self.seen}
        rows = [list(row) for has, row in groupby(self.runs, key=lambda run: id(run) in seen) if has]
        return [(row[0], row[-1]) for row in rows]

    @property
    def since(self) -> Run:
        """Where the latest unbroken row of recordings that have it begins."""
        return self.spells[-1][0]

    @property
    def gone(self) -> Run | None:
        """The first recording after the last one that has it; None while it stands."""
        return None if self.stands else self.runs[self.runs.index(self.last) + 1]

    @property
    def where(self) -> str:
        """Where the finding points, in words."""
        return where_of(self.finding)


def in_order(runs: Iterable[Run]) -> list[Run]:
    """The oldest recording first; of several checks of one recording the last one given."""
    latest = {(run.contract, run.recording): run for run in runs}
    return sorted(latest.values(), key=lambda run: (run.recorded_at, run.cassette, run.recording))


def lines(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    """Runs by contract and endpoint, each in order: only those can be compared over time."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in in_order(runs):
        found.setdefault((run.contract, run.endpoint), []).append(run)
    return dict(sorted(found.items()))


def sightings(runs: Iterable[Run], wanted: str = "") -> list[Sighting]:
    """Every finding that was ever seen: what stands first, then the worst, then the latest to appear.

    ``wanted`` is a rule, or a fingerprint or its beginning; "" is all. Accepted findings count as seen.
    """
    found = []
    for line in lines(runs).values():
        seen: dict[str, dict[int, Finding]] = {}
        for number, run in enumerate(line):
            for finding in (*run.findings, *run.accepted):
                if not wanted or finding.rule == wanted or finding.fingerprint.startswith(wanted):
                    seen.setdefault(finding.fingerprint, {})[number] = finding
        found += [
            Sighting(finding=list(places.values())[-1], runs=line, seen=[line[number] for number in places])
            for places in seen.values()
        ]
    found.sort(key=lambda each: each.since.recorded_at, reverse=True)
    return sorted(found, key=lambda each: (not each.stands, each.finding.severity.rank))


def together(found: Iterable[Sighting]) -> list[list[Sighting]]:
    """Sightings of one rule in the very same recordings are one event: eleven jobs that failed for one cause."""
    groups: dict[tuple[object, ...], list[Sighting]] = {}
    for each in found:
        key = (each.finding.rule, each.finding.severity, *(id(run) for run in each.seen))
        groups.setdefault(key, []).append(each)
    return list(groups.values())
