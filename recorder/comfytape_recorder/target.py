"""Where to record: endpoint, key and URLs from the environment variables that the contract names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_cassettes import UsageError
from comfytape_recorder.runpod import DEFAULT_BASE_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.contract import Endpoint

__all__ = ["Target", "plane_of", "target_of"]

LOOPBACK = ("127.", "localhost", "[::1]", "::1")


@dataclass(frozen=True, slots=True)
class Target:
    """What to talk to. ``endpoint`` is "" for a ComfyUI without RunPod, ``comfyui_url`` "" for RunPod alone."""

    endpoint: str
    key: str
    base_url: str
    comfyui_url: str

    def __repr__(self) -> str:
        return f"Target(endpoint={self.endpoint!r}, base_url={self.base_url!r}, comfyui_url={self.comfyui_url!r})"


def target_of(names: Endpoint, environment: Mapping[str, str]) -> Target:
    """The target that the environment describes.

    Raises:
        UsageError: neither an endpoint nor a ComfyUI is named, or an endpoint without a key, or a URL is none.
    """
    id_env = next((name for name in names.id_env if environment.get(name)), names.id_env[0])
    endpoint = environment.get(id_env, "").strip()
    key = environment.get(names.key_env, "").strip()
    comfyui = environment.get(names.comfyui_env, "").rstrip("/")
    base = environment.get(names.base_url_env, "").rstrip("/") or DEFAULT_BASE_URL
    if not endpoint and not comfyui:
        raise UsageError(
            f"no endpoint to record: neither {' nor '.join(names.id_env)} nor {names.comfyui_env} is set",
            hint=f"export {names.id_env[0]}=<endpoint id> and {names.key_env}=<key>",
        )
    if endpoint and not key:
        raise UsageError(
            f"endpoint {endpoint} needs a key, but {names.key_env} is not set", hint=f"export {names.key_env}=<key>"
        )
    if endpoint and not re.fullmatch(r"[A-Za-z0-9_.~-]+", endpoint):
        raise UsageError(
            f"{id_env} is not an endpoint id: {endpoint!r}",
            hint=f"expected the id alone, such as a1b2c3d4e5; the URL before it goes into {names.base_url_env}",
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"{names.key_env} holds characters that no key has (a line break, a quotation mark?)",
            hint=f"export {names.key_env} again, without quotation marks inside it",
        )
    for name, url in ((names.base_url_env, base), (names.comfyui_env, comfyui)):
        if url and not is_url(url):
            raise UsageError(f"{name} is not a URL: {url!r}", hint="expected http(s)://HOST[:PORT][/path]")
    return Target(endpoint, key, base, comfyui)


def is_url(url: str) -> bool:
    """Whether it is http(s) with a host and a port that exists."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def plane_of(target: Target) -> str:
    """``loopback`` when everything is on this machine, else ``runpod-cloud``."""
    hosts = [
        urlsplit(url).hostname or "" for url in (target.base_url if target.endpoint else "", target.comfyui_url) if url
    ]
    return "loopback" if all(host.startswith(LOOPBACK) for host in hosts) else "runpod-cloud"
