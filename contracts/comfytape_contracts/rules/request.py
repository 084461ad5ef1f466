"""Rules about requests that had to be sent again: the recording came to its end, and its clients will meet the same."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

again = partial(
    Rule,
    family="request",
    direction="state",
    action="count the answers, and the requests",
    severity=Severity.WARNING,
    mirror_waiver="an answer comes at once or it does not; there is no before",
)

LIMITED = again(
    id="requests-limited",
    title="Requests were answered 429: a rate limit is used up",
    looks_at="status 429, from RunPod or from what stands before ComfyUI",
    why="RunPod limits requests per user, endpoint and operation, and another client of the account counts too. A recorder "
    "waits as long as Retry-After says; a backend that does not will lose jobs.",
    source="docs.runpod.io, send requests, rate limits",
    todo="Poll less often or in fewer clients, and honour Retry-After in yours: comfytape replay --scenario rate-limited.",
    before="200",
    after="429, Retry-After: 1",
)
FLAKY = again(
    id="requests-flaky",
    title="Requests failed and succeeded when they were sent again",
    looks_at="status 5xx, and requests without an answer",
    why="The service, or a proxy before it, fails now and then. GETs can be repeated; a /run whose answer is lost may have "
    "started a job that somebody pays for.",
    source="runpod SDK 1.12.0, endpoint/runner.py (it retries 408 and 429 of GETs on http:// alone); real recordings",
    todo="Repeat GETs with a growing pause; try your client against: comfytape replay --scenario flaky.",
    before="200",
    after="502, then 200",
)

RULES = (LIMITED, FLAKY)
