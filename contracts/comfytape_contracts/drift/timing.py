"""Whether jobs take longer or wait longer than before, beyond noise."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from comfytape_contracts.rules import catalogue
from comfytape_contracts.spread import FEWEST_TO_COMPARE, noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from comfytape_contracts.findings import Finding

__all__ = ["JobTime", "diff_timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTime:
    """What one finished job took, in milliseconds as RunPod reports them; None where it did not say.

    ``is_cold`` tells jobs that had to start a worker from those that found one.
    """

    execution_ms: float | None
    delay_ms: float | None
    is_cold: bool


def diff_timing(before: Iterable[JobTime], after: Iterable[JobTime]) -> list[Finding]:
    """Medians that moved by more than 10 % and more than three deviations of either side, warm and cold apart.

    With fewer than three jobs on a side nothing is said.
    """
    ours, theirs = list(before), list(after)
    return [
        finding
        for is_cold in (False, True)
        for measure in ("execution", "delay")
        for finding in _compared(measure, _times(ours, measure, is_cold), _times(theirs, measure, is_cold), is_cold)
    ]


def _times(jobs: Sequence[JobTime], measure: str, is_cold: bool) -> list[float]:
    values = (getattr(job, f"{measure}_ms") for job in jobs if job.is_cold == is_cold)
    return [value for value in values if value is not None]


def _compared(measure: str, old: list[float], new: list[float], is_cold: bool) -> Iterator[Finding]:
    if min(len(old), len(new)) < FEWEST_TO_COMPARE:
        return
    ours, theirs = median(old), median(new)
    within = noise(old, new)
    if abs(theirs - ours) <= within:
        return
    longer, shorter = {
        "execution": ("execution-slower", "execution-faster"),
        "delay": ("delay-longer", "delay-shorter"),
    }[measure]
    rule = catalogue()[longer if theirs > ours else shorter]
    kind = "cold" if is_cold else "warm"
    change = f" ({theirs / ours:.1f}×)" if ours else ""
    yield rule.finding(
        f"{measure}Time of {kind} jobs: median {_seconds(theirs)} of {len(new)}, was {_seconds(ours)} of {len(old)}"
        f"{change}; noise is {_seconds(within)}.",
        expected=ours,
        actual=theirs,
        identity={"measure": measure, "kind": kind},
    )


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"
