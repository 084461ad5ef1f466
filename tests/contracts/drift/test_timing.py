"""Times beyond noise."""

import pytest

from comfytape_contracts.drift import JobTime, diff_timing


def jobs(*execution, delay=100, is_cold=False):
    return [JobTime(execution_ms=ms, delay_ms=delay, is_cold=is_cold) for ms in execution]


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (jobs(8000, 8100, 8200), jobs(12000, 12100, 12200), "execution-slower"),
        (jobs(8000, 8100, 8200), jobs(5000, 5100, 5200), "execution-faster"),
        (jobs(1, 1, 1, delay=42_000, is_cold=True), jobs(1, 1, 1, delay=95_000, is_cold=True), "delay-longer"),
        (jobs(1, 1, 1, delay=95_000, is_cold=True), jobs(1, 1, 1, delay=42_000, is_cold=True), "delay-shorter"),
    ],
)
def test_a_median_that_moved_is_a_finding(before, after, rule):
    """In the words of RunPod's fields, with the numbers."""
    (finding,) = diff_timing(before, after)

    assert finding.rule == rule
    assert ("cold" if before[0].is_cold else "warm") in finding.message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (jobs(8000, 8100), jobs(20000, 20100, 20200)),
        (jobs(8000, 8100, 8200), jobs(8700, 8800, 8900)),
        (jobs(4000, 8000, 12000), jobs(9000, 12000, 15000)),
        (jobs(8000, 8000, 8000, is_cold=True), jobs(20000, 20000, 20000)),
        (jobs(None, None, None), jobs(1, 2, 3)),
        ([], []),
    ],
    ids=["two jobs", "within 10 %", "noisy", "cold against warm", "times unknown", "no jobs"],
)
def test_noise_is_no_finding(before, after):
    """Too few, too near, too noisy, or not the same kind of job."""
    assert diff_timing(before, after) == []


def test_the_fingerprint_does_not_depend_on_the_numbers():
    """Accepted once, it stays accepted while it stays slower."""
    first, second = (diff_timing(jobs(10, 10, 10), jobs(*[ms] * 3))[0] for ms in (30, 40))

    assert first.fingerprint == second.fingerprint


def test_from_nothing_to_something():
    """A median of 0 has no ratio."""
    (finding,) = diff_timing(jobs(1, 1, 1, delay=0), jobs(1, 1, 1, delay=500))

    assert "×" not in finding.message
