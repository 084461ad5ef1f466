"""Where to record: endpoint, key and URLs from the environment variables that the contract names."""

from __future__ import annotations

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
    endpoint = next((environment[name] for name in names.id_env if environment.get(name)), "")
    key = environment.get(names.key_env, "")
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
    for name, url in ((names.base_url_env, base), (names.comfyui_env, comfyui)):
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise UsageError(f"{name} is not a URL: {url!r}", hint="expected http(s)://HOST[:PORT][/path]")
    return Target(endpoint, key, base, comfyui)


def plane_of(target: Target) -> str:
    """``loopback`` when everything is on this machine, else ``runpod-cloud``."""
    hosts = [
        urlsplit(url).hostname or "" for url in (target.base_url if target.endpoint else "", target.comfyui_url) if url
    ]
    return "loopback" if all(host.startswith(LOOPBACK) for host in hosts) else "runpod-cloud"
