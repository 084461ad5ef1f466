"""Did every case end as the contract says, be it in success or in a certain failure?

Cases count into no budget of the contract and into no success rate: those are about the samples. A case is held to its
own outputs (else the contract's) and to its own budgets alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.cases.run import cases_of
from comfytape_contracts.checks.images import Brought, Gallery
from comfytape_contracts.checks.jobs import label_of, shortened
from comfytape_contracts.endings import ending_of
from comfytape_contracts.expectation import SUCCESS, outcome_words
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.case import CHANGED, GONE, NOT_RECORDED, OUTCOME, SLOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.cases.run import Run
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.contract import Outputs
    from comfytape_contracts.contract.cases import Case
    from comfytape_contracts.endings import Ending
    from comfytape_contracts.findings import Finding, Location
    from comfytape_contracts.jobs import Job

__all__ = ["check_cases"]

EVIDENCE = 120
"""Characters of a job's end that a line shows; the findings have more."""


def check_cases(subject: Subject) -> Outcome:
    """A line for every case, and what each came to under ``measurements.cases``."""
    outcome = subject.outcome()
    told: list[dict[str, Any]] = []
    for case, _ in cases_of(subject.contract):
        runs = [run for run in subject.cases.runs if run.case.name == case.name]
        told.append(hold(subject, outcome, runs[0].case, runs))
    if told:
        outcome.measurements["cases"] = told
    if subject.cases.gone:
        names = ", ".join(f"'{name}'" for name in subject.cases.gone)
        message = f"recorded, and not in the contract any more: {names}"
        outcome.findings.append(GONE.finding(message, location=subject.in_contract("cases")))
    return outcome


def hold(subject: Subject, outcome: Outcome, case: Case, runs: Sequence[Run]) -> dict[str, Any]:
    """One case: its line, its findings, and what it came to."""
    outputs, where = outputs_of(subject, case), place(subject, case)
    ends = {run.key: ending_of(subject.tape, job, outputs.images) for run in runs
            if (job := subject.cases.jobs.get(run.key)) is not None}  # fmt: skip
    right = [run for run in runs if run.key in ends and ends[run.key].outcome in case.expects]
    findings = [f for run in runs if run not in right for f in against(subject, run, ends.get(run.key), where)]
    wrong = [f for f in findings if f.rule == OUTCOME.id]
    if right and len(right) / len(runs) >= case.budgets.success_rate and len(wrong) == len(findings):
        # Enough of them: those that did not make it are told, and break nothing.
        findings = [replace(f, severity=Severity.INFO) for f in findings]
    good = [(run, subject.cases.jobs[run.key]) for run in right if ends[run.key].rule is None]
    findings += pictures(subject, outputs, good) + slow(subject, case, good, where)
    expected = " or ".join(outcome_words(name) for name in case.expects)
    came = sorted({outcome_words(end.outcome) for end in ends.values()})
    outcome.promise(f"case '{case.name}' ends in {expected}", findings, evidence(subject, runs, ends, right))
    times = [job.last.execution_ms for run in runs if (job := subject.cases.jobs.get(run.key)) and job.last]
    return {
        "name": case.name,
        "verdict": str(outcome.lines[-1].verdict),
        "expects": [outcome_words(name) for name in case.expects],
        "ended": came,
        "runs": len(runs),
        "recorded": len(ends),
        "as_expected": len(right),
        "execution_max_ms": max((time for time in times if time is not None), default=None),
    }


def against(subject: Subject, run: Run, end: Ending | None, where: Location) -> list[Finding]:
    """What speaks against a run that did not end as expected."""
    identity = {"case": run.case.name, "run": run.number}
    expected = [outcome_words(name) for name in run.case.expects]
    if run.key in subject.cases.changed:
        message = f"{run.label} was recorded with another input than the contract has now"
        return [CHANGED.finding(message, location=where, identity=identity)]
    if end is None:
        return [NOT_RECORDED.finding(f"{run.label} was never recorded", location=where, identity=identity)]
    said = f"{run.label}, {label_of(subject, subject.cases.jobs[run.key])}"
    if end.rule is not None and not end.is_known:
        return [end.rule.finding(f"{said} {end.words}", location=where, identity=identity)]
    return [
        OUTCOME.finding(
            f"{said}: expected {' or '.join(expected)}, got {outcome_words(end.outcome)} ({shortened(end.words)})",
            hint=end.rule.todo if end.rule and SUCCESS in run.case.expects else "",
            location=where,
            expected=expected if len(expected) > 1 else expected[0],
            actual=outcome_words(end.outcome),
            identity=identity,
        )
    ]


def pictures(subject: Subject, outputs: Outputs, good: Sequence[tuple[Run, Job]]) -> list[Finding]:
    """What is wrong with the images of a case's good runs."""
    gallery = Gallery(subject, outputs)
    for run, job in good:
        label = f"{run.label}, {label_of(subject, job)}"
        gallery.add(Brought(job, label, {"case": run.case.name, "run": run.number}))
    return gallery.verdicts()


def slow(subject: Subject, case: Case, good: Sequence[tuple[Run, Job]], where: Location) -> list[Finding]:
    """Runs that took longer than the case allows."""
    allowed = case.budgets.generation_s
    times = [(run, job, job.last.execution_ms) for run, job in good if job.last]
    return [
        SLOW.finding(
            f"{run.label}, {label_of(subject, job)} took {took / 1000:.1f} s, expected under {allowed:g} s",
            location=where,
            expected=allowed,
            actual=round(took / 1000, 3),
            identity={"case": case.name, "run": run.number},
        )
        for run, job, took in times
        if allowed is not None and took is not None and took / 1000 >= allowed
    ]


def evidence(subject: Subject, runs: Sequence[Run], ends: dict[str, Ending], right: Sequence[Run]) -> str:
    """What the verdict on a case rests on."""
    if not ends:
        return "recorded with another input" if subject.cases.changed & {r.key for r in runs} else "never recorded"
    if len(runs) == 1:
        words = shortened(ends[runs[0].key].words)
        return words if len(words) <= EVIDENCE else words[: EVIDENCE - 1] + "…"
    return f"{len(right)} of {len(runs)} runs as expected" + (
        "" if len(ends) == len(runs) else f", {len(ends)} recorded"
    )


def outputs_of(subject: Subject, case: Case) -> Outputs:
    """What a success of this case must bring; where it sets sizes, the contract's are not meant."""
    own = case.outputs.model_dump(exclude_none=True)
    free = {"width": None, "height": None} if case.changes_size else {}
    return subject.model.outputs.model_copy(update={**free, **own})


def place(subject: Subject, case: Case) -> Location:
    """The case's line in the contract; the suite's line for a case that is there alone."""
    number = next((n for n, each in enumerate(subject.model.cases) if each.name == case.name), None)
    return subject.in_contract("suite") if number is None else subject.in_contract("cases", number)
