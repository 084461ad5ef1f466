"""Serving cassettes: job timelines, matching, scenarios, the server, the pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfytape_replayer.server import ReplayServer

__all__ = ["ReplayServer"]


def __getattr__(name: str) -> Any:
    """Import the server when it is asked for: the pytest plugin lives here too and must not pay for it."""
    if name == "ReplayServer":
        from comfytape_replayer.server import ReplayServer  # noqa: PLC0415

        return ReplayServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
