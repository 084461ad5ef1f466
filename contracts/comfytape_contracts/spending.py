"""What a recording has cost so far, and whether one more job fits the budget.

RunPod bills a worker from its start until it stops. Of a job only execution and delay are known, so spending is the
upper of the two bounds that they allow: rate × (execution + delay + idle tail), as ``comfytape check`` reckons it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Spending"]


class Spending:
    """Estimated spending in US dollars. ``idle_s`` is how long a worker is paid for after a job. Thread-safe."""

    def __init__(self, usd_per_second: float | None, budget_usd: float | None, idle_s: float = 0.0) -> None:
        self.rate = usd_per_second or 0.0
        self.idle_ms = idle_s * 1000
        self.budget = budget_usd
        self.lock = threading.Lock()
        self.ended_ms: list[float] = []
        self.running: dict[Hashable, float] = {}

    def started(self, job: Hashable, now_ms: float) -> None:
        """A job was submitted."""
        with self.lock:
            self.running[job] = now_ms

    def claim(self, job: Hashable, now_ms: float) -> bool:
        """Begin a job if it fits the budget, in one step: of several threads that ask, no two get the same room."""
        with self.lock:
            fits = self.fits(now_ms)
            if fits:
                self.running[job] = now_ms
            return fits

    def refused(self, job: Hashable) -> None:
        """A job that was begun was not accepted, and cost nothing."""
        with self.lock:
            self.running.pop(job, None)

    def ended(self, job: Hashable, billed_ms: float) -> None:
        """A job ended after that much delay and execution."""
        with self.lock:
            self.running.pop(job, None)
            self.ended_ms.append(self.with_tail(billed_ms))

    def withdrawn(self, job: Hashable, now_ms: float) -> None:
        """A job was cancelled: what it took until now is the most that it can have cost."""
        with self.lock:
            started = self.running.pop(job, None)
            if started is not None:
                self.ended_ms.append(self.with_tail(now_ms - started))

    def before(self, billed_ms: float) -> None:
        """A job of an earlier run of this recording: its money is gone too."""
        with self.lock:
            self.ended_ms.append(self.with_tail(billed_ms))

    def with_tail(self, billed_ms: float) -> float:
        """What a job cost with the idle tail after it; one that no worker took has none."""
        return billed_ms + self.idle_ms if billed_ms else 0.0

    def usd(self, now_ms: float) -> float:
        """Spent so far: ended jobs in full, running ones up to now."""
        with self.lock:
            return self.total_ms(now_ms) * self.rate / 1000

    def total_ms(self, now_ms: float) -> float:
        """Billed milliseconds so far."""
        return sum(self.ended_ms) + sum(now_ms - started for started in self.running.values())

    def allows_another(self, now_ms: float) -> bool:
        """Whether another job fits: running ones and the new one are taken to last as long as the longest so far.

        The first job has nothing to go by, so it alone may exceed a budget that is smaller than itself.
        """
        with self.lock:
            return self.fits(now_ms)

    def fits(self, now_ms: float) -> bool:
        """See ``allows_another``; the lock is held."""
        if self.budget is None:
            return True
        if not self.ended_ms:
            return not self.running
        longest = max(self.ended_ms)
        running = sum(max(longest, now_ms - started) for started in self.running.values())
        return (sum(self.ended_ms) + running + longest) * self.rate / 1000 <= self.budget

    def is_exceeded(self, now_ms: float) -> bool:
        """Whether what is spent already reaches the budget."""
        return self.budget is not None and self.usd(now_ms) >= self.budget
