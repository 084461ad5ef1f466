"""Are rates, counts and times within budget?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from comfytape_contracts.checks.jobs import succeeded
from comfytape_contracts.rules.budget import COLD_START, GENERATION, SAMPLES, SUCCESS_RATE, TIMES_UNKNOWN
from comfytape_contracts.spread import FEWEST_FOR_P95, percentile
from comfytape_contracts.timing import Warmth, cold_start_ms, timings_of, usual_execution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.timing import JobTiming

__all__ = ["check_budgets"]


def check_budgets(subject: Subject) -> Outcome:
    """Success rate and sample count, cold start and generation time."""
    outcome = subject.outcome()
    if subject.tape.jobs:
        check_rate(subject, outcome)
        good = [t for t in timings_of(subject.tape, subject.model.outputs.images) if t.succeeded]
        check_generation(subject, outcome, good)
        check_cold_start(subject, outcome, good)
    return outcome


def check_rate(subject: Subject, outcome: Outcome) -> None:
    """``success_rate`` and ``samples``. A job that never ended is not counted as a success."""
    budgets, jobs = subject.model.budgets, subject.tape.jobs
    good = sum(succeeded(job, subject.model.outputs.images) for job in jobs)
    rate = good / len(jobs)
    findings = []
    if rate < budgets.success_rate:
        findings.append(
            SUCCESS_RATE.finding(
                f"{good} of {len(jobs)} jobs succeeded ({rate:.0%}), expected {budgets.success_rate:.0%}",
                location=subject.in_contract("budgets", "success_rate"),
                expected=budgets.success_rate,
                actual=round(rate, 4),
            )
        )
    outcome.promise(
        f"success rate is at least {budgets.success_rate:.0%}", findings, f"{good} of {len(jobs)} ({rate:.0%})"
    )
    findings = []
    if len(jobs) < budgets.samples:
        findings.append(
            SAMPLES.finding(
                f"the recording holds {len(jobs)} jobs, expected at least {budgets.samples}",
                location=subject.in_contract("budgets", "samples"),
                expected=budgets.samples,
                actual=len(jobs),
            )
        )
    outcome.promise(f"at least {budgets.samples} sample(s)", findings, f"{len(jobs)} jobs")
    outcome.measurements["success_rate"] = round(rate, 4)


@dataclass(frozen=True, slots=True)
class Generation:
    """Execution per image, ms, of the jobs that can be held to the budget, and who they are, in words."""

    times: Sequence[float]
    who: str
    is_warm: bool

    @property
    def slowest(self) -> float:
        """The 95th percentile by nearest rank, seconds: of fewer than twenty, the slowest."""
        return percentile(self.times, 95) / 1000

    @property
    def called(self) -> str:
        """What ``slowest`` is, in words."""
        return "p95" if len(self.times) >= FEWEST_FOR_P95 else "the slowest"


def generation_of(good: Sequence[JobTiming]) -> Generation:
    """Warm jobs; where there is none, those of which it is not known: what holds for them holds for warm ones."""
    warm = [t.per_image_ms for t in good if t.warmth.ran_warm and t.per_image_ms is not None]
    unknown = [t.per_image_ms for t in good if t.warmth is Warmth.UNKNOWN and t.per_image_ms is not None]
    if warm or not unknown:
        return Generation(warm, f"{len(warm)} warm jobs", is_warm=True)
    return Generation(unknown, f"{len(unknown)} jobs of which it is not known whether they were warm", is_warm=False)


def check_generation(subject: Subject, outcome: Outcome, good: Sequence[JobTiming]) -> None:
    """``generation_s``: execution time of warm jobs, per image, 95th percentile."""
    seen = generation_of(good)
    if seen.times:
        outcome.measurements |= {
            "generation_median_ms": round(median(seen.times)),
            "generation_p95_ms": round(percentile(seen.times, 95)),
            "generation_max_ms": round(max(seen.times)),
        }
    promised = subject.model.budgets.generation_s
    if promised is None:
        return
    where = subject.in_contract("budgets", "generation_s")
    promise = f"an image is generated in under {promised:g} s"
    if not seen.times:
        finding = TIMES_UNKNOWN.finding(
            "no warm job with an execution time on the tape", location=where, identity={"what": "generation"}
        )
        outcome.promise(promise, [finding], "not measured")
        return
    over = seen.slowest >= promised
    if over and not seen.is_warm:
        finding = TIMES_UNKNOWN.finding(
            f"generating an image took {seen.slowest:.1f} s ({seen.called} of {seen.who}), expected under "
            f"{promised:g} s: a cold start among them would explain it",
            hint="Ask /health before submitting, as comfytape record does: then it is known which job met a worker.",
            location=where,
            identity={"what": "generation"},
        )
        outcome.promise(promise, [finding], f"{seen.slowest:.1f} s is {seen.called} of {seen.who}")
        return
    findings = []
    if over:
        findings.append(
            GENERATION.finding(
                f"generating an image took {seen.slowest:.1f} s ({seen.called} of {seen.who}), "
                f"expected under {promised:g} s",
                location=where,
                expected=promised,
                actual=round(seen.slowest, 3),
            )
        )
    p95 = f"p95 {seen.slowest:.1f} s, " if seen.called == "p95" else ""
    few = "" if p95 else f" (too few for a p95: {FEWEST_FOR_P95})"
    figures = f"median {median(seen.times) / 1000:.1f} s, {p95}max {max(seen.times) / 1000:.1f} s"
    outcome.promise(promise, findings, f"{figures} over {seen.who}{few}")


def hindered(subject: Subject, timing: JobTiming) -> str:
    """What kept a job waiting, as ``/health`` showed it meanwhile, in words; "" where it showed nothing."""
    since, until = timing.job.submitted_ms, timing.job.ended_ms or 0.0
    seen = [said.workers for at, said in subject.tape.health if since < at < until]
    most = {
        name: max((getattr(w, name) for w in seen), default=0) for name in ("unhealthy", "throttled", "initializing")
    }
    words = ", ".join(f"{count} {name}" for name, count in most.items() if count)
    return f"; /health showed {words} worker(s) meanwhile" if words else ""


def check_cold_start(subject: Subject, outcome: Outcome, good: Sequence[JobTiming]) -> None:
    """``cold_start_s``: delay of a job that met no worker, plus its execution beyond the warm median.

    Without a warm job the delay alone is a lower bound: enough to break the budget, not to keep it.
    """
    usual = usual_execution(good)
    cold = [t for t in good if t.warmth is Warmth.COLD]
    promised = subject.model.budgets.cold_start_s
    delays = {t.delay_ms or 0.0: t for t in cold}
    starts = delays if usual is None else {cold_start_ms(t, usual): t for t in cold}
    worst = max(starts, default=0.0) / 1000
    if starts and usual is not None:
        outcome.measurements["cold_start_ms"] = round(max(starts))
        outcome.measurements["cold_start_delay_ms"] = round(max(delays))
    if promised is None:
        return
    where = subject.in_contract("budgets", "cold_start_s")
    promise = f"a cold start takes under {promised:g} s"
    if (usual is None and worst < promised) or not starts:
        why = "no job met an endpoint without workers" if not cold else "no warm job to compare the cold one with"
        finding = TIMES_UNKNOWN.finding(
            f"the cold start was not measured: {why}", location=where, identity={"what": "cold start"}
        )
        outcome.promise(promise, [finding], why)
        return
    findings = []
    if worst >= promised:
        least = "" if usual is not None else "at least "
        findings.append(
            COLD_START.finding(
                f"a cold start took {least}{worst:.1f} s, expected under {promised:g} s"
                + hindered(subject, starts[max(starts)]),
                location=where,
                expected=promised,
                actual=round(worst, 3),
            )
        )
    delay = max(delays) / 1000
    rest = "the rest inside its first execution" if usual is not None else "no warm job tells the rest"
    outcome.promise(promise, findings, f"{worst:.1f} s: {delay:.1f} s until a worker took the job, {rest}")
