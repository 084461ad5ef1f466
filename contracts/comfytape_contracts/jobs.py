"""Jobs as a tape shows them: each with the states it went through and when it was seen in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_contracts.outputs import document_in
from comfytape_contracts.routes import route_of
from comfytape_contracts.wire import JobObject, job_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_cassettes import Exchange

__all__ = ["Job", "State", "jobs_of", "said_by", "with_state", "workflow_in"]


@dataclass(frozen=True, slots=True)
class State:
    """One state of a job: the answer that showed it and the moments (ms from the start) at which it was seen."""

    said: JobObject
    exchange: Exchange

    @property
    def first_ms(self) -> float:
        """When the first answer that showed it was complete."""
        return self.exchange.started_ms + self.exchange.elapsed_ms


@dataclass(frozen=True)
class Job:
    """One job of a queue endpoint.

    Attributes:
        endpoint: the endpoint id in its URL.
        id: the id RunPod gave it.
        submitted: the ``/run`` or ``/runsync`` exchange, or None where the tape begins later.
        states: what ``/status`` (or ``/runsync``) said, in order, without repeats.
        cancelled: the ``/cancel`` exchange, if any.
        seen_ms: when something was last said about it, ms from the start of the recording.
    """

    endpoint: str
    id: str
    submitted: Exchange | None = None
    states: tuple[State, ...] = ()
    cancelled: Exchange | None = None
    seen_ms: float = 0.0

    @cached_property
    def last(self) -> JobObject | None:
        """The last thing said about the job; a final state wins over a late answer to an earlier poll."""
        said = [state.said for state in self.states]
        return next((s for s in reversed(said) if s.is_final), said[-1] if said else None)

    @property
    def status(self) -> str:
        """The last known state, or ``UNKNOWN`` when nothing was said."""
        return self.last.status if self.last else "UNKNOWN"

    @property
    def is_final(self) -> bool:
        """Whether the tape shows how the job ended."""
        return self.last is not None and self.last.is_final

    @property
    def submitted_ms(self) -> float:
        """When it was submitted, in ms from the start of the recording."""
        first = self.submitted or (self.states[0].exchange if self.states else None)
        return first.started_ms if first else 0.0

    @cached_property
    def ended_ms(self) -> float | None:
        """When its final state was first seen, or None."""
        return next((s.first_ms for s in self.states if s.said.is_final), None)

    @cached_property
    def request(self) -> Any:
        """The parsed request body, or None."""
        try:
            return self.submitted.request.body.json() if self.submitted else None
        except ValueError:
            return None

    @cached_property
    def input(self) -> Any:
        """The job's ``input``, or None."""
        return self.request.get("input") if isinstance(self.request, dict) else None

    @cached_property
    def workflow(self) -> Mapping[str, Any] | None:
        """The workflow it carried, or None; a ComfyUI is given it as ``prompt``."""
        prompt = self.request.get("prompt") if isinstance(self.request, dict) else None
        return prompt if self.input is None and isinstance(prompt, dict) else workflow_in(self.input)


def workflow_in(job_input: Any) -> Mapping[str, Any] | None:
    """The workflow in a job's input; worker-comfyui takes the input as an object or as a JSON string (handler.py)."""
    if isinstance(job_input, str):
        try:
            job_input = json.loads(job_input)
        except (ValueError, RecursionError):
            return None
    workflow = job_input.get("workflow") if isinstance(job_input, dict) else None
    return workflow if isinstance(workflow, dict) else None


def jobs_of(exchanges: Iterable[Exchange]) -> tuple[Job, ...]:
    """All jobs of a tape, in order of submission."""
    jobs: dict[tuple[str, str], Job] = {}
    for exchange in exchanges:
        route = route_of(exchange.request.url)
        if route.plane != "runpod" or exchange.response.status != 200:
            continue
        if route.name in ("run", "runsync"):
            said = said_by(exchange)
            if said is not None:
                key = (route.endpoint, said.id)
                job = replace(jobs.get(key) or Job(*key), submitted=exchange)
                jobs[key] = with_state(job, said, exchange)
        elif route.name in ("status", "status-sync", "retry", "cancel"):
            key = (route.endpoint, route.argument)
            said = said_by(exchange)
            if said is None:
                continue
            job = jobs.get(key) or Job(*key)
            if route.name == "cancel":
                job = replace(job, cancelled=exchange)
            # Of a job that had ended, /cancel names the state alone: no word that its result is lost.
            tells_all = route.name != "cancel" or said.status == "CANCELLED" or said.output is not None
            jobs[key] = with_state(job, said, exchange) if tells_all else job
    return tuple(sorted(jobs.values(), key=lambda job: job.submitted_ms))


def said_by(exchange: Exchange) -> JobObject | None:
    """The job object in an answer, or None where the body is something else. Pictures stay stored: see outputs.py."""
    try:
        return job_of(document_in(exchange.response))
    except (ValueError, RecursionError):
        return None


def with_state(job: Job, said: JobObject, exchange: Exchange) -> Job:
    """The job with one more state, unless it is the state it was in already."""
    seen_ms = max(job.seen_ms, exchange.last_ms)
    if job.states and job.states[-1].said == said:
        return replace(job, seen_ms=seen_ms)
    return replace(job, states=(*job.states, State(said, exchange)), seen_ms=seen_ms)
