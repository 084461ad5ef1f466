"""Why jobs failed: each told apart by the words of worker-comfyui, ComfyUI, PyTorch and RunPod's platform."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.diagnosis.evidence import is_probe
from comfytape_contracts.diagnosis.handler import sign_of, text_of
from comfytape_contracts.rules import failure as rules
from comfytape_contracts.rules.job import RESULT_LOST

if TYPE_CHECKING:
    from comfytape_contracts.diagnosis.evidence import EndpointEvidence
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.rules import Rule

__all__ = ["examine_failures", "failure_of"]

WORDS: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), rule)
    for pattern, rule in (
        (r"missing 'workflow' parameter|please provide input|invalid json format in input", rules.INPUT_REJECTED),
        (r"/run(?:sync)? answered 4(?:00|13|22)", rules.INPUT_REJECTED),
        (r"'images' must be|failed to upload one or more input images", rules.INPUT_REJECTED),
        (r"executiontimeout exceeded", rules.PLATFORM_TIMEOUT),
        (r"missing field\(s\): id or input", rules.EMPTY_INPUT),
        (r"job timed out after \d+ retries", rules.WORKER_CRASH),
        (r"node .{1,200}? does not exist|missing_node_type", rules.NODE_MISSING),
        (r"not reachable after multiple retries|http communication error with comfyui", rules.UNREACHABLE),
        (r"websocket communication error", rules.UNREACHABLE),
        (r"out of memory|outofmemory|allocation on device", rules.OUT_OF_MEMORY),
        (r"no checkpoint models appear to be available", rules.MODEL_MISSING),
        (r"not in \[\]|: '[^']+\.(?:safetensors|ckpt|pth?|bin|sft|gguf|onnx|pkl|pt2)' not in \[", rules.MODEL_MISSING),
        (r"validation failed|failed validation|prompt has no outputs", rules.VALIDATION),
        (r"value_not_in_list|invalid_prompt", rules.VALIDATION),
        (r"incomplete metadata, file not|header too large|normalized_shape=", rules.MODEL_FILE),
        (r"\bchannels, but got|VAE is invalid", rules.MODEL_FILE),
        (r"workflow execution error|node type: |node \S+ \(\w+\): |not found in history", rules.EXECUTION),
    )
)  # fmt: skip
"""Most telling first: an out-of-memory error is an execution error as well."""

MODEL_FILES = tuple(
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in (
        (r"incomplete metadata, file not fully covered", "a model file is truncated"),
        (r"header too large", "a model file is no safetensors file: a git-lfs pointer or an error page"),
        (r"normalized_shape=", "the text encoder is not the one that the diffusion model was trained with"),
        (r"to have \d+ channels, but got \d+ channels", "the VAE is not the one that the diffusion model needs"),
        (r"VAE is invalid", "the VAE file holds no VAE"),
    )
)
"""What execution errors say of model files, each tried with the real file (ComfyUI 0.3.64 and 0.10.0)."""


def failure_of(job: Job) -> tuple[Rule, str] | None:
    """The class of a job's failure and its words; None for a job that did not fail, or has not ended."""
    last = job.last
    if last is None or not last.is_final:
        return None
    if last.status == "COMPLETED":
        return (RESULT_LOST, "COMPLETED without output") if last.output is None else None
    if last.status == "CANCELLED":
        return rules.CANCELLED, "CANCELLED"
    text = text_of(last.error, last.output)
    rule = next((rule for pattern, rule in WORDS if pattern.search(text)), None)
    if rule is None:
        rule = rules.PLATFORM_TIMEOUT if last.status == "TIMED_OUT" else rules.OTHER
    if rule is rules.WORKER_CRASH and job.submitted is not None and not job.input:
        rule = rules.EMPTY_INPUT
    return rule, f"{last.status}: {text or 'no error text'}"


def examine_failures(endpoint: EndpointEvidence) -> Stage | None:
    """Whether jobs that a worker took came to a good end; None where there was none."""
    jobs = [job for job in endpoint.ended if not is_probe(job) and not of_other_handler(job)]
    gone = expired(endpoint)
    if not jobs and not gone:
        return None
    classes: dict[str, list[tuple[Rule, str, Job]]] = {}
    for job in jobs:
        found = failure_of(job)
        if found is not None:
            classes.setdefault(explained(*found), []).append((*found, job))
    causes = [cause_of(endpoint, seen, len(jobs)) for seen in classes.values()]
    failed = sum(len(seen) for seen in classes.values())
    return Stage(
        promise="jobs come to a good end",
        evidence=f"{len(jobs) - failed} of {len(jobs)} ended jobs without failure",
        causes=(*sorted(causes, key=lambda cause: -int(cause.seen["jobs"])), *gone),
    )


def of_other_handler(job: Job) -> bool:
    """Failures of a handler of another kind say nothing about workflows."""
    sign = sign_of(job)
    return sign is not None and sign.kind == "other"


def cause_of(endpoint: EndpointEvidence, seen: list[tuple[Rule, str, Job]], jobs: int) -> Cause:
    """One class of failure, with the first as its example."""
    rule, words, job = seen[0]
    node = re.search(r"Node Type: (\w[\w ]*), Node ID: (\w+)", words)
    where = f" in node {node[2]} ({node[1]})" if node else ""
    return Cause(
        rule=rule,
        subject=endpoint.id,
        claim=f"{len(seen)} of {jobs} job(s) of {endpoint.id}: {explained(rule, words)}{where}",
        evidence=f"job {job.id[:8]} {words[:300]}",
        confidence=Confidence.LIKELY if rule in (rules.OTHER, rules.WORKER_CRASH) else Confidence.CERTAIN,
        seen={"jobs": len(seen), "of": jobs, "said": words[:300]},
        about=explained(rule, words),
    )


def explained(rule: Rule, words: str) -> str:
    """The class of failure in words; for a model file, what is wrong with it."""
    return next((said for pattern, said in MODEL_FILES if pattern.search(words)), rule.title)


def expired(endpoint: EndpointEvidence) -> list[Cause]:
    """Jobs that RunPod knew and then did not know any more."""
    open_jobs = {job.id: job for job in endpoint.jobs if job.states and not job.is_final}
    gone = [
        a for a in endpoint.answers if a.route.name == "status" and a.status == 404 and a.route.argument in open_jobs
    ]
    if not gone:
        return []
    job = open_jobs[gone[0].route.argument]
    return [
        Cause(
            rule=rules.EXPIRED,
            subject=endpoint.id,
            claim=f"{len({a.route.argument for a in gone})} job(s) of {endpoint.id} vanished before they ended",
            evidence=f"job {job.id[:8]} was {job.status}, then /status answered 404",
            seen={"jobs": len({a.route.argument for a in gone})},
        )
    ]
