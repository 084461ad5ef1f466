"""Virtual time: how fast the recorded waits pass."""

from __future__ import annotations

import time

from comfytape_cassettes import UsageError

__all__ = ["INSTANT", "Clock", "speed_of"]

INSTANT = "instant"


def speed_of(text: str | float) -> float | None:
    """A speed as a factor, or None for ``instant``.

    Raises:
        UsageError: it is neither a number above 0 nor ``instant``.
    """
    if text == INSTANT:
        return None
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise UsageError(
            f"speed {text!r} is not one: expected '{INSTANT}' or a number above 0",
            hint="--speed 1 waits as long as was recorded, --speed 60 a sixtieth of it, --speed instant not at all",
        )
    return factor


class Clock:
    """Milliseconds of virtual time. ``instant``: the clock of the states stands, and polls move them."""

    def __init__(self, speed: str | float = INSTANT) -> None:
        self.factor = speed_of(speed)

    @property
    def instant(self) -> bool:
        """Whether states move by polls, not by time."""
        return self.factor is None

    def now_ms(self) -> float:
        """Virtual milliseconds; real ones where the speed is ``instant``."""
        return time.monotonic() * 1000 * (self.factor or 1.0)

    def real_s(self, virtual_ms: float) -> float:
        """How long a virtual wait takes, in seconds: none at ``instant``."""
        return virtual_ms / 1000 / self.factor if self.factor else 0.0
