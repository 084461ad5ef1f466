"""Which versions a recording shows, each with where it was seen."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfytape_contracts.definitions import definitions_of
from comfytape_contracts.diagnosis.handler import output_sign
from comfytape_contracts.diagnosis.management import EndpointConfig, management_route, read_as
from comfytape_contracts.drift.packs import packs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.tape import Tape

__all__ = ["MANAGER_ROUTES", "Seen", "SeenPack", "SeenVersions", "manager_packs"]

MANAGER_ROUTES = ("customnode/installed", "v2/customnode/installed")
"""ComfyUI-Manager 3.x and 4.x; absent (404) without it (Manager's glob/manager_server.py)."""

SYSTEM = {
    "comfyui": ("comfyui_version", "comfyui_version in /system_stats"),
    "frontend": ("required_frontend_version", "what this ComfyUI requires (required_frontend_version)"),
    "python": ("python_version", "python_version in /system_stats"),
    "torch": ("pytorch_version", "pytorch_version in /system_stats"),
}
WORKER_IMAGE = re.compile(r"worker-comfyui:v?(?P<version>[0-9]+(?:\.[0-9]+)+)")
SDK = re.compile(r"RunPod-Python-SDK/(?P<version>[0-9][0-9.]*)")
"""User-Agent of RunPod's SDK as a worker (runpod-python user_agent.py)."""

COMMIT = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class Seen:
    """A version, and where it was seen."""

    version: str
    where: str


@dataclass(frozen=True, slots=True)
class SeenPack:
    """A node pack: ``version`` and ``commit`` as Manager tells them, ``definitions`` its fingerprint; "" if unknown."""

    version: str = ""
    commit: str = ""
    definitions: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class SeenVersions:
    """All versions of one recording.

    ``worker_shape`` is what the results say of the worker where no image does: ``new`` (4.1.0, 5.x), ``old``, or "".
    """

    parts: Mapping[str, Seen] = field(default_factory=dict)
    packs: Mapping[str, SeenPack] = field(default_factory=dict)
    manager: bool = False
    worker_shape: str = ""

    @classmethod
    def of(cls, tape: Tape) -> SeenVersions:
        """Everything that the recording shows."""
        parts = {
            name: Seen(str(tape.system[key]).split(" ", maxsplit=1)[0], where)
            for name, (key, where) in SYSTEM.items()
            if tape.system.get(key)
        }
        parts |= {name: seen for name, seen in (("worker", worker_image(tape)), ("sdk", sdk(tape))) if seen}
        return cls(parts, packs(tape), any(manager_answers(tape)), shape(tape))

    def pack(self, name: str) -> SeenPack | None:
        """A pack by its folder or its id in the registry, in any case."""
        wanted = name.lower().removeprefix("custom_nodes.")
        return next((pack for known, pack in self.packs.items() if known.lower() == wanted), None)


def packs(tape: Tape) -> dict[str, SeenPack]:
    """Packs that brought node classes, or that Manager lists, by the name of their folder."""
    listed = manager_packs(tape)
    digests = definitions_of(tape.inventory) if tape.inventory is not None and tape.inventory_is_whole else {}
    providing = packs_of(tape.inventory) if tape.inventory is not None else {}
    lower = {name.lower(): name for name in providing}
    found = {name: SeenPack(definitions=digests.get(name, "")) for name in providing}
    for name, pack in listed.items():
        own = lower.get(name.lower(), name)
        found[own] = SeenPack(pack.version, pack.commit, digests.get(own, ""), pack.enabled)
    return found


def manager_answers(tape: Tape) -> Iterator[Mapping[str, Any]]:
    """Answers to Manager's list of installed packs."""
    for route in MANAGER_ROUTES:
        for _, data in tape.answers(route):
            if isinstance(data, dict):
                yield data


def manager_packs(tape: Tape) -> dict[str, SeenPack]:
    """What Manager lists: ``{name: {ver, cnr_id, aux_id, enabled}}``; ``ver`` is a commit for packs from git.

    A pack from the registry goes by its folder, which Manager calls it by, and where that is a version-suffixed name
    (``res4lyf@1_1_0``) by what stands before.
    """
    found: dict[str, SeenPack] = {}
    for answer in manager_answers(tape):
        for name, facts in answer.items():
            said = str(facts.get("ver") or "") if isinstance(facts, dict) else ""
            if said:
                is_commit = bool(COMMIT.fullmatch(said)) and not said.isdigit()
                found[name.partition("@")[0]] = SeenPack(
                    version="" if is_commit else said,
                    commit=said if is_commit else "",
                    enabled=facts.get("enabled") is not False,
                )
    return found


def worker_image(tape: Tape) -> Seen | None:
    """The tag of the endpoint's image, where the management API told it and the image is worker-comfyui's own."""
    for exchange in tape.cassette.exchanges:
        route = management_route(exchange.request.url)
        if route is None or route.name != "serverless" or exchange.response.status != 200:
            continue
        config = read_as(EndpointConfig, document(exchange.response.content()))
        found = WORKER_IMAGE.search(config.image) if config else None
        if found and config:
            return Seen(found["version"], f"image {config.image}")
    return None


def shape(tape: Tape) -> str:
    """``new`` or ``old`` by the results of the jobs; "" where none has a shape of worker-comfyui's."""
    for job in tape.jobs:
        if job.last is None or job.status != "COMPLETED":
            continue
        sign = output_sign(job, job.last.output)
        if sign is not None and sign.kind == "comfyui":
            return "old" if "before" in sign.words else "new"
    return ""


def sdk(tape: Tape) -> Seen | None:
    """RunPod's SDK in the worker: it says its version in exceptions, and in its User-Agent where that was recorded."""
    for job in tape.jobs:
        error = document(str(job.last.error or "").encode()) if job.last else None
        version = error.get("runpod_version") if isinstance(error, dict) else None
        if isinstance(version, str) and version:
            return Seen(version, f"runpod_version in the error of job {job.id[:8]}")
    for exchange in tape.cassette.exchanges:
        found = SDK.search(exchange.request.headers.get("user-agent"))
        if found:
            return Seen(found["version"].rstrip("."), "the SDK's User-Agent")
    return None


def document(body: bytes) -> Any:
    """Parsed JSON, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
