"""How measured values spread: percentiles, how sure they are, and which value stands out. Pure arithmetic.

A percentile is said only where the sample can show it. Its interval is the bootstrap's, computed exactly: of n values,
the k-th smallest of a resample lies at or below the j-th smallest with P(Binomial(n, j/n) ≥ k), which is what a seeded
simulation approaches (B. Efron, "Bootstrap methods: another look at the jackknife", 1979). So there is no seed, and two
runs never differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FEWEST_FOR_INTERVAL",
    "FEWEST_FOR_OUTLIER",
    "FEWEST_FOR_P95",
    "FEWEST_TO_COMPARE",
    "Spread",
    "deviation",
    "noise",
    "percentile",
]

FEWEST_FOR_P95 = 20
"""Values from which on the 95th percentile is not simply the largest of them."""
FEWEST_FOR_INTERVAL = 5
"""Values from which on an interval is said; of fewer, a resample is hardly ever anything but their extremes."""
FEWEST_FOR_OUTLIER = 5
"""Values from which on one of them can be told to stand out."""
FEWEST_TO_COMPARE = 3
"""Values a side from which on two medians are compared."""
CONFIDENCE = 0.95
MAD_TO_SIGMA = 1.4826
"""Scales a median absolute deviation to the standard deviation of a normal distribution."""
OUTLYING = 3.5
"""Scaled deviations from which on a value stands out (Iglewicz, Hoaglin, How to detect and handle outliers, 1993)."""
NOTICEABLE = 0.10
"""Share of the median below which nothing stands out and nothing has changed, be the values as equal as they may."""
NOISE = 3
"""Scaled deviations by which two medians may differ by chance."""


@dataclass(frozen=True)
class Spread:
    """Measured values in the order in which they were measured, of any unit."""

    values: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many values."""
        return len(self.values)

    @cached_property
    def p50(self) -> float | None:
        """The median; None of nothing."""
        return median(self.values) if self.values else None

    @cached_property
    def p95(self) -> float | None:
        """The 95th percentile (nearest rank); None of fewer than twenty, where it would be the maximum's other name."""
        return percentile(self.values, 95) if self.count >= FEWEST_FOR_P95 else None

    @property
    def largest(self) -> float | None:
        """The maximum; None of nothing."""
        return max(self.values, default=None)

    @cached_property
    def p50_interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of the median; None of fewer than five values."""
        return interval(sorted(self.values), 50) if self.count >= FEWEST_FOR_INTERVAL else None

    @cached_property
    def p95_interval(self) -> tuple[float, float] | None:
        """The 95 % bootstrap interval of the 95th percentile; None where that is not said either."""
        return interval(sorted(self.values), 95) if self.count >= FEWEST_FOR_P95 else None

    @cached_property
    def outliers(self) -> tuple[int, ...]:
        """Places (from 0) of values that stand out: 3.5 scaled deviations and a tenth of the median away from it."""
        if self.count < FEWEST_FOR_OUTLIER:
            return ()
        middle = median(self.values)
        limit = max(OUTLYING * deviation(self.values), NOTICEABLE * abs(middle))
        return tuple(n for n, value in enumerate(self.values) if abs(value - middle) > limit)

    def without(self, places: tuple[int, ...]) -> Spread:
        """The same values less those at some places."""
        return Spread(tuple(value for n, value in enumerate(self.values) if n not in places))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: always a value that was measured."""
    return sorted(values)[rank_of(percent, len(values)) - 1]


def deviation(values: Sequence[float]) -> float:
    """The median absolute deviation, scaled to a standard deviation: one outlier does not move it."""
    middle = median(values)
    return MAD_TO_SIGMA * median(abs(value - middle) for value in values)


def noise(old: Sequence[float], new: Sequence[float]) -> float:
    """How far two medians may differ and mean nothing: three deviations of the wider side, at least a tenth of the old.

    Both sides need at least one value.
    """
    return max(NOTICEABLE * abs(median(old)), NOISE * max(deviation(old), deviation(new)))


def rank_of(percent: float, count: int) -> int:
    """Which of ``count`` values in order is the percentile, from 1."""
    return max(math.ceil(count * percent / 100), 1)


def interval(ordered: list[float], percent: float) -> tuple[float, float]:
    """The middle 95 % of what the percentile of a resample can be, as two measured values."""
    rank, tail = rank_of(percent, len(ordered)), (1 - CONFIDENCE) / 2
    return (first_reaching(ordered, rank, tail), first_reaching(ordered, rank, 1 - tail))


def first_reaching(ordered: list[float], rank: int, share: float) -> float:
    """The smallest value at or below which the ``rank``-th of a resample lies with that probability."""
    low, high = 1, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if at_least(rank, len(ordered), middle / len(ordered)) >= share:
            high = middle
        else:
            low = middle + 1
    return ordered[low - 1]


def at_least(successes: int, trials: int, probability: float) -> float:
    """P(Binomial(trials, probability) ≥ successes), by logarithms so that thousands of trials do not overflow."""
    if probability >= 1:
        return 1.0
    sure, never = math.log(probability), math.log1p(-probability)
    whole = math.lgamma(trials + 1)
    return min(
        math.fsum(
            math.exp(whole - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * sure + (trials - k) * never)
            for k in range(successes, trials + 1)
        ),
        1.0,
    )
