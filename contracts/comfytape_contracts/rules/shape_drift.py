"""Rules about the shape of JSON answers: fields and their types, learnt from several samples of each route."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(Rule, family="shape-drift")

_SAMPLES = "comfytape infers shapes from recorded answers; a field is required from three samples on"
_LENIENT = "RunPod's and ComfyUI's answers carry a field only when it is set; live captures of 2026-08"

RULES = (
    _rule(
        id="field-removed",
        title="A field is gone from an answer",
        looks_at="the fields of all recorded answers of a route",
        direction="removed",
        action="compare with what was seen before",
        severity=Severity.WARNING,
        severity_unused=Severity.INFO,
        why="Clients that read it get nothing. Where it was in every sample before, that is rarely chance.",
        source=_SAMPLES,
        todo="Search the client for the field; record more samples if it is one that comes and goes.",
        before="/status has executionTime in 10 of 10",
        after="/status has executionTime in 0 of 10",
        mirror="field-added",
    ),
    _rule(
        id="field-added",
        title="A field is new in an answer",
        looks_at="the fields of all recorded answers of a route",
        direction="added",
        action="compare with what was seen before",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Clients that ignore what they do not know are not affected; strict parsers are.",
        source=_LENIENT,
        todo="Nothing, unless the client refuses unknown fields.",
        before="/health has workers.idle, …",
        after="/health has workers.unhealthy too",
        mirror="field-removed",
    ),
    _rule(
        id="field-type-changed",
        title="A field has another type",
        looks_at="the JSON types of a field over all recorded answers",
        direction="changed",
        action="compare the sets of types; integers are numbers",
        severity=Severity.WARNING,
        severity_unused=Severity.WARNING,
        why="A client that adds, compares or indexes breaks on it.",
        source="worker-comfyui 5.0.0 changed output.message from text to a list of images",
        todo="Change the client to take both, or pin the worker's version.",
        before="output.message is text",
        after="output.images is a list",
        mirror_waiver="a change back is the same change",
    ),
    _rule(
        id="field-now-optional",
        title="A field that was always there is missing from some answers",
        looks_at="how many of the samples have a field",
        direction="loosened",
        action="compare: n of n before, fewer after",
        severity=Severity.WARNING,
        severity_unused=Severity.INFO,
        why="Clients that read it without looking break now and then, which is the hardest kind to find.",
        source=_SAMPLES,
        todo="Make the client look before it reads.",
        before="delayTime in 10 of 10",
        after="delayTime in 7 of 10",
        mirror="field-now-always",
    ),
    _rule(
        id="field-now-always",
        title="A field that was sometimes there is in every answer",
        looks_at="how many of the samples have a field",
        direction="tightened",
        action="compare: fewer than n of n before, all after",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="No client breaks on it.",
        source=_SAMPLES,
        todo="Nothing.",
        before="workerId in 7 of 10",
        after="workerId in 10 of 10",
        mirror="field-now-optional",
    ),
    _rule(
        id="state-added",
        title="A state or code was seen that was not seen before",
        looks_at="fields that name a state: status, status_str, type",
        direction="added",
        action="compare the sets of texts",
        severity=Severity.WARNING,
        severity_unused=Severity.INFO,
        why="A client that waits for the states it knows waits for ever on one it does not.",
        source="docs.runpod.io, job states",
        todo="See that the client ends on every final state.",
        before="IN_QUEUE, IN_PROGRESS, COMPLETED",
        after="… and TIMED_OUT",
        mirror="state-removed",
    ),
    _rule(
        id="state-removed",
        title="A state or code was not seen any more",
        looks_at="fields that name a state: status, status_str, type",
        direction="removed",
        action="compare the sets of texts",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Fast jobs skip states: a warm worker may go from IN_QUEUE to COMPLETED between two polls.",
        source="docs.runpod.io, job states; recordings of warm jobs",
        todo="Nothing.",
        before="IN_QUEUE, IN_PROGRESS, COMPLETED",
        after="IN_QUEUE, COMPLETED",
        mirror="state-added",
    ),
)
