"""Are rates, counts and times within budget?"""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from comfytape_contracts.checks.jobs import succeeded
from comfytape_contracts.outputs import images_of
from comfytape_contracts.rules.budget import COLD_START, GENERATION, SAMPLES, SUCCESS_RATE, TIMES_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.jobs import Job

__all__ = ["check_budgets", "percentile"]


def check_budgets(subject: Subject) -> Outcome:
    """Success rate and sample count, cold start and generation time."""
    outcome = subject.outcome()
    if subject.tape.jobs:
        check_rate(subject, outcome)
        good = [job for job in subject.tape.jobs if succeeded(job, subject.model.outputs.images)]
        cold = [job for job in good if subject.tape.workers_before(job.submitted_ms) == 0]
        warm = [job for job in good if job not in cold]
        check_generation(subject, outcome, warm)
        check_cold_start(subject, outcome, cold, warm)
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


def check_generation(subject: Subject, outcome: Outcome, warm: Sequence[Job]) -> None:
    """``generation_s``: execution time of warm jobs, per image, 95th percentile."""
    times = [per_image(job) for job in warm if job.last and job.last.execution_ms is not None]
    if times:
        outcome.measurements |= {
            "generation_median_ms": round(median(times)),
            "generation_p95_ms": round(percentile(times, 95)),
            "generation_max_ms": round(max(times)),
        }
    promised = subject.model.budgets.generation_s
    if promised is None:
        return
    where = subject.in_contract("budgets", "generation_s")
    promise = f"an image is generated in under {promised:g} s"
    if not times:
        finding = TIMES_UNKNOWN.finding(
            "no warm job with an execution time on the tape", location=where, identity={"what": "generation"}
        )
        outcome.promise(promise, [finding], "not measured")
        return
    slowest = percentile(times, 95) / 1000
    figures = f"median {median(times) / 1000:.1f} s, p95 {slowest:.1f} s, max {max(times) / 1000:.1f} s"
    evidence = f"{figures} over {len(times)} warm jobs"
    findings = []
    if slowest >= promised:
        findings.append(
            GENERATION.finding(
                f"generating an image took {slowest:.1f} s (p95 of {len(times)} warm jobs), "
                f"expected under {promised:g} s",
                location=where,
                expected=promised,
                actual=round(slowest, 3),
            )
        )
    outcome.promise(promise, findings, evidence)


def check_cold_start(subject: Subject, outcome: Outcome, cold: Sequence[Job], warm: Sequence[Job]) -> None:
    """``cold_start_s``: delay of a job that met no worker, plus its execution beyond the warm median."""
    usual = median([execution(job) for job in warm]) if warm else None
    starts = [cold_start(job, usual) for job in cold if usual is not None]
    if starts:
        outcome.measurements["cold_start_ms"] = round(max(starts))
        outcome.measurements["cold_start_delay_ms"] = round(max(job.last.delay_ms or 0 for job in cold if job.last))
    promised = subject.model.budgets.cold_start_s
    if promised is None:
        return
    where = subject.in_contract("budgets", "cold_start_s")
    promise = f"a cold start takes under {promised:g} s"
    if not starts:
        why = "no job met an endpoint without workers" if not cold else "no warm job to compare the cold one with"
        finding = TIMES_UNKNOWN.finding(
            f"the cold start was not measured: {why}", location=where, identity={"what": "cold start"}
        )
        outcome.promise(promise, [finding], why)
        return
    worst = max(starts) / 1000
    findings = []
    if worst >= promised:
        findings.append(
            COLD_START.finding(
                f"a cold start took {worst:.1f} s, expected under {promised:g} s",
                location=where,
                expected=promised,
                actual=round(worst, 3),
            )
        )
    delay = outcome.measurements["cold_start_delay_ms"] / 1000
    outcome.promise(
        promise,
        findings,
        f"{worst:.1f} s: {delay:.1f} s until a worker took the job, the rest inside its first execution",
    )


def execution(job: Job) -> float:
    """Execution time in ms; 0 where it was not said."""
    return (job.last.execution_ms or 0.0) if job.last else 0.0


def per_image(job: Job) -> float:
    """Execution time in ms for each image."""
    return execution(job) / max(len(images_of(job.last)) if job.last else 0, 1)


def cold_start(job: Job, usual: float) -> float:
    """What a cold job waited beyond a warm one, in ms."""
    delay = (job.last.delay_ms or 0.0) if job.last else 0.0
    return delay + max(execution(job) - usual, 0.0)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: always a value that was measured."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]
