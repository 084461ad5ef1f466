"""Percentiles with honest limits, exact bootstrap intervals, outliers, noise."""

from __future__ import annotations

import random
from statistics import median

import pytest

from comfytape_contracts.spread import Spread, deviation, noise, percentile


def test_a_p95_is_not_said_of_fewer_than_twenty():
    """Of nineteen values it would be the maximum under another name."""
    assert Spread(tuple(range(19))).p95 is None
    assert Spread(tuple(range(20))).p95 == 18


def test_nothing_is_said_of_nothing():
    """No zero stands for an unknown."""
    empty = Spread(())
    assert (empty.p50, empty.p95, empty.largest, empty.p50_interval, empty.outliers) == (None, None, None, None, ())


@pytest.mark.parametrize("count", [9, 40])
def test_the_exact_interval_is_what_a_seeded_simulation_approaches(count):
    """20,000 resamples end within one value in order of the computed interval."""
    draw = random.Random(7)
    values = sorted(draw.gauss(100, 15) for _ in range(count))
    middle = sorted(percentile(draw.choices(values, k=count), 50) for _ in range(20_000))
    low, high = Spread(tuple(values)).p50_interval
    assert abs(values.index(low) - values.index(middle[500])) <= 1
    assert abs(values.index(high) - values.index(middle[19_500])) <= 1
    assert low <= median(values) <= high


def test_the_interval_of_thousands_does_not_overflow():
    """Binomial coefficients of 5,000 are no floats; their logarithms are."""
    low, high = Spread(tuple(range(5000))).p95_interval
    assert 4700 < low < 4750 < high < 4800


def test_the_order_of_the_values_does_not_matter():
    """Jobs come as they end."""
    values = (3.0, 1.0, 2.0, 9.0, 5.0, 4.0)
    assert Spread(values).p50_interval == Spread(tuple(sorted(values))).p50_interval


def test_an_outlier_is_named_by_its_place():
    """One of ten that took four times as long; the deviation of the rest is not moved by it."""
    values = (10.0, 10.2, 9.9, 10.1, 40.0, 10.0, 10.3, 9.8)
    spread = Spread(values)
    assert spread.outliers == (4,)
    assert spread.without((4,)).largest == 10.3


def test_equal_values_have_no_outlier_within_a_tenth():
    """Where all but one are equal the deviation is 0, and a millisecond is still nothing."""
    assert Spread((100.0,) * 9 + (109.0,)).outliers == ()
    assert Spread((100.0,) * 9 + (111.0,)).outliers == (9,)


def test_of_four_values_none_stands_out():
    """Three do not make a rule."""
    assert Spread((1.0, 1.0, 1.0, 50.0)).outliers == ()


def test_noise_is_three_deviations_of_the_wider_side():
    """And a tenth of the median where both are narrow."""
    wide = [8.0, 9.0, 10.0, 11.0, 12.0]
    assert noise([10.0] * 5, wide) == pytest.approx(3 * deviation(wide))
    assert noise([10.0] * 5, [10.0] * 5) == pytest.approx(1.0)
