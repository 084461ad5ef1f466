"""RunPod's job API (docs.runpod.io, send requests), played from recorded jobs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from comfytape_replayer.answer import Answer, json_answer, said_answer
from comfytape_replayer.health import health_now
from comfytape_replayer.instances import Instance, Instances, fresh_id
from comfytape_replayer.meaning import meaning_of_input
from comfytape_replayer.misses import Miss, miss_answer, nearest_submission
from comfytape_replayer.timeline import job_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_replayer.asked import Asked
    from comfytape_replayer.clock import Clock
    from comfytape_replayer.library import Library, Queue
    from comfytape_replayer.recorded import Submission
    from comfytape_replayer.said import Said

__all__ = ["BODY_LIMITS", "RunPodPlane"]

BODY_LIMITS = {"run": 10_000_000, "runsync": 20_000_000}
"""Bytes that RunPod takes (docs.runpod.io, send requests)."""

WAIT_MS = {"runsync": 90_000.0, "status-sync": 90_000.0}
LONGEST_WAIT_MS = 300_000.0
RETRYABLE = frozenset({"FAILED", "TIMED_OUT"})
METHODS = dict.fromkeys(("health", "requests"), ("GET", "HEAD")) | dict.fromkeys(
    ("run", "runsync", "cancel", "retry", "purge-queue"), ("POST",)
)
"""What each operation takes; /status and /stream take GET, and POST as old documentation has it."""


class RunPodPlane:
    """The operations of all recorded endpoints."""

    def __init__(self, library: Library, clock: Clock, told: Callable[[Miss], None]) -> None:
        self.library = library
        self.clock = clock
        self.told = told
        self.instances = Instances()
        self.retried: dict[str, int] = {}
        self.streamed: dict[str, int] = {}

    async def answer(self, asked: Asked, endpoint: str, operation: str, job: str) -> Answer:
        """The answer to one operation."""
        methods = METHODS.get(operation)
        if methods is not None and asked.method not in methods:
            return json_answer(405, {"error": f"method {asked.method} is not allowed for /{operation}"})
        queue = self.library.queue(endpoint)
        if queue is None:
            return self.missed(unknown_endpoint(asked, endpoint, self.library))
        if operation in BODY_LIMITS:
            return await self.submit(asked, queue, endpoint, operation)
        if operation == "health":
            return json_answer(200, self.health(queue, endpoint))
        if operation == "requests":
            listed = [{"id": i.id, "status": i.now().status} for i in self.instances.of(endpoint)]
            return json_answer(200, {"requests": listed})
        if operation == "purge-queue":
            return self.purge(endpoint)
        instance = self.instances.find(job)
        if instance is None or instance.endpoint != endpoint:
            return self.missed(unknown_job(asked, job, endpoint))
        return await self.about(asked, instance, operation)

    async def about(self, asked: Asked, instance: Instance, operation: str) -> Answer:
        """An operation on one job."""
        if operation == "status":
            return said_answer(instance.poll().said, instance.id_bytes)
        if operation == "status-sync":
            return await self.wait_for(asked, instance, operation)
        if operation == "stream":
            return self.stream(instance)
        if operation == "cancel":
            return self.cancel(instance)
        return self.retry(instance)

    async def submit(self, asked: Asked, queue: Queue, endpoint: str, operation: str) -> Answer:
        """``/run`` and ``/runsync``: play the recorded job that means the same."""
        document = asked.json()
        if not isinstance(document, dict) or "input" not in document:
            return json_answer(400, {"error": "input is required: expected a JSON object with 'input'"})
        submission = queue.find(meaning_of_input(document["input"]))
        if submission is None:
            miss, _ = nearest_submission(str(asked), document["input"], queue)
            return self.missed(miss)
        submission.uses += 1
        if not submission.job:
            return said_answer(submission.timeline[0].said)
        instance = self.start(submission, endpoint, operation, document)
        if operation == "runsync":
            return await self.wait_for(asked, instance, operation)
        return said_answer(self.accepted(submission), instance.id_bytes)

    def start(self, submission: Submission, endpoint: str, operation: str, document: dict[str, Any]) -> Instance:
        """A new instance of a recorded job."""
        policy = document.get("policy")
        ttl = policy.get("ttl") if isinstance(policy, dict) else None
        sync = operation == "runsync"
        instance = Instance(
            fresh_id(submission.job, sync=sync), submission, submission.timeline, self.clock, endpoint=endpoint,
            sync=sync, ttl_ms=ttl if isinstance(ttl, int | float) and ttl > 0 else None,
        )  # fmt: skip
        self.instances.add(instance)
        return instance

    def accepted(self, submission: Submission) -> Said:
        """What ``/run`` answered, whichever way the job was recorded."""
        return submission.timeline[0].said

    async def wait_for(self, asked: Asked, instance: Instance, operation: str) -> Answer:
        """Hold the request until the job has ended, or ``wait`` milliseconds of virtual time are over."""
        text = asked.parameter("wait")
        wait = float(text) if text.isdigit() else WAIT_MS[operation]
        pause = self.clock.real_s(min(max(wait, 1000.0), LONGEST_WAIT_MS, instance.remaining_ms()))
        if pause > 0:
            await asyncio.sleep(pause)
        return said_answer(instance.finish().said, instance.id_bytes)

    def stream(self, instance: Instance) -> Answer:
        """``/stream``: what came since the last call, each chunk once."""
        recorded = instance.submission.streamed
        turn = self.streamed.get(instance.id, 0)
        if turn < len(recorded):
            self.streamed[instance.id] = turn + 1
            return said_answer(instance.submission.state(recorded[turn]).said, instance.id_bytes)
        return json_answer(200, {"status": instance.poll().status, "stream": []})

    def cancel(self, instance: Instance) -> Answer:
        """``/cancel``: final, unless the job had ended already."""
        if not instance.now().is_final:
            instance.force(job_answer({"id": instance.id, "status": "CANCELLED"}, self.library.pieces))
        return json_answer(200, {"id": instance.id, "status": instance.now().status})

    def retry(self, instance: Instance) -> Answer:
        """``/retry``: the same id from the beginning; only for jobs that failed."""
        status = instance.now().status
        if status not in RETRYABLE:
            return json_answer(400, {"error": f"only FAILED or TIMED_OUT jobs can be retried; this one is {status}"})
        self.retried[instance.endpoint] = self.retried.get(instance.endpoint, 0) + 1
        instance.restart(instance.submission.timeline_again)
        return json_answer(200, {"id": instance.id, "status": "IN_QUEUE"})

    def purge(self, endpoint: str) -> Answer:
        """``/purge-queue``: what waits is cancelled, what runs goes on."""
        waiting = self.instances.queued(endpoint)
        for instance in waiting:
            instance.force(job_answer({"id": instance.id, "status": "CANCELLED"}, self.library.pieces))
        return json_answer(200, {"removed": len(waiting), "status": "completed"})

    def health(self, queue: Queue, endpoint: str) -> dict[str, Any]:
        """``/health`` of this moment."""
        states = (instance.now() for instance in self.instances.of(endpoint))
        return health_now(queue.at_rest, states, self.retried.get(endpoint, 0))

    def missed(self, miss: Miss) -> Answer:
        """Tell the people who watch, and the client."""
        self.told(miss)
        return miss_answer(miss)


def unknown_endpoint(asked: Asked, endpoint: str, library: Library) -> Miss:
    """No recorded endpoint has that id."""
    known = ", ".join(library.queues) or "none"
    return Miss(
        str(asked), f"endpoint {endpoint!r} was not recorded; recorded are: {known}",
        hint="ask for a recorded endpoint; where only one is recorded it answers under any id",
    )  # fmt: skip


def unknown_job(asked: Asked, job: str, endpoint: str) -> Miss:
    """No job of that id was started here, or its result has expired."""
    return Miss(
        str(asked), f"job not found: {job!r} was not started here on endpoint {endpoint!r}, or has expired",
        hint="ids of the recording are not served: submit with /run and use the id that it answers",
    )  # fmt: skip
