"""All that is recorded, indexed by what requests mean. Nothing is read before it is asked for."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from comfytape_contracts.routes import route_of
from comfytape_replayer.noise import NOISE
from comfytape_replayer.recorded import prompt_submissions, run_submissions
from comfytape_replayer.said import Pieces, Said
from comfytape_replayer.timeline import sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfytape_cassettes import Cassette, Exchange
    from comfytape_cassettes.redaction import Redactor
    from comfytape_contracts.routes import Route
    from comfytape_replayer.meaning import Meaning
    from comfytape_replayer.noise import Noise
    from comfytape_replayer.recorded import Submission

__all__ = ["Library", "Queue", "Shelf", "page_key", "query_of"]

PLAIN = ("health", "requests")
SEARCHED = 1 << 20
"""Bytes of a request that is searched for secrets before it counts as not recorded: everybody waits meanwhile."""


class Shelf:
    """Recorded submissions, found by meaning in a time that does not depend on their number."""

    def __init__(self, submissions: Iterable[Submission], noise: Noise = NOISE) -> None:
        self.submissions = list(submissions)
        self.noise = noise
        self.served: dict[bytes, int] = {}
        self.by_exact: dict[bytes, dict[bytes, list[Submission]]] = {}

    @cached_property
    def by_like(self) -> dict[bytes, list[Submission]]:
        """Submissions under the key of their values less noise: cheap, and what nearly all clients need."""
        return grouped((s.meaning(self.noise).like, s) for s in self.submissions)

    @cached_property
    def by_meant(self) -> dict[bytes, list[Submission]]:
        """Submissions under the key of what their graph is: for clients that number its nodes otherwise."""
        return grouped((s.meaning(self.noise).meant, s) for s in self.submissions)

    def find(self, meaning: Meaning) -> Submission | None:
        """The submission to play: the closest match wins; several equal ones take turns in recorded order."""
        key, alike = meaning.like, self.by_like.get(meaning.like)
        if alike is None:
            key, alike = meaning.meant, self.by_meant.get(meaning.meant)
        if alike is None or len(alike) == 1:
            return alike[0] if alike else None
        if key not in self.by_exact:
            self.by_exact[key] = grouped((s.meaning(self.noise).exact, s) for s in alike)
        equal = self.by_exact[key].get(meaning.exact)
        if equal is not None:
            key, alike = meaning.exact, equal
        turn = self.served.get(key, 0)
        self.served[key] = turn + 1
        return alike[turn % len(alike)]


def grouped(pairs: Iterable[tuple[bytes, Submission]]) -> dict[bytes, list[Submission]]:
    """Values by key, in order."""
    groups: dict[bytes, list[Submission]] = {}
    for key, submission in pairs:
        groups.setdefault(key, []).append(submission)
    return groups


class Queue(Shelf):
    """One RunPod endpoint as it was recorded."""

    def __init__(
        self, name: str, submissions: Iterable[Submission], health: Sequence[Exchange], noise: Noise = NOISE
    ) -> None:
        super().__init__(submissions, noise)
        self.name = name
        self.health = health

    @cached_property
    def at_rest(self) -> dict[str, Any]:
        """``/health`` as it was before the first job; {} where it was not asked then."""
        first = min((s.exchange.started_ms for s in self.submissions), default=float("inf"))
        before = (e for e in self.health if e.started_ms <= first)
        return next((sketch(e.response) for e in before), {})


Routed = list[tuple["Route", "Exchange"]]


class Library:
    """Cassettes opened for replay; ``noise`` is what need not be equal for a match, ``memory`` bytes of bodies kept.

    ``redactor`` reads a request as a recording of it would hold it: for matching, and for what is shown of it.
    """

    def __init__(
        self, cassettes: Sequence[Cassette], *, noise: Noise = NOISE, memory: int = 64 << 20,
        redactor: Redactor | None = None,
    ) -> None:  # fmt: skip
        self.cassettes = cassettes
        self.noise = noise
        self.given_redactor = redactor
        self.pieces = Pieces(memory)
        self.cursors: dict[tuple[str, str], int] = {}

    @cached_property
    def redactor(self) -> Redactor:
        """The one that was given, or one that knows no keys; its patterns take longest of all to load."""
        from comfytape_cassettes.redaction import Redactor  # noqa: PLC0415 - see above

        return self.given_redactor or Redactor()

    def as_kept(self, body: bytes) -> Any:
        """A JSON body as a recording would hold it, parsed; None for one without secrets, or too large to search."""
        clean, changed = self.redactor.body(body, "application/json") if len(body) <= SEARCHED else (body, False)
        return json.loads(clean) if changed else None

    @cached_property
    def routed(self) -> list[Routed]:
        """Each cassette's exchanges with what they asked for."""
        return [[(route_of(e.request.url), e) for e in cassette.exchanges] for cassette in self.cassettes]

    @cached_property
    def queues(self) -> Mapping[str, Queue]:
        """RunPod endpoints by id."""
        submissions: dict[str, list[Submission]] = {}
        health: dict[str, list[Exchange]] = {}
        for cassette in self.cassettes:
            for endpoint, submission in run_submissions(cassette.exchanges, self.pieces, cassette.name):
                submissions.setdefault(endpoint, []).append(submission)
        for routed in self.routed:
            for route, exchange in routed:
                if route.plane == "runpod" and route.name == "health" and exchange.response.status == 200:
                    health.setdefault(route.endpoint, []).append(exchange)
        names = dict.fromkeys((*submissions, *health))
        return {name: Queue(name, submissions.get(name, ()), health.get(name, ()), self.noise) for name in names}

    def queue(self, endpoint: str) -> Queue | None:
        """The endpoint of that id; where only one is recorded, it answers under any id."""
        if len(self.queues) == 1:
            return next(iter(self.queues.values()))
        return self.queues.get(endpoint)

    @cached_property
    def prompts(self) -> Shelf:
        """Prompts that were submitted to a ComfyUI."""
        submissions = (
            submission
            for cassette in self.cassettes
            for submission in prompt_submissions(cassette.exchanges, self.pieces, cassette.name)
        )
        return Shelf(submissions, self.noise)

    @cached_property
    def pages(self) -> Mapping[tuple[str, str], list[Said]]:
        """Recorded answers of ComfyUI's other routes, by method and path with its query; the first cassette wins."""
        pages: dict[tuple[str, str], list[Said]] = {}
        for routed in self.routed:
            here: dict[tuple[str, str], list[Said]] = {}
            for route, exchange in routed:
                if route.plane == "comfyui" and exchange.request.method == "GET":
                    key = page_key(route, exchange.request.url)
                    here.setdefault(key, []).append(Said(exchange.response, "", self.pieces))
            for key, answers in here.items():
                pages.setdefault(key, answers)
        return pages

    def page(self, route: Route, url: str) -> Said | None:
        """The next recorded answer to a GET; the last one stays."""
        key = page_key(route, url)
        answers = self.pages.get(key)
        if not answers:
            return None
        turn = self.cursors.get(key, 0)
        if turn + 1 < len(answers):
            self.cursors[key] = turn + 1
        return answers[turn]

    def rewind(self) -> None:
        """Begin again: equal recordings take turns from the first, and nothing counts as used."""
        self.cursors.clear()
        for shelf in (*self.queues.values(), self.prompts):
            shelf.served.clear()
            for submission in shelf.submissions:
                submission.uses = 0
        for answers in self.pages.values():
            for said in answers:
                said.uses = 0

    def unused(self) -> list[str]:
        """Recorded jobs, prompts and routes that nobody has asked for, as people name them."""
        shelves: list[tuple[str, Shelf]] = [
            (f"job {{}} of endpoint {name}", queue) for name, queue in self.queues.items()
        ]
        shelves.append(("prompt {}", self.prompts))
        words = [
            f"{words.format(submission.job or 'refused')} (exchange {submission.number + 1} of {submission.cassette})"
            for words, shelf in shelves
            for submission in shelf.submissions
            if not submission.uses
        ]
        for (path, query), answers in self.pages.items():
            if not any(said.uses for said in answers):
                words.append(f"GET /{path}{'?' + query if query else ''}")
        return words

    @cached_property
    def inventory(self) -> Mapping[str, Any] | None:
        """The whole ``/object_info`` that was recorded, parsed, or None."""
        whole = self.pages.get(("object_info", ""))
        return sketch(whole[-1].response) if whole else None


def page_key(route: Route, url: str) -> tuple[str, str]:
    """Path without ``/api``, and query in a stable order."""
    path = f"{route.name}/{route.argument}" if route.argument else route.name
    return path, query_of(url)


def query_of(url: str) -> str:
    """The query with its parameters sorted; ``rand``, by which ComfyUI's frontend defeats caches, is left out."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "rand")
