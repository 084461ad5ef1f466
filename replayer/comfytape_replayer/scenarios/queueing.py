"""Jobs that wait: cold workers, full hosts, endpoints that never get a worker, slow ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_replayer.faults import Fault
from comfytape_replayer.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from comfytape_replayer.scenarios.play import Play
    from comfytape_replayer.timeline import Timeline

__all__ = ["QUEUEING"]

COLD_MS = 95_000.0
"""Image pull, container start and import of a ComfyUI worker with a large image: one to three minutes are reported."""
THROTTLED_MS = 300_000.0
WAITING_POLLS = 5


def waiting(play: Play, wait_ms: float) -> Timeline:
    """The recorded course after a wait, in which every poll says IN_QUEUE."""
    queued = tuple(
        play.said("IN_QUEUE", at_ms=wait_ms * step / (WAITING_POLLS + 1)) for step in range(1, WAITING_POLLS + 1)
    )
    course = [state for state in play.later(1.0, wait_ms)[1:] if state.status != "IN_QUEUE"]
    return (play.queued, *queued, *course)


QUEUEING = (
    Scenario(
        name="cold-start",
        imitates="A worker starts from nothing: image pull, container, import (worker-comfyui issues 27, 31, 108).",
        job=lambda play: waiting(play, COLD_MS),
        waiting={"initializing": 1},
    ),
    Scenario(
        name="stuck-queue",
        imitates="Jobs stay IN_QUEUE for ever: max workers is 0 (RunPod scales idle endpoints down to 0 after 7 days), "
        "or no GPU fits (worker-comfyui issues 52, 201).",
        job=lambda play: (play.queued,),
        waiting={"initializing": 0},
    ),
    Scenario(
        name="throttled",
        imitates="The hosts have no free GPU: workers are throttled and the job waits (runpod/docs issue 233).",
        job=lambda play: waiting(play, THROTTLED_MS),
        waiting={"throttled": 1, "initializing": 0},
    ),
    Scenario(
        name="slow",
        imitates="Everything works and takes five times as long: another GPU, a busy volume.",
        job=lambda play: play.later(5.0, 0.0),
        faults=(Fault(delay_ms=250),),
    ),
)
