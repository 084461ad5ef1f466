"""What was said, sorted by who said it: the job API of each endpoint, the management API, a ComfyUI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_contracts.diagnosis.management import (
    EndpointConfig,
    GpuType,
    Volume,
    WorkerList,
    management_route,
    read_as,
)
from comfytape_contracts.routes import RUNPOD_OPERATIONS, Route, route_of
from comfytape_contracts.tape import Tape
from comfytape_contracts.wire import Health, health_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_cassettes import Exchange
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.tape import Recorded

__all__ = ["Answer", "Asked", "EndpointEvidence", "Evidence", "is_probe"]

PROBE_INPUT = {"comfytape_probe": "which handler is this?"}
"""A job's input that no handler takes: each says in its error what it wants, before it does any work."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Where live questions went. What is empty was not asked, or is read off the URLs of a recording.

    ``variable`` is the name of what held the endpoint's id.
    """

    endpoint: str = ""
    base_url: str = ""
    management_url: str = ""
    comfyui_url: str = ""
    variable: str = ""

    def route_of(self, url: str) -> Route:
        """Which call a URL is, also below a base URL of an unusual form."""
        if self.comfyui_url and url.startswith(f"{self.comfyui_url}/"):
            return route_of(url[len(self.comfyui_url) :])
        ours = f"{self.base_url}/{self.endpoint}/" if self.endpoint else ""
        if ours and url.startswith(ours):
            operation, _, job = url[len(ours) :].partition("?")[0].partition("/")
            if operation in RUNPOD_OPERATIONS:
                return Route("runpod", operation, self.endpoint, job)
        found = route_of(url)
        return found if found.plane == "runpod" else management_route(url) or found


@dataclass(frozen=True, slots=True)
class Answer:
    """One request with what came of it: an exchange, or the words why there is none."""

    route: Route
    method: str
    url: str
    at_ms: float
    exchange: Exchange | None = None
    failure: str = ""

    @property
    def status(self) -> int:
        """The HTTP status; 0 where no answer came."""
        return self.exchange.response.status if self.exchange else 0

    @property
    def data(self) -> Any:
        """The parsed body, whatever the status; None where it is not JSON."""
        if self.exchange is None:
            return None
        try:
            return json.loads(self.exchange.response.content())
        except (ValueError, RecursionError):
            return None

    @property
    def good(self) -> Any:
        """The parsed body of a 200, else None."""
        return self.data if self.status == 200 else None


@dataclass(frozen=True)
class EndpointEvidence:
    """All that was said of one endpoint.

    ``answers`` are those of its job API, ``config`` and ``workers`` of the management API; ``managed`` are the
    management API's answers about it, good or not.
    """

    id: str
    answers: Sequence[Answer] = ()
    jobs: Sequence[Job] = ()
    config: EndpointConfig | None = None
    workers: WorkerList | None = None
    volumes: Sequence[Volume] = ()
    gpus: Sequence[GpuType] = ()
    managed: Sequence[Answer] = ()
    variable: str = ""

    @cached_property
    def health(self) -> Sequence[tuple[float, Health]]:
        """Every ``/health`` with its moment in ms, repeats included."""
        seen = [
            (started + elapsed, said)
            for answer in self.answers
            if answer.route.name == "health" and answer.exchange and (said := health_of(answer.good)) is not None
            for started, elapsed in answer.exchange.times
        ]
        return sorted(seen, key=lambda moment: moment[0])

    @property
    def last_health(self) -> Health | None:
        """The last ``/health``, or None."""
        return self.health[-1][1] if self.health else None

    @cached_property
    def ended(self) -> Sequence[Job]:
        """Jobs that a worker took to an end: completed, failed or timed out."""
        return [job for job in self.jobs if job.is_final and job.status != "CANCELLED"]

    @cached_property
    def waiting(self) -> Sequence[Job]:
        """Jobs that nobody took while they were watched: last seen IN_QUEUE, or cancelled from there."""
        return [job for job in self.jobs if {s.said.status for s in job.states} <= {"IN_QUEUE", "CANCELLED"}]

    @cached_property
    def waited_s(self) -> float:
        """Seconds for which the queue was seen to wait."""
        polls = [(s.exchange.last_ms - job.submitted_ms) / 1000 for job in self.waiting for s in job.states]
        queued = [at for at, said in self.health if said.jobs.in_queue]
        return max([*polls, (queued[-1] - queued[0]) / 1000 if queued else 0.0])


class Evidence:
    """What a recording, or a round of live questions, holds for a diagnosis."""

    def __init__(self, said: Recorded, asked: Asked | None = None, tape: Tape | None = None) -> None:
        self.said = said
        self.asked = asked or Asked()
        self.tape = tape or Tape(said)

    @classmethod
    def of(cls, tape: Tape) -> Evidence:
        """What a tape holds, sorted once however often it is asked for."""
        if "evidence" not in tape.derived:
            tape.derived["evidence"] = cls(tape.cassette, tape=tape)
        evidence: Evidence = tape.derived["evidence"]
        return evidence

    @cached_property
    def answers(self) -> Sequence[Answer]:
        """Everything that was asked, in the order in which it ended."""
        route = self.asked.route_of
        good = [
            Answer(route(e.request.url), e.request.method, e.request.url, e.last_ms, e) for e in self.said.exchanges
        ]
        bad = [Answer(route(f.url), f.method, f.url, sum(f.times), failure=f.error) for f in self.said.failures]
        return sorted([*good, *bad], key=lambda answer: answer.at_ms)

    @cached_property
    def comfyui(self) -> Sequence[Answer]:
        """Answers of a ComfyUI's own HTTP API."""
        return [answer for answer in self.answers if answer.route.plane == "comfyui"]

    @cached_property
    def endpoints(self) -> Sequence[EndpointEvidence]:
        """Each endpoint that was asked, in the order of first asking."""
        named = [a.route.endpoint for a in self.answers if a.route.plane in ("runpod", "management")]
        asked = [self.asked.endpoint] if self.asked.endpoint else [name for name in named if name]
        jobs = self.tape.all_jobs
        return [self.endpoint(name, [job for job in jobs if job.endpoint == name]) for name in dict.fromkeys(asked)]

    def endpoint(self, name: str, jobs: Sequence[Job]) -> EndpointEvidence:
        """The evidence of one endpoint."""
        managed = [a for a in self.answers if a.route.plane == "management"]
        own = [a for a in managed if a.route.endpoint == name]
        catalog = [a.good for a in managed if a.route.name == "catalog" and isinstance(a.good, dict)]
        volumes = [read_as(Volume, a.good) for a in managed if a.route.name == "network-volumes"]
        config = [read_as(EndpointConfig, a.good) for a in own if a.route.name == "serverless"]
        workers = [read_as(WorkerList, a.good) for a in own if a.route.name == "workers"]
        listed = catalog[-1].get("gpus") if catalog else None
        gpus = [read_as(GpuType, gpu) for gpu in (listed if isinstance(listed, list) else [])]
        return EndpointEvidence(
            id=name,
            answers=[a for a in self.answers if a.route.plane == "runpod" and a.route.endpoint == name],
            jobs=jobs,
            config=next((c for c in reversed(config) if c is not None), None),
            workers=next((w for w in reversed(workers) if w is not None), None),
            volumes=[v for v in volumes if v is not None],
            gpus=[g for g in gpus if g is not None],
            managed=own,
            variable=self.asked.variable,
        )


def is_probe(job: Job) -> bool:
    """Whether the job is the doctor's own question."""
    return bool(job.input == PROBE_INPUT)
