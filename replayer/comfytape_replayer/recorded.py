"""The jobs of a cassette: each submission with its answer, and what was said about its job afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import Body, Headers, Response
from comfytape_contracts.routes import route_of
from comfytape_replayer.meaning import meaning_of_input, meaning_of_prompt, workflow_of_input
from comfytape_replayer.said import Said
from comfytape_replayer.timeline import QUEUED, State, Timeline, job_answer, sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfytape_cassettes import Exchange
    from comfytape_replayer.meaning import Meaning
    from comfytape_replayer.noise import Noise
    from comfytape_replayer.said import Pieces

__all__ = ["Submission", "prompt_submissions", "run_submissions"]

SUBMITTING = frozenset({"run", "runsync"})
JSON = Headers((("Content-Type", "application/json; charset=utf-8"),))
ASKING = frozenset({"status", "status-sync"})


@dataclass(eq=False)
class Submission:
    """One recorded ``/run``, ``/runsync`` or ``POST /prompt``, with all that was asked about its job later.

    ``polls`` are the answers to ``/status`` (or ``/history/{id}``), up to what a client's own action changed;
    ``cancelled`` is the answer to ``/cancel``, ``again`` what was said after a ``/retry``, ``streamed`` the answers to
    ``/stream``.
    """

    exchange: Exchange
    operation: str
    number: int
    pieces: Pieces
    cassette: str = ""
    job: str = ""
    polls: list[Exchange] = field(default_factory=list)
    cancelled: Exchange | None = None
    again: list[Exchange] = field(default_factory=list)
    streamed: list[Exchange] = field(default_factory=list)
    uses: int = 0

    @property
    def document(self) -> Any:
        """The request body, parsed anew: ten thousand of them would fill the memory. None where it is not JSON."""
        try:
            return self.exchange.request.body.json()
        except ValueError:
            return None

    @property
    def job_input(self) -> Any:
        """The ``input`` of a RunPod job, the ``prompt`` of ComfyUI."""
        document = self.document
        return document.get("prompt" if self.operation == "prompt" else "input") if isinstance(document, dict) else None

    @property
    def workflow(self) -> Mapping[str, Any] | None:
        """The workflow it carried, or None."""
        job_input = self.job_input
        if self.operation == "prompt":
            return job_input if isinstance(job_input, dict) else None
        return workflow_of_input(job_input)

    def meaning(self, noise: Noise) -> Meaning:
        """The keys it is found under."""
        return (meaning_of_prompt if self.operation == "prompt" else meaning_of_input)(self.job_input, noise)

    @cached_property
    def timeline(self) -> Timeline:
        """The states it went through, from its submission."""
        first = self.state(self.exchange)
        if self.operation == "prompt":
            return (first, *self.history())
        if self.operation == "runsync":
            done = State(self.exchange.elapsed_ms, first.status, first.said, first.document)
            return (self.queued(), done, *map(self.state, self.polls))
        return (first, *map(self.state, self.polls))

    @cached_property
    def timeline_again(self) -> Timeline:
        """The states after a recorded ``/retry``; the first attempt's where none was recorded."""
        return (self.queued(), *map(self.state, self.again)) if self.again else self.timeline

    def state(self, exchange: Exchange) -> State:
        """What an exchange showed, and how long after the submission it was asked."""
        document = sketch(exchange.response)
        said = Said(exchange.response, self.job, self.pieces)
        at = 0.0 if exchange is self.exchange else exchange.started_ms - self.exchange.started_ms
        return State(max(at, 0.0), str(document.get("status", "")), said, document)

    def history(self) -> list[State]:
        """What ``/history/{id}`` said: empty first, as it is while a prompt waits or runs."""
        states = [self.state(exchange) for exchange in self.polls]
        if not states or states[0].document:
            empty = Response(200, "OK", JSON, Body.of(b"{}"))
            states.insert(0, State(0.0, "", Said(empty, "", self.pieces), {}))
        return states

    def queued(self) -> State:
        """The state of a job that waits."""
        return job_answer({"id": self.job, "status": QUEUED}, self.pieces)

    def exchanges(self) -> Iterator[Exchange]:
        """All exchanges it is made of."""
        yield self.exchange
        yield from self.polls
        yield from self.again
        yield from self.streamed
        if self.cancelled is not None:
            yield self.cancelled


def run_submissions(
    exchanges: Iterable[Exchange], pieces: Pieces, cassette: str = ""
) -> Iterator[tuple[str, Submission]]:
    """RunPod submissions with the endpoint each went to, in the order they were made; refused ones included."""
    found: dict[tuple[str, str], Submission] = {}
    retried: set[tuple[str, str]] = set()
    for number, exchange in enumerate(exchanges):
        route = route_of(exchange.request.url)
        if route.plane != "runpod":
            continue
        if route.name in SUBMITTING:
            document = sketch(exchange.response)
            job = str(document.get("id", "")) if exchange.response.status == 200 else ""
            submission = Submission(exchange, route.name, number, pieces, cassette, job)
            found[route.endpoint, job or f"refused {number}"] = submission
            continue
        key = (route.endpoint, route.argument)
        known = found.get(key)
        if known is None or exchange.response.status != 200:
            continue
        if route.name == "cancel":
            known.cancelled = exchange
        elif route.name == "retry":
            retried.add(key)
        elif route.name == "stream":
            known.streamed.append(exchange)
        elif route.name in ASKING and known.cancelled is None:
            (known.again if key in retried else known.polls).append(exchange)
    for (endpoint, _), submission in found.items():
        yield endpoint, submission


def prompt_submissions(exchanges: Iterable[Exchange], pieces: Pieces, cassette: str = "") -> list[Submission]:
    """Submissions to ComfyUI's ``POST /prompt``, in the order they were made; refused ones included."""
    found: dict[str, Submission] = {}
    waiting: dict[str, Submission] = {}
    for number, exchange in enumerate(exchanges):
        route = route_of(exchange.request.url)
        if route.plane != "comfyui":
            continue
        if route.name == "prompt" and exchange.request.method == "POST":
            job = str(sketch(exchange.response).get("prompt_id", "")) if exchange.response.status == 200 else ""
            submission = Submission(exchange, "prompt", number, pieces, cassette, job)
            found[job or f"refused {number}"] = submission
            if job:
                waiting[job] = submission
        elif route.name == "history" and exchange.response.status == 200:
            if route.argument in found:
                found[route.argument].polls.append(exchange)
            elif not route.argument:
                for known, entry in newly_listed(exchange, waiting):
                    known.polls.append(entry)
    return list(found.values())


def newly_listed(exchange: Exchange, waiting: dict[str, Submission]) -> Iterator[tuple[Submission, Exchange]]:
    """Prompts whose end the list of the latest ones shows first, each as ``/history/{id}`` would: the editor asks so.

    ``waiting`` loses those whose end is known.
    """
    for job in [job for job, known in waiting.items() if any(sketch(poll.response) for poll in known.polls)]:
        del waiting[job]
    listed = sketch(exchange.response) if waiting else {}
    for job in [job for job in waiting if job in listed]:
        said = Response(200, "OK", JSON, Body.of(json.dumps({job: listed[job]}).encode()))
        yield waiting.pop(job), replace(exchange, response=said)
