"""RunPod's job API (docs.runpod.io, send requests), played from recorded jobs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_replayer.answer import Answer, json_answer, said_answer
from comfytape_replayer.health import health_now
from comfytape_replayer.instances import Instance, Instances, fresh_id
from comfytape_replayer.meaning import meaning_of_input, workflow_of_input
from comfytape_replayer.misses import Miss, miss_answer, nearest_submission
from comfytape_replayer.timeline import QUEUED, job_answer
from comfytape_replayer.webhooks import MARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_replayer.asked import Asked
    from comfytape_replayer.clock import Clock
    from comfytape_replayer.library import Library, Queue
    from comfytape_replayer.recorded import Submission
    from comfytape_replayer.scenarios import Cast
    from comfytape_replayer.webhooks import Webhooks

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

    def __init__(
        self, library: Library, clock: Clock, told: Callable[[Miss], None], webhooks: Webhooks, *,
        nearest: bool = False,
    ) -> None:  # fmt: skip
        self.webhooks = webhooks
        self.nearest = nearest
        self.library = library
        self.clock = clock
        self.told = told
        self.instances = Instances()
        self.retried: dict[str, int] = {}
        self.streamed: dict[str, int] = {}

    async def answer(self, asked: Asked, cast: Cast, endpoint: str, operation: str, job: str) -> Answer:
        """The answer to one operation."""
        methods = METHODS.get(operation)
        if methods is not None and asked.method not in methods:
            return json_answer(405, {"error": f"method {asked.method} is not allowed for /{operation}"})
        queue = self.library.queue(endpoint)
        if queue is None:
            return self.missed(unknown_endpoint(asked, endpoint, self.library))
        if operation in BODY_LIMITS:
            return await self.submit(asked, cast, queue, endpoint, operation)
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

    async def submit(self, asked: Asked, cast: Cast, queue: Queue, endpoint: str, operation: str) -> Answer:
        """``/run`` and ``/runsync``: play the recorded job that means the same."""
        document = asked.json()
        if not isinstance(document, dict) or "input" not in document:
            return json_answer(400, {"error": "input is required: expected a JSON object with 'input'"})
        found = queue.find(meaning_of_input(document["input"], queue.noise))
        if found is None and (kept := self.library.as_kept(asked.body)) is not None:
            document = kept
            found = queue.find(meaning_of_input(document["input"], queue.noise))
        warning = ""
        refusal = self.refusal(document["input"], cast) if found is None or cast.changes_inventory else None
        if found is None:
            miss, near = nearest_submission(str(asked), document["input"], queue)
            if near is None or (refusal is None and not self.nearest):
                return self.missed(miss)
            found, warning = near, "" if refusal else "; ".join(miss.differences[:3]) or miss.reason
            if warning:
                self.told(miss)
        found.uses += 1
        if not found.job:
            return said_answer(found.timeline[0].said)
        instance = self.start(found, cast, endpoint, operation, document, refusal)
        if "webhook" in document:
            self.webhooks.expect(instance, document, marked=bool(asked.header(MARK)))
        if operation == "runsync":
            answer = await self.wait_for(asked, instance, operation)
        else:
            answer = said_answer(found.timeline[0].said, instance.id_bytes)
        return warned(answer, warning) if warning else answer

    def refusal(self, job_input: Any, cast: Cast) -> dict[str, Any] | None:
        """What the ComfyUI behind the worker says to a workflow that it cannot run, or None."""
        workflow, inventory = workflow_of_input(job_input), cast.inventory(self.library.inventory)
        if workflow is None or inventory is None:
            return None
        from comfytape_replayer.judging import refusal_of  # noqa: PLC0415 - only what was not recorded needs judging

        return refusal_of(workflow, inventory)

    def start(
        self, submission: Submission, cast: Cast, endpoint: str, operation: str, document: dict[str, Any],
        refusal: dict[str, Any] | None = None,
    ) -> Instance:  # fmt: skip
        """A new instance of a recorded job, under the scenarios that hold."""
        timeline = submission.timeline
        if refusal is not None:
            from comfytape_replayer.refusal import worker_error  # noqa: PLC0415 - few jobs are refused
            from comfytape_replayer.scenarios.play import Play  # noqa: PLC0415 - most jobs go as recorded

            play = Play(submission.job, submission.workflow, timeline, submission.pieces)
            timeline = play.failing(worker_error(refusal))
        timeline = cast.timeline(submission, timeline)
        policy = document.get("policy")
        ttl = policy.get("ttl") if isinstance(policy, dict) else None
        sync = operation == "runsync"
        instance = Instance(
            fresh_id(submission.job, sync=sync), submission, timeline, self.clock, endpoint=endpoint,
            sync=sync, ttl_ms=ttl if isinstance(ttl, int | float) and ttl > 0 else None, cast=cast,
        )  # fmt: skip
        self.instances.add(instance)
        return instance

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
        again = instance.submission.timeline_again
        instance.restart(instance.cast.timeline(instance.submission, again) if instance.cast is not None else again)
        return json_answer(200, {"id": instance.id, "status": "IN_QUEUE"})

    def purge(self, endpoint: str) -> Answer:
        """``/purge-queue``: what waits is cancelled, what runs goes on."""
        waiting = self.instances.queued(endpoint)
        for instance in waiting:
            instance.force(job_answer({"id": instance.id, "status": "CANCELLED"}, self.library.pieces))
        return json_answer(200, {"removed": len(waiting), "status": "completed"})

    def health(self, queue: Queue, endpoint: str) -> dict[str, Any]:
        """``/health`` of this moment."""
        instances = list(self.instances.of(endpoint))
        waiting: dict[str, int] = {}
        for instance in instances:
            if instance.cast is not None and instance.cast.waiting and instance.now().status == QUEUED:
                waiting |= instance.cast.waiting
        states = (instance.now() for instance in instances)
        return health_now(queue.at_rest, states, self.retried.get(endpoint, 0), waiting)

    def missed(self, miss: Miss) -> Answer:
        """Tell the people who watch, and the client."""
        self.told(miss)
        return miss_answer(miss)


def warned(answer: Answer, warning: str) -> Answer:
    """An answer of the nearest job, with a header that says so; headers hold ASCII alone."""
    text = warning.encode("ascii", "replace")[:1000]
    return replace(answer, start=answer.start | {"headers": [*answer.start["headers"], (b"x-comfytape-nearest", text)]})


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
