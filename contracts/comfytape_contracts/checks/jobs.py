"""Did every job end well?"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from comfytape_contracts.endings import ending_of
from comfytape_contracts.findings import Severity
from comfytape_contracts.jobs import said_by
from comfytape_contracts.outputs import errors_of, image_count
from comfytape_contracts.rules.endpoint import HANDLER_WRONG
from comfytape_contracts.rules.job import (
    ERRORS_BESIDE,
    NO_IMAGES,
    NO_JOBS,
    REFUSED,
    RESULT_LOST,
    UNREACHABLE,
)

if TYPE_CHECKING:
    from comfytape_cassettes import Exchange
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.jobs import Job

__all__ = ["check_jobs", "label_of", "succeeded"]

ERROR_LIMIT = 400


def check_jobs(subject: Subject) -> Outcome:
    """Hold every job to: COMPLETED, with output, with its images, without errors beside them."""
    outcome = subject.outcome()
    jobs = subject.tape.jobs
    findings = refusals(subject) + unanswered(subject)
    for place, job in enumerate(jobs):
        findings += ending(subject, job, place)
    if not jobs and not findings and subject.model.samples.count:
        findings.append(NO_JOBS.finding("the recording holds no job", location=subject.in_contract("samples")))
    if not jobs and not findings:
        return outcome  # a contract of cases alone
    ended = [job for job in jobs if job.is_final]
    good = sum(succeeded(job, subject.model.outputs.images) for job in ended)
    outcome.promise(
        "every job is COMPLETED with its images", findings, f"{good} of {len(jobs)} jobs brought their images"
    )
    outcome.measurements |= {"jobs": len(jobs), "jobs_succeeded": good, "jobs_ended": len(ended)}
    return outcome


def succeeded(job: Job, images: int) -> bool:
    """Whether a job is COMPLETED, has its images and reports no error beside them."""
    last = job.last
    return last is not None and last.status == "COMPLETED" and image_count(last) >= images and not errors_of(last)


def label_of(subject: Subject, job: Job) -> str:
    """How people tell jobs apart: its number on the tape, and the id's beginning."""
    return f"job {subject.tape.numbers.get(job.id, 0)} ({job.id[:8]})"


def ending(subject: Subject, job: Job, place: int) -> list[Finding]:
    """The finding about how one job ended, if it is not as it should be; which failure it is, is its rule.

    ``place`` is the job's among the jobs, by which it is known again in another recording.
    """
    wanted = subject.model.outputs.images
    end = ending_of(subject.tape, job, wanted)
    identity = {"job": place}
    if end.rule is None:
        return []
    if end.rule in (ERRORS_BESIDE, NO_IMAGES):
        return beside(subject, job, identity)
    where = replace(
        subject.in_contract("budgets", "success_rate"),
        node_id=end.node_id, class_type=end.class_type, input=end.input,
    )  # fmt: skip
    if end.rule is RESULT_LOST:
        said, expected, actual = (
            "is COMPLETED, but has no output: its result was lost on the way",
            "output.images",
            None,
        )
    elif not job.is_final or end.rule.inconclusive or end.rule is HANDLER_WRONG:
        said, expected, actual = end.words, "COMPLETED", job.status
    else:
        assert job.last is not None
        said = f"ended {job.status}: {reason(job.last.error, job.last.output)}"
        expected, actual = "COMPLETED", job.status
    return [
        end.rule.finding(
            f"{label_of(subject, job)} {said}",
            severity=Severity.ERROR,
            location=where,
            expected=expected,
            actual=actual,
            identity=identity,
        )
    ]


def beside(subject: Subject, job: Job, identity: dict[str, int]) -> list[Finding]:
    """What is wrong with a job that is COMPLETED with an output."""
    last = job.last
    assert last is not None
    label = label_of(subject, job)
    where = subject.in_contract("outputs")
    errors, images = errors_of(last), image_count(last)
    found: list[Finding] = []
    if errors:
        found.append(
            ERRORS_BESIDE.finding(
                f"{label} is COMPLETED, but reports: {shortened('; '.join(errors))}",
                location=where,
                actual=list(errors),
                identity=identity,
            )
        )
    wanted = subject.model.outputs.images
    if images < wanted:
        status = last.output.get("status") if isinstance(last.output, dict) else None
        said = f" ({status})" if status else ""
        found.append(
            NO_IMAGES.finding(
                f"{label} is COMPLETED{said} with {images} image(s), expected {wanted}",
                location=where,
                expected=wanted,
                actual=images,
                identity=identity,
            )
        )
    return found


def reason(error: object, output: object) -> str:
    """The error in words: RunPod's SDK packs an exception as JSON in a string, and leaves details in the output."""
    text = str(error or "no error text")
    try:
        packed = json.loads(text)
    except (ValueError, RecursionError):
        packed = None
    if isinstance(packed, dict) and "error_message" in packed:
        text = f"{packed.get('error_type', '')}: {packed['error_message']}"
    details = output.get("details") if isinstance(output, dict) else None
    if isinstance(details, list) and details:
        text += ": " + "; ".join(str(d) for d in details)
    return shortened(text)


def shortened(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= ERROR_LIMIT else line[: ERROR_LIMIT - 1] + "…"


def refusals(subject: Subject) -> list[Finding]:
    """Submissions that were not accepted and that nothing later made good."""
    posts = [(r, e) for r, e in subject.tape.routed if r.plane == "runpod" and r.name in ("run", "runsync")]
    # A proxy's page may be a 200 too: accepted is what came back with a job.
    asked = [(e, e.response.status == 200 and said_by(e) is not None) for _, e in posts]
    # A case may expect to be refused.
    expected = {id(exchange) for exchange in subject.cases.refused}
    refused = [e for e, took in asked if not took and id(e) not in expected]
    accepted = {e.request.body for e, took in asked if took} if refused else set()
    return [refusal(subject, exchange) for exchange in refused if exchange.request.body not in accepted]


def refusal(subject: Subject, exchange: Exchange) -> Finding:
    """The finding for one refused submission."""
    status = exchange.response.status
    said = shortened(exchange.response.body.text()) or "an empty body"
    return REFUSED.finding(
        f"{exchange.request.url} answered {status} {exchange.response.reason}: {said}",
        location=subject.in_contract("endpoint"),
        expected=200,
        actual=status,
        identity={"status": status},
    )


def unanswered(subject: Subject) -> list[Finding]:
    """Requests without an answer to which no later request of the same kind got one."""
    answered = {(e.request.method, e.request.url): e.last_ms for e in subject.tape.cassette.exchanges}
    lost = [f for f in subject.tape.cassette.failures if answered.get((f.method, f.url), -1.0) < f.times[0]]
    if not lost:
        return []
    last = lost[-1]
    return [
        UNREACHABLE.finding(
            f"{len(lost)} request(s) got no answer; the last was {last.method} {last.url}: {last.error}",
            location=subject.in_contract("endpoint"),
        )
    ]
