"""Prompts that went through the proxy and whose end no client asked for.

A client that listens on the websocket need not ask, and the editor of ComfyUI 0.33 reads a list without outputs
(``/api/jobs``). A recording without ``/history/{id}`` cannot tell how a prompt ended, so the proxy asks when it stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from comfytape_contracts.routes import route_of
from comfytape_replayer.timeline import sketch

if TYPE_CHECKING:
    from comfytape_cassettes import Exchange

__all__ = ["Endings"]

MOST = 256
"""Prompts that are asked about."""
CREDENTIALS = frozenset({"authorization", "cookie"})
"""A load-balancing endpoint lets nobody in without; they stay in memory."""


class Endings:
    """What is known of prompts, from the exchanges about them."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {}

    def heard(self, exchange: Exchange) -> None:
        """A prompt was taken, or its history is there."""
        route = route_of(exchange.request.url)
        if route.plane != "comfyui" or exchange.response.status != 200:
            return
        if route.name == "prompt" and exchange.request.method == "POST":
            job = sketch(exchange.response).get("prompt_id")
            if isinstance(job, str):
                base = exchange.request.url.partition("?")[0].removesuffix("prompt")
                own = tuple(pair for pair in exchange.request.headers.items if pair[0].lower() in CREDENTIALS)
                self.open[job] = (f"{base}history/{quote(job, safe='')}", own)
        elif route.name == "history" and self.open:
            for job in sketch(exchange.response):
                self.open.pop(job, None)

    def unasked(self) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """The URLs that tell the ends nobody asked for, each with the headers that let its client in."""
        return list(self.open.values())[:MOST]
