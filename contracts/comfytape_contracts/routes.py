"""Which call a URL is: RunPod's job API below ``/v2/{endpoint}/``, a volume's listing, else ComfyUI's routes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

__all__ = ["RUNPOD_OPERATIONS", "Route", "route_of"]

RUNPOD_OPERATIONS = frozenset(
    {"cancel", "health", "purge-queue", "requests", "retry", "run", "runsync", "status", "status-sync", "stream"}
)
"""Operations of a queue endpoint (docs.runpod.io, send requests; ``status-sync`` is what the JavaScript SDK calls)."""

RUNPOD_PATH = re.compile(r"(?:^|.*/)v2/(?P<endpoint>[^/]+)/(?P<operation>[a-z-]+)(?:/(?P<job>[^/]+))?/?$")


@dataclass(frozen=True, slots=True)
class Route:
    """What a URL asks for.

    ``plane`` is ``runpod``, ``comfyui`` or ``s3``. For RunPod ``name`` is the operation, ``endpoint`` and ``argument``
    (the job id) are set; for ComfyUI ``name`` is the path without ``/api`` and ``argument`` what follows a parametrised
    route; for a listing of an S3 API ``argument`` is the volume.
    """

    plane: str
    name: str
    endpoint: str = ""
    argument: str = ""


COMFYUI_PARAMETRISED = ("object_info", "models", "experiment/models", "history", "view_metadata", "api/jobs")


def route_of(url: str) -> Route:
    """The route of a URL, absolute or a path alone."""
    split = urlsplit(url)
    path = split.path
    if "list-type=2" in split.query.split("&"):
        return Route("s3", "list", argument=unquote(path.strip("/")))  # ListObjectsV2, path style
    found = RUNPOD_PATH.match(path)
    if found and found["operation"] in RUNPOD_OPERATIONS:
        return Route("runpod", found["operation"], unquote(found["endpoint"]), unquote(found["job"] or ""))
    # Every ComfyUI route exists twice, at /x and /api/x (server.py add_routes).
    parts = path.strip("/").removeprefix("api/")
    for name in COMFYUI_PARAMETRISED:
        if parts == name or parts.startswith(f"{name}/"):
            return Route("comfyui", name, argument=unquote(parts[len(name) + 1 :]))
    return Route("comfyui", parts)
