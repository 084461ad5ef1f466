"""Rules about the shape of answers."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "an answer meets its schema or it does not; there is no before"

RESPONSE = Rule(
    id="response-schema",
    family="schema",
    title="An answer does not meet the contract's schema",
    looks_at="recorded answers of the kinds that the contract has a schema for",
    direction="state",
    action="validate by JSON Schema 2020-12",
    severity=Severity.ERROR,
    why="A backend that reads a field breaks when it is gone, renamed or of another type, whatever the image looks like.",
    source="the contract's own schema",
    todo="Compare the answer with the schema at the path; mend the worker, or the schema where the change is meant.",
    before='{"images": [{"filename": "a.png", "type": "base64", "data": "…"}]}',
    after='{"image_url": "https://…"}',
    mirror_waiver=STATE,
)
UNSEEN = Rule(
    id="response-unseen",
    family="schema",
    title="No answer was recorded that a schema could be held to",
    looks_at="recorded answers of the kinds that the contract has a schema for",
    direction="state",
    action="expect at least one",
    severity=Severity.ERROR,
    why="A schema that nothing was held to says nothing. What was not examined is not green.",
    source="this project's rule that nothing examined is never green",
    todo="Record with COMFYUI_URL set for object_info; run at least one job for status and output.",
    before="11 answers of kind status",
    after="no answer of kind object_info",
    mirror_waiver=STATE,
    inconclusive=True,
)

RULES = (RESPONSE, UNSEEN)
