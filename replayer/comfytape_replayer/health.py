"""``/health``, computed from the jobs that live here, so that it agrees with them at every moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_replayer.timeline import State

__all__ = ["health_now"]

WORKERS = ("idle", "initializing", "ready", "running", "throttled", "unhealthy")
"""The six gauges that a live endpoint shows; the documentation shows two."""

FIELDS = {
    "COMPLETED": "completed",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "IN_PROGRESS": "inProgress",
    "IN_QUEUE": "inQueue",
}


def health_now(
    at_rest: Mapping[str, Any], states: Iterable[State], retried: int = 0, waiting: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The health document.

    Args:
        at_rest: ``/health`` as recorded before the first job; its workers are shown until a job has had one.
        states: the present state of every job of the endpoint.
        retried: how often a job was retried.
        waiting: workers to show while jobs wait and none has run.

    Once a worker has taken a job it stays: idle when it has none. ``ready`` counts idle and running ones.
    """
    jobs = dict.fromkeys(("completed", "failed", "inProgress", "inQueue", "retried"), 0) | {"retried": retried}
    warm: set[str] = set()
    busy: set[str] = set()
    for state in states:
        field = FIELDS.get(state.status)
        if field is not None:
            jobs[field] += 1
        if state.worker is not None:
            warm.add(state.worker)
            if state.status == "IN_PROGRESS":
                busy.add(state.worker)
    rest = at_rest.get("workers")
    workers = dict.fromkeys(WORKERS, 0) | (rest if isinstance(rest, dict) else {})
    running = len(busy) or (1 if jobs["inProgress"] else 0)
    up = max(len(warm), running)
    if up:
        workers |= {"idle": up - running, "ready": up, "running": running, "initializing": 0}
    elif jobs["inQueue"] and not workers["ready"] and not workers["idle"] and not workers["throttled"]:
        workers["initializing"] = 1
    if jobs["inQueue"] and not up:
        workers |= waiting or {}
    return {"jobs": jobs, "workers": workers}
