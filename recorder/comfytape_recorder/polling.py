"""When to ask again: quick at first, slower later, later still when the server asks for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]


@dataclass(slots=True)
class Pace:
    """Waits between polls of one job, in seconds.

    A warm job of a few seconds is seen within half a second; a job of minutes is asked about every ``longest``
    seconds. RunPod allows 2,000 status calls in 10 s, so politeness sets the pace, not the limit.
    """

    first: float = 0.1
    factor: float = 1.4
    longest: float = 5.0
    current: float = 0.0
    hiccups: int = 0

    def after_answer(self) -> float:
        """The wait after an answer about the job."""
        self.hiccups = 0
        self.current = min(self.current * self.factor, self.longest) if self.current else self.first
        return self.current

    def after_hiccup(self, retry_after: float | None) -> float:
        """The wait after an answer that said nothing: doubling up to 30 s, or what the server asked for."""
        self.hiccups += 1
        return retry_after if retry_after is not None else min(self.first * 2**self.hiccups, 30.0)

    def after_change(self) -> float:
        """The wait after the job changed its state: quick again, for the next change may be near."""
        self.hiccups = 0
        self.current = self.first
        return self.current
