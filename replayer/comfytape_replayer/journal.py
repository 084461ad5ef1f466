"""What was asked and what answered it: the last requests, the misses, and the recorded exchanges nobody asked for."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from comfytape_replayer.library import Library
    from comfytape_replayer.misses import Miss
    from comfytape_replayer.webhooks import Delivery

__all__ = ["PAGES", "Journal", "Served"]

PAGES = "/__comfytape__"
"""Where people and machines read it."""

KEPT = 10_000
"""Requests and misses that are kept; the oldest go first, so that a long life costs no memory."""


PATH_LIMIT = 300


class Served(NamedTuple):
    """One request that was answered. ``at`` is in seconds since the epoch."""

    at: float
    method: str
    path: str
    status: int


class Journal:
    """Requests and misses in order. ``count`` and ``missed`` count all of them, also those no longer kept."""

    def __init__(self) -> None:
        self.noted: deque[tuple[float, str, str, int]] = deque(maxlen=KEPT)
        self.misses: deque[Miss] = deque(maxlen=KEPT)
        self.webhooks: deque[Delivery] = deque(maxlen=KEPT)
        self.count = 0
        self.missed = 0

    def note(self, method: str, path: str, status: int) -> None:
        """Keep a request."""
        self.count += 1
        self.noted.append((time.time(), method, path[:PATH_LIMIT], status))

    @property
    def served(self) -> list[Served]:
        """The requests that are kept, in order."""
        return [Served(*noted) for noted in self.noted]

    def miss(self, miss: Miss) -> None:
        """Keep a miss."""
        self.missed += 1
        self.misses.append(miss)

    def to_json(self, library: Library) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "cassettes": [cassette.label for cassette in library.cassettes],
            "count": self.count,
            "missed": self.missed,
            "requests": [served._asdict() | {"path": library.redactor.url(served.path)} for served in self.served],
            "misses": [miss.to_json() for miss in self.misses],
            "webhooks": [delivery._asdict() for delivery in self.webhooks],
            "unused": library.unused(),
        }
