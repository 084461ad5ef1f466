"""Did requests have to be sent again?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from comfytape_contracts.rules.request import FLAKY, LIMITED

if TYPE_CHECKING:
    from comfytape_cassettes import Exchange
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule

__all__ = ["check_requests"]

REFUSED, TOO_MANY, SERVER_ERROR = 400, 429, 500
SOME = 0.02
"""The share of failing requests from which on they are told: one reset in a recording is the network's, and no news."""


def check_requests(subject: Subject) -> Outcome:
    """Warn of answers 429 and 5xx and of broken connections that a later request made good; others find the rest."""
    outcome = subject.outcome()
    asked = [e for route, e in subject.tape.routed if route.plane in ("runpod", "comfyui")]
    good = {asking(e): e.last_ms for e in asked if e.response.status < REFUSED}
    seen: Counter[str] = Counter()
    for exchange in asked:
        status = exchange.response.status
        failed = status == TOO_MANY or status >= SERVER_ERROR
        if failed and exchange.last_ms < good.get(asking(exchange), -1.0):
            seen[str(status)] += len(exchange.times)
    for failure in subject.tape.cassette.failures:
        seen["no answer"] += failure.times[0] < good.get((failure.method, failure.url), -1.0)
    total = sum(len(e.times) for e in asked) + seen["no answer"]
    limited = Counter({"429": seen.pop("429", 0)})
    if limited.total() and limited.total() >= SOME * total:
        outcome.findings.append(again(subject, LIMITED, limited, total))
    flaky = Counter({said: n for said, n in sorted(seen.items()) if n})
    if flaky.total() and flaky.total() >= SOME * total:
        outcome.findings.append(again(subject, FLAKY, flaky, total))
    return outcome


def asking(exchange: Exchange) -> tuple[str, str]:
    """What makes two requests the same question."""
    return exchange.request.method, exchange.request.url


def again(subject: Subject, rule: Rule, seen: Counter[str], total: int) -> Finding:
    """One kind of failing, with its share of all requests."""
    words = ", ".join(f"{count} × {what}" for what, count in seen.items())
    return rule.finding(
        f"{seen.total()} of {total} requests were not served at once: {words}",
        location=subject.in_contract("endpoint"),
        actual=dict(seen),
        identity={},
    )
