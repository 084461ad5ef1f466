"""Is a recording slower, dearer or less reliable than an earlier one, beyond noise?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from comfytape_contracts.cost import bounds_of, prices_of
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.regression import COST, SUCCESS, TIME, UNKNOWN
from comfytape_contracts.spread import FEWEST_TO_COMPARE, noise
from comfytape_contracts.timing import Warmth, cold_start_ms, timings_of, usual_execution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_cassettes import Cassette
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule
    from comfytape_contracts.tape import Tape
    from comfytape_contracts.timing import JobTiming

__all__ = ["Earlier", "check_regression"]

SURE = 0.01
"""Probability below which fewer successes are no accident."""


@dataclass(frozen=True)
class Earlier:
    """The recording to compare with."""

    cassette: Cassette
    tape: Tape


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of either recording, job by job; ``unit`` "s" or "USD"."""

    rule: Rule
    what: str
    was: Sequence[float]
    now: Sequence[float]
    unit: str = "s"
    must: bool = False

    def told(self, value: float) -> str:
        """A value with its unit."""
        return f"{value:.2f} s" if self.unit == "s" else f"{value:.6f} USD"


def check_regression(subject: Subject, earlier: Earlier, plane: str) -> Outcome:
    """Success, times and cost against an earlier recording; ``plane`` is what the later one was made against."""
    outcome = subject.outcome()
    before = earlier.cassette.provenance.plane
    if before != plane:
        words = f"one was recorded against {plane}, the other against {before}"
        finding = UNKNOWN.finding(
            f"{earlier.cassette.label} is no measure for this recording: {words}",
            hint="Name a recording that was made against the same kind of endpoint.",
            identity={"what": "plane"},
        )
        outcome.promise(f"no worse than {earlier.cassette.name}", [finding], words)
        return outcome
    images = subject.model.outputs.images
    was, now = timings_of(earlier.tape, images), timings_of(subject.tape, images)
    success(outcome, earlier, was, now)
    for pair in (*times(was, now), costs(subject, earlier, was, now)):
        compare(outcome, earlier, pair)
    return outcome


def success(outcome: Outcome, earlier: Earlier, was: Sequence[JobTiming], now: Sequence[JobTiming]) -> None:
    """Jobs that succeeded, of all."""
    promise = f"no fewer jobs succeed than in {earlier.cassette.name}"
    if min(len(was), len(now)) < FEWEST_TO_COMPARE:
        outcome.promise(promise, [too_few("jobs", len(was), len(now), Severity.ERROR)], "too few")
        return
    before, after = sum(t.succeeded for t in was), sum(t.succeeded for t in now)
    words = f"{after} of {len(now)}, was {before} of {len(was)}"
    chance = fisher(before, len(was), after, len(now))
    findings = []
    if chance < SURE:
        findings.append(
            SUCCESS.finding(
                f"{words} jobs succeeded; that this is chance has a probability of {chance:.1%}",
                expected=round(before / len(was), 4),
                actual=round(after / len(now), 4),
            )
        )
    outcome.promise(promise, findings, words if findings or after == len(now) else f"{words}: within noise")


def times(was: Sequence[JobTiming], now: Sequence[JobTiming]) -> list[Pair]:
    """Waiting and execution of warm jobs, and cold starts: seconds, of jobs that succeeded."""
    before, after = ([t for t in side if t.succeeded] for side in (was, now))
    ran = [
        [t.per_image_ms / 1000 for t in side if t.warmth.ran_warm and t.per_image_ms is not None]
        for side in (before, after)
    ]
    waited = [
        [t.delay_ms / 1000 for t in side if t.warmth is Warmth.WARM and t.delay_ms is not None]
        for side in (before, after)
    ]
    return [
        Pair(TIME, "execution of warm jobs, per image", ran[0], ran[1], must=True),
        Pair(TIME, "waiting of warm jobs", waited[0], waited[1]),
        Pair(TIME, "cold starts", cold_starts(before), cold_starts(after)),
    ]


def cold_starts(good: Sequence[JobTiming]) -> list[float]:
    """Cold starts in seconds; none where there is no warm job to compare with."""
    usual = usual_execution(good)
    return [cold_start_ms(t, usual) / 1000 for t in good if t.warmth is Warmth.COLD and usual is not None]


def costs(subject: Subject, earlier: Earlier, was: Sequence[JobTiming], now: Sequence[JobTiming]) -> Pair:
    """What warm jobs cost by the bound that the contract names, US dollars."""
    bound = subject.model.budgets.cost_bound
    sides = []
    for tape, timings in ((earlier.tape, was), (subject.tape, now)):
        prices = prices_of(tape, subject.model.cost)
        bounds = [
            bounds_of(t.job, price)
            for t in timings
            if t.succeeded and t.warmth.ran_warm and (price := prices[t.job.id]) is not None
        ]
        sides.append([b.low if bound == "low" else b.high for b in bounds if b is not None])
    return Pair(COST, f"cost of warm jobs ({bound} bound)", sides[0], sides[1], unit="USD")


def compare(outcome: Outcome, earlier: Earlier, pair: Pair) -> None:
    """Hold one figure to the earlier one."""
    promise = f"{pair.what}: no worse than in {earlier.cassette.name}"
    if not pair.was and not pair.now and not pair.must:
        return
    if min(len(pair.was), len(pair.now)) < FEWEST_TO_COMPARE:
        severity = Severity.ERROR if pair.must else Severity.INFO
        seen = "; ".join(
            f"{name} {pair.told(median(side))} of {len(side)}" if side else f"{name} none"
            for name, side in (("now", pair.now), ("was", pair.was))
        )
        found = too_few(pair.what, len(pair.was), len(pair.now), severity)
        outcome.promise(promise, [found], f"too few to say ({FEWEST_TO_COMPARE} a side): {seen}")
        return
    was, now, within = median(pair.was), median(pair.now), noise(pair.was, pair.now)
    words = (
        f"median {pair.told(now)} of {len(pair.now)}, was {pair.told(was)} of {len(pair.was)}; "
        f"noise is {pair.told(within)}"
    )
    findings = []
    if now - was > within:
        finding = pair.rule.finding(
            f"{pair.what}: {words}", expected=round(was, 6), actual=round(now, 6), identity={"what": pair.what}
        )
        findings.append(finding)
    change = "" if findings else ": better" if was - now > within else ": within noise"
    outcome.promise(promise, findings, words + change)


def too_few(what: str, was: int, now: int, severity: Severity) -> Finding:
    """That there are too few samples to say anything."""
    return UNKNOWN.finding(
        f"{what}: {now} now and {was} then are too few to compare; it takes {FEWEST_TO_COMPARE} a side",
        severity=severity,
        identity={"what": what},
    )


def fisher(before: int, of_before: int, after: int, of_after: int) -> float:
    """The probability of so few successes after, or fewer, if both recordings had the same rate (one-sided)."""
    good, whole = before + after, of_before + of_after
    ways = sum(
        math.comb(good, k) * math.comb(whole - good, of_after - k)
        for k in range(max(0, of_after - (whole - good)), after + 1)
    )
    return ways / math.comb(whole, of_after)
