"""The proxy's budget: what the jobs that pass through have cost so far, and whether one more fits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from comfytape_contracts.jobs import jobs_of, said_by
from comfytape_contracts.routes import route_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfytape_cassettes import Exchange
    from comfytape_contracts.spending import Spending

__all__ = ["SUBMITTING", "Guard"]

SUBMITTING = frozenset({"run", "runsync"})
ASKING = frozenset({"status", "status-sync"})
WARN_AT = 0.8


class Guard:
    """Watches spending by what the proxy sees. A job whose end no client asked for is taken to run on.

    Args:
        spending: the price and the budget.
        told: hears once when four fifths of the budget are spent.
    """

    def __init__(self, spending: Spending, told: Callable[[str], None]) -> None:
        self.spending = spending
        self.told = told
        self.tickets = itertools.count()
        self.running: set[str] = set()
        self.warned = False

    def before(self, exchanges: Iterable[Exchange]) -> None:
        """Count the jobs of a recording that is continued: those that have ended, and those that may still run."""
        for job in jobs_of(exchanges):
            if job.is_final and job.last is not None:
                self.spending.before((job.last.delay_ms or 0.0) + (job.last.execution_ms or 0.0))
            else:
                self.begin(job.id, job.submitted_ms)

    def admit(self, now_ms: float) -> int | None:
        """A ticket for one more job, or None where it does not fit."""
        ticket = next(self.tickets)
        return ticket if self.spending.claim(ticket, now_ms) else None

    def refusal(self, now_ms: float) -> dict[str, object]:
        """What a client is told whose job does not fit."""
        spent, budget = self.spending.usd(now_ms), self.spending.budget
        return {
            "error": f"comfytape proxy: another job may exceed the budget of {budget:g} USD; "
            f"about {spent:.4f} USD are spent",
            "hint": "raise --budget, or stop the proxy: what was recorded is a whole cassette",
            "spent_usd": round(spent, 6),
            "budget_usd": budget,
        }

    def heard(self, exchange: Exchange, ticket: int | None, now_ms: float) -> None:
        """Take one answer into account."""
        route = route_of(exchange.request.url)
        if ticket is not None:
            self.spending.refused(ticket)
        if route.plane != "runpod" or exchange.response.status != 200:
            return
        said = said_by(exchange) if route.name in SUBMITTING | ASKING else None
        if said is not None and said.is_final:
            if ticket is not None or said.id in self.running:
                self.running.discard(said.id)
                self.spending.ended(said.id, (said.delay_ms or 0.0) + (said.execution_ms or 0.0))
        elif said is not None and ticket is not None:
            self.begin(said.id, exchange.started_ms)
        elif route.name == "cancel" and route.argument in self.running:
            self.running.discard(route.argument)
            self.spending.withdrawn(route.argument, now_ms)
        self.warn(now_ms)

    def lost(self, ticket: int, now_ms: float) -> None:
        """A submission got no answer: what it took until now is all that is known."""
        self.spending.withdrawn(ticket, now_ms)

    def begin(self, job: str, now_ms: float) -> None:
        """A job runs, or waits."""
        self.running.add(job)
        self.spending.started(job, now_ms)

    def warn(self, now_ms: float) -> None:
        """Tell once that the budget comes to its end."""
        budget, spent = self.spending.budget, self.spending.usd(now_ms)
        if budget is not None and not self.warned and spent >= WARN_AT * budget:
            self.warned = True
            self.told(f"about {spent:.4f} USD of the budget of {budget:g} USD are spent")
