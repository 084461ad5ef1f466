"""Requests that are refused, lost or too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_cassettes import Body, Headers, Response
from comfytape_replayer.faults import Fault
from comfytape_replayer.said import Said
from comfytape_replayer.scenarios.scenario import Scenario
from comfytape_replayer.timeline import State

if TYPE_CHECKING:
    from comfytape_replayer.scenarios.play import Play
    from comfytape_replayer.timeline import Timeline

__all__ = ["REQUESTS"]

RUNPOD = frozenset(
    {"cancel", "health", "purge-queue", "requests", "retry", "run", "runsync", "status", "status-sync", "stream"}
)
JOBS = frozenset({"run", "runsync", "status"})


def expired(play: Play) -> Timeline:
    """The job ends, and its result cannot be asked for any more."""
    body = Body.of(b'{"error": "job not found"}')
    gone = Response(404, "Not Found", Headers((("Content-Type", "application/json; charset=utf-8"),)), body)
    last = play.last
    return (*play.timeline[:-1], State(last.at_ms, last.status, Said(gone, "", play.pieces), last.document))


REQUESTS = (
    Scenario(
        name="unauthorized",
        imitates="The key is wrong, or may not use this endpoint: 401 for everything.",
        faults=(Fault(operations=RUNPOD, status=401, body=b"", content_type="text/plain; charset=utf-8"),),
    ),
    Scenario(
        name="rate-limited",
        imitates="429 with Retry-After: more requests than RunPod takes in ten seconds (docs.runpod.io, rate limits).",
        faults=(Fault(operations=JOBS, every=2, status=429, body=b"", headers=(("Retry-After", "1"),)),),
    ),
    Scenario(
        name="flaky",
        imitates="A bad network or a gateway in trouble: every fourth request ends in a 502 page, a 500 or a reset, in "
        "an order that a seed decides.",
        faults=(Fault(operations=RUNPOD, every=4, offset=1, any_of=("502", "500", "reset")),),
    ),
    Scenario(
        name="expired",
        imitates="The result is asked for too late: RunPod keeps it 30 minutes after /run and 1 minute after /runsync.",
        job=expired,
    ),
)
