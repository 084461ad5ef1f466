"""What a cassette says about one endpoint, as the checks need it: inventory, models, jobs, health."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_contracts.jobs import Job, jobs_of
from comfytape_contracts.outputs import OutputImage, images_of
from comfytape_contracts.prompts import prompts_of
from comfytape_contracts.routes import Route, route_of
from comfytape_contracts.wire import Health, health_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from comfytape_cassettes import Exchange, Failure

__all__ = ["Tape"]


class Recorded(Protocol):
    """A cassette, or anything else that holds exchanges."""

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """In the order they began."""

    @property
    def failures(self) -> Sequence[Failure]:
        """Requests that got no answer."""


class Tape:
    """A recording read as one endpoint's answers. Everything is derived when first asked for."""

    def __init__(self, cassette: Recorded) -> None:
        self.cassette = cassette
        self.left_out: frozenset[str] = frozenset()
        #: What other modules derive from the whole recording, by name: once, for this tape and its copies.
        self.derived: dict[str, Any] = {}

    def without(self, jobs: Collection[str]) -> Tape:
        """The same tape less some jobs, by id; what was derived already is not derived again."""
        less = copy.copy(self)
        less.left_out = frozenset(jobs)
        less.__dict__.pop("jobs", None)
        return less

    @cached_property
    def routed(self) -> Sequence[tuple[Route, Exchange]]:
        """All exchanges with what they asked for."""
        return [(route_of(e.request.url), e) for e in self.cassette.exchanges]

    def answers(self, name: str) -> Iterator[tuple[Route, Any]]:
        """Parsed JSON answers (HTTP 200) to GETs of a ComfyUI route, in order; what is not JSON is passed over."""
        for route, exchange in self.routed:
            if route.plane == "comfyui" and route.name == name and exchange.request.method == "GET":
                data = parsed(exchange)
                if data is not None:
                    yield route, data

    @cached_property
    def inventory(self) -> Mapping[str, Any] | None:
        """``/object_info``: the last whole one, else what single classes say, else None."""
        whole: Mapping[str, Any] | None = None
        single: dict[str, Any] = {}
        for route, data in self.answers("object_info"):
            if not isinstance(data, dict):
                continue
            if route.argument:
                single.update(data)
            else:
                whole = data
        return whole if whole is not None else (single or None)

    @cached_property
    def inventory_is_whole(self) -> bool:
        """Whether every class was asked for, so that absence means absence."""
        return any(not route.argument and isinstance(data, dict) for route, data in self.answers("object_info"))

    @cached_property
    def classes_asked(self) -> frozenset[str]:
        """Classes that were asked for one by one."""
        return frozenset(route.argument for route, _ in self.answers("object_info") if route.argument)

    @cached_property
    def system(self) -> Mapping[str, Any]:
        """``system`` of the last ``/system_stats``; empty where there was none."""
        found: Mapping[str, Any] = {}
        for _, data in self.answers("system_stats"):
            if isinstance(data, dict) and isinstance(data.get("system"), dict):
                found = data["system"]
        return found

    @cached_property
    def models(self) -> Mapping[str, frozenset[str]]:
        """Files by folder, as ``/models/{folder}`` lists them; only folders that were asked for and exist."""
        folders: dict[str, frozenset[str]] = {}
        for route, data in self.answers("models"):
            if route.argument and isinstance(data, list):
                folders[route.argument] = frozenset(str(name) for name in data)
        return folders

    @cached_property
    def model_folders_asked(self) -> frozenset[str]:
        """Folders that ComfyUI was asked for and spoke about: a list, or 404 for a folder that it does not know."""
        unknown = (
            r.argument
            for r, e in self.routed
            if r.plane == "comfyui" and r.name == "models" and r.argument and e.response.status == 404
        )
        return frozenset((*self.models, *unknown))

    @cached_property
    def model_sizes(self) -> Mapping[tuple[str, str], int]:
        """Bytes by (folder, name), from ``/experiment/models/{folder}``."""
        sizes: dict[tuple[str, str], int] = {}
        for route, data in self.answers("experiment/models"):
            for item in data if isinstance(data, list) and route.argument else ():
                if isinstance(item, dict) and isinstance(item.get("size"), int):
                    sizes[route.argument, str(item.get("name"))] = item["size"]
        return sizes

    @cached_property
    def all_jobs(self) -> Sequence[Job]:
        """All jobs in order of submission: RunPod's, or the prompts of a ComfyUI where the tape has no job."""
        return jobs_of(self.cassette.exchanges) or prompts_of(self.cassette.exchanges)

    @cached_property
    def jobs(self) -> Sequence[Job]:
        """All jobs but those left out."""
        return tuple(job for job in self.all_jobs if job.id not in self.left_out)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The place of every job on the whole tape, from 1, by its id: how people tell jobs apart."""
        return {job.id: number for number, job in enumerate(self.all_jobs, start=1)}

    @cached_property
    def fetched(self) -> Mapping[str, Exchange]:
        """Answers to GETs by URL less its query: presigned queries differ, and are redacted, each time."""
        return {e.request.url.partition("?")[0]: e for e in self.cassette.exchanges if e.request.method == "GET"}

    def brought(self, job: Job) -> tuple[OutputImage, ...]:
        """The images of a job's output; of those at a URL, the bytes that the recorder fetched from there."""
        return tuple(self.found(image) for image in images_of(job.last)) if job.last else ()

    def found(self, image: OutputImage) -> OutputImage:
        """An image with the bytes that are on the tape, or with the reason why there are none."""
        answer = self.fetched.get(image.url.partition("?")[0]) if image.url else None
        if answer is None:
            return image
        if answer.response.status != 200:
            return replace(
                image, problem=f"its URL answered {answer.response.status} {answer.response.reason}".rstrip()
            )
        return replace(image, data=answer.response.content(), url="")

    @cached_property
    def health(self) -> Sequence[tuple[float, Health]]:
        """Every ``/health`` with the moment (ms) it was answered; repeats of the same answer included."""
        seen: list[tuple[float, Health]] = []
        for route, exchange in self.routed:
            if route.plane == "runpod" and route.name == "health":
                said = health_of(parsed(exchange))
                if said is not None:
                    seen += [(started + elapsed, said) for started, elapsed in exchange.times]
        return sorted(seen, key=lambda moment: moment[0])

    def workers_before(self, moment_ms: float) -> int | None:
        """Workers that could take a job just before a moment, or None where ``/health`` was not asked by then."""
        before = [said.workers.able for at, said in self.health if at <= moment_ms]
        return before[-1] if before else None


def parsed(exchange: Exchange) -> Any:
    """The JSON body of a 200, or None."""
    if exchange.response.status != 200:
        return None
    try:
        return json.loads(exchange.response.content())
    except (ValueError, RecursionError):
        return None
