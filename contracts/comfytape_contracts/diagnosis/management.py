"""RunPod's management documents as they come over the wire (REST v2 specification, GA 2026-08-18), read leniently."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError

from comfytape_contracts.routes import Route
from comfytape_contracts.wire import Wire

__all__ = [
    "EndpointConfig",
    "Gpu",
    "GpuType",
    "Volume",
    "WorkerBounds",
    "WorkerList",
    "WorkerRecord",
    "WorkerSummary",
    "management_route",
    "read_as",
]

Document = TypeVar("Document", bound=Wire)


class WorkerBounds(Wire):
    """``workers`` of an endpoint: ``max`` 0 means that none ever starts; ``idle_s`` in seconds."""

    min: int = 0
    max: int
    idle_s: float = Field(default=5.0, alias="idleTimeout")


class Gpu(Wire):
    """``gpu`` of an endpoint; None for a CPU endpoint."""

    pools: list[str] = Field(default=[])
    excluded: list[str] = Field(default=[], alias="excludedTypes")
    count: int = 1
    cuda: list[str] = Field(default=[], alias="allowedCudaVersions")


class EndpointConfig(Wire):
    """``GET /v2/serverless/{id}``; ``timeout_ms`` 0 where none was set. Values of ``env`` are secrets: names only."""

    id: str
    name: str = ""
    type: str = "QUEUE"
    image: str = ""
    env: dict[str, Any] = Field(default={})
    registry: str | None = None
    gpu: Gpu | None = None
    workers: WorkerBounds
    data_centers: list[str] = Field(default=[], alias="dataCenterIds")
    volumes: list[str] = Field(default=[], alias="networkVolumes")
    timeout_ms: float = Field(default=0, alias="timeout")
    flashboot: str = ""


class WorkerSummary(Wire):
    """``summary`` of ``/workers``."""

    running: int = 0
    idle: int = 0
    initializing: int = 0
    throttled: int = 0
    unhealthy: int = 0
    total: int = 0


class WorkerRecord(Wire):
    """One worker; ``up_s`` None until it is placed."""

    id: str
    status: str = ""
    stale: bool = Field(default=False, alias="isStale")
    version: int | None = None
    image: str | None = None
    gpu_type: str | None = Field(default=None, alias="gpuTypeId")
    data_center: str | None = Field(default=None, alias="dataCenterId")
    up_s: float | None = Field(default=None, alias="uptimeSeconds")


class WorkerList(Wire):
    """``GET /v2/serverless/{id}/workers``."""

    version: int | None = Field(default=None, alias="endpointVersion")
    summary: WorkerSummary
    workers: list[WorkerRecord] = Field(default=[])


class Volume(Wire):
    """``GET /v2/network-volumes/{id}``; ``size`` in GB."""

    id: str
    name: str = ""
    size: float = 0
    data_center: str = Field(default="", alias="dataCenter")


class Price(Wire):
    """US dollars per hour and GPU; ``serverless`` is absent for a GPU in no serverless pool."""

    serverless: float | None = None


class GpuType(Wire):
    """One entry of ``GET /v2/catalog/gpus``; ``availability`` only where it was asked for with the product."""

    id: str
    name: str = ""
    pool: str | None = None
    memory: float = 0
    price: Price = Price()
    availability: str | None = None


PATHS = (
    (re.compile(r".*/v2/serverless/(?P<id>[^/]+)/workers/?$"), "workers"),
    (re.compile(r".*/v2/serverless/(?P<id>[^/]+)/?$"), "serverless"),
    (re.compile(r".*/v2/network-volumes/(?P<id>[^/]+)/?$"), "network-volumes"),
    (re.compile(r".*/v2/catalog/(?P<id>gpus)/?$"), "catalog"),
)


def management_route(url: str) -> Route | None:
    """The management call of a URL, with the endpoint or volume id; None where it is no such call."""
    path = urlsplit(url).path
    for pattern, name in PATHS:
        found = pattern.match(path)
        if found:
            identity = unquote(found["id"])
            kept = identity if name in ("workers", "serverless") else ""
            return Route("management", name, endpoint=kept, argument="" if kept else identity)
    return None


def read_as(kind: type[Document], data: Any) -> Document | None:
    """A document of that kind, or None where it is something else."""
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None
