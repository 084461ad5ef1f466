"""Which handler answers: worker-comfyui of which version, or one that takes something else than workflows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.diagnosis.evidence import is_probe
from comfytape_contracts.jobs import workflow_in
from comfytape_contracts.rules import endpoint as rules

if TYPE_CHECKING:
    from comfytape_contracts.diagnosis.evidence import EndpointEvidence
    from comfytape_contracts.jobs import Job

__all__ = ["Sign", "examine_handler", "sign_of", "wanted_instead"]

WANTED = (
    re.compile(r"KeyError:? ['\"](\w+)['\"]"),
    re.compile(
        r"missing\s+(?:a\s+)?(?:required\s+)?(?:input|field|parameter|argument|key)s?\b[:\s]*['\"`]?(\w+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"missing\s+(?:a\s+)?(?:required\s+)?['\"`](\w+)['\"`]\s*(?:input|field|parameter|argument|key)", re.IGNORECASE
    ),
    # runpod-python serverless/utils/rp_validator.py: "{key} is a required input."
    re.compile(r"['\"`]?(\w+)['\"`]?\s+(?:is|are)\s+(?:a\s+)?required\b", re.IGNORECASE),
    re.compile(r"['\"`](\w+)['\"`]\s+(?:not found|not provided|must be provided)", re.IGNORECASE),
)
"""How handlers say which input they miss."""

NO_WORKFLOWS = re.compile(r"\bworkflow is not a valid input option", re.IGNORECASE)
"""runpod-python's rp_validator about an input that is not in the handler's schema."""

COMFYUI_WORDS = (
    "Missing 'workflow' parameter", "ComfyUI", "Workflow validation failed", "Workflow execution error",
    "Prompt has no outputs", "Cannot execute because node", "Prompt outputs failed validation", "Please provide input",
    "Prompt ID ", "Failed to upload one or more input images", "'images' must be a list", "Job processing failed",
    "Invalid JSON format in input", "WebSocket communication error",
)  # fmt: skip
"""Error texts of worker-comfyui (handler.py 2.0 to 5.8.5) and of ComfyUI behind it."""


class Sign:
    """What one job says of its handler: ``comfyui`` with a version in words, or ``other`` with what it wants."""

    def __init__(self, job: Job, kind: str, words: str, *, wanted: str = "", sure: bool = True) -> None:
        self.job, self.kind, self.words, self.wanted, self.sure = job, kind, words, wanted, sure


def examine_handler(endpoint: EndpointEvidence) -> Stage | None:
    """Whether the endpoint takes workflows; None where no job could have told."""
    signs = [sign for job in endpoint.jobs if (sign := sign_of(job)) is not None]
    promise = "the handler takes workflows"
    wrong = [sign for sign in signs if sign.kind == "other"]
    right = [sign for sign in signs if sign.kind == "comfyui"]
    if wrong and not right:
        return Stage(promise=promise, evidence=wrong[0].words, causes=(wrong_handler(endpoint, wrong),))
    if right:
        version = next((sign.words for sign in right if sign.words.startswith("worker-comfyui")), right[0].words)
        cause = Cause(
            rule=rules.WORKER_VERSION,
            subject=endpoint.id,
            claim=f"endpoint {endpoint.id} runs worker-comfyui, or speaks like it",
            evidence=version,
            confidence=Confidence.LIKELY,
        )
        return Stage(promise=promise, evidence=version, causes=(cause,))
    probes = [job for job in endpoint.jobs if is_probe(job)]
    if probes:
        return Stage(promise=promise, evidence="the probe was not answered", causes=(unanswered(endpoint, probes[-1]),))
    if any(not job.is_final for job in endpoint.jobs) or endpoint.waiting:
        return None
    cause = Cause(
        rule=rules.HANDLER_UNSEEN,
        subject=endpoint.id,
        claim=f"which handler answers for {endpoint.id} was not seen",
        evidence="no job that a handler answered",
    )
    return Stage(promise=promise, evidence=cause.evidence, causes=(cause,))


def wrong_handler(endpoint: EndpointEvidence, signs: list[Sign]) -> Cause:
    """The endpoint takes something else than workflows."""
    first = signs[0]
    wants = f"{{'{first.wanted}': …}}" if first.wanted else "another input"
    probed = " (an empty probe)" if is_probe(first.job) else ""
    variable = endpoint.variable or "RUNPOD_ENDPOINT_COMFYUI (or RUNPOD_ENDPOINT_ID)"
    return Cause(
        rule=rules.HANDLER_WRONG,
        subject=endpoint.id,
        claim=f"endpoint {endpoint.id} is of the wrong kind: its handler wants {wants}, not a workflow",
        evidence=f"{len(signs)} job(s){probed}: {first.words}",
        confidence=Confidence.CERTAIN if first.sure else Confidence.LIKELY,
        next_step=f"{variable} points at '{endpoint.id}': set it to the id of the endpoint that runs worker-comfyui.",
        seen={"wanted": first.wanted, "said": first.words},
    )


def unanswered(endpoint: EndpointEvidence, probe: Job) -> Cause:
    """The probe came to no end in time: who is cold, what that means, and the command that waits."""
    waited = max((s.exchange.last_ms - probe.submitted_ms for s in probe.states), default=0.0) / 1000
    states = " → ".join(dict.fromkeys(s.said.status for s in probe.states))
    last = endpoint.last_health
    gauges = last.workers if last else None
    starting = gauges.initializing if gauges else 0
    taken = any(s.said.status == "IN_PROGRESS" for s in probe.states)
    why = (
        "a worker has it and is still at work on it: ComfyUI boots inside the handler"
        if taken
        else f"{starting} worker(s) are only starting, as a cold endpoint's do"
        if starting
        else f"{gauges.able} worker(s) are ready, and none has taken it yet"
        if gauges and gauges.able
        else "no worker is up yet"
    )
    return Cause(
        rule=rules.PROBE_UNANSWERED,
        subject=endpoint.id,
        claim=f"endpoint {endpoint.id} is reached, but which handler it runs is not known yet: {why}",
        evidence=f"probe {probe.id[:8]}: {states} within {waited:.1f} s",
        next_step=f"Give a cold worker time: comfytape doctor --endpoint {endpoint.id} --probe --deadline 120. "
        "Or ask again within a minute, while the worker that this probe woke is warm.",
        seen={"waited_s": round(waited, 1), "initializing": starting, "taken": taken},
    )


def sign_of(job: Job) -> Sign | None:
    """What a finished job says of its handler, or None where it says nothing."""
    last = job.last
    if last is None or not last.is_final or last.status == "CANCELLED":
        return None
    if last.status == "COMPLETED":
        return output_sign(job, last.output)
    text = text_of(last.error, last.output)
    wanted = wanted_instead(text)
    if wanted == "workflow" or any(words in text for words in COMFYUI_WORDS):
        details = isinstance(last.output, dict) and isinstance(last.output.get("details"), list)
        version = (
            "worker-comfyui 5.0.0 or later: the error has details beside it" if details else f"error: {text[:160]}"
        )
        return Sign(job, "comfyui", version)
    asked = workflow_in(job.input) is not None or is_probe(job)
    if asked and (wanted or NO_WORKFLOWS.search(text)):
        return Sign(job, "other", f"error: {text[:200]}", wanted=wanted)
    return None


def output_sign(job: Job, output: Any) -> Sign | None:
    """The shape of a result: 1.x to 4.0 gave ``message``, 4.1.0 and 5.x give ``images`` (worker-comfyui handler.py)."""
    if isinstance(output, dict):
        if isinstance(output.get("images"), list):
            return Sign(job, "comfyui", "worker-comfyui 5.0.0 or later (or 4.1.0): output.images is a list")
        if output.get("status") in ("success", "error") and "message" in output:
            return Sign(job, "comfyui", "worker-comfyui before 5.0.0: output.status and output.message")
    if output is None:
        return None
    keys = ", ".join(sorted(output)) if isinstance(output, dict) else type(output).__name__
    if is_probe(job):
        return Sign(job, "other", f"it COMPLETED an input without a workflow, with output: {keys}", sure=False)
    if workflow_in(job.input) is not None:
        return Sign(job, "other", f"COMPLETED with an output that is not worker-comfyui's: {keys}", sure=False)
    return None


def wanted_instead(text: str) -> str:
    """The input that an error asks for, or ""."""
    for pattern in WANTED:
        found = pattern.search(text)
        if found:
            return found[1]
    return ""


def text_of(error: Any, output: Any) -> str:
    """Error and details on one line; the SDK packs an exception as JSON in a string."""
    text = str(error or "")
    try:
        packed = json.loads(text)
    except (ValueError, RecursionError):
        packed = None
    if isinstance(packed, dict) and "error_message" in packed:
        kind = str(packed.get("error_type", "")).removeprefix("<class '").removesuffix("'>")
        text = f"{kind}: {packed['error_message']}"
    details = output.get("details") if isinstance(output, dict) else None
    if isinstance(details, list):
        text = "; ".join([text, *(str(item) for item in details)])
    return " ".join(text.split())
