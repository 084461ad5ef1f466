"""Are health and dependencies told quickly enough?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.budget import DEPENDENCY_TIME, HEALTH_TIME, TIMES_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytape_cassettes import Exchange
    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.rules import Rule

__all__ = ["check_speed"]

DEPENDENCY_ROUTES = frozenset({"system_stats", "object_info", "models", "experiment/models"})


def check_speed(subject: Subject, *, health: bool = True) -> Outcome:
    """``health_check_s`` against the slowest ``/health``, ``dependency_check_s`` against the time spent on asking.

    ``health`` False leaves health out, where it was not to be asked.
    """
    outcome = subject.outcome()
    routed = subject.tape.routed
    answers = [
        e for route, e in routed if (route.plane, route.name) == ("runpod", "health") and e.response.status == 200
    ]
    slowest = max((elapsed for e in answers for _, elapsed in e.times), default=None)
    if health:
        hold(subject, outcome, HEALTH_TIME, slowest, f"{len(answers)} answer(s) of /health")
    asked = [
        e
        for route, e in routed
        if route.plane == "s3" or (route.plane == "comfyui" and route.name in DEPENDENCY_ROUTES)
    ]
    hold(subject, outcome, DEPENDENCY_TIME, busy_ms(asked) if asked else None, f"{len(asked)} answers about them")
    return outcome


def hold(subject: Subject, outcome: Outcome, rule: Rule, took_ms: float | None, evidence: str) -> None:
    """One budget, named as its rule: ``budget-health-check`` is ``health_check_s``."""
    key = rule.id.removeprefix("budget-").replace("-", "_")
    what = {"health_check": "health is told", "dependency_check": "dependencies are told"}[key]
    if took_ms is not None:
        outcome.measurements[f"{key}_ms"] = round(took_ms)
    promised = getattr(subject.model.budgets, f"{key}_s")
    if promised is None:
        return
    where = subject.in_contract("budgets", f"{key}_s")
    promise = f"{what} in under {promised:g} s"
    if took_ms is None:
        finding = TIMES_UNKNOWN.finding(
            f"whether {promise} was not measured: nobody was asked",
            # An imported recording may hold jobs alone: what they show is no less worth for it.
            severity=Severity.WARNING,
            location=where,
            identity={"what": key},
        )
        outcome.promise(promise, [finding], "not measured")
        return
    findings = []
    if took_ms >= promised * 1000:
        said = f"{what} after {took_ms / 1000:.2f} s, expected under {promised:g} s"
        findings.append(rule.finding(said, location=where, expected=promised, actual=round(took_ms / 1000, 3)))
    outcome.promise(promise, findings, f"{took_ms / 1000:.2f} s for {evidence}")


def busy_ms(exchanges: Iterable[Exchange]) -> float:
    """Milliseconds in which at least one of these was under way: side by side counts once, pauses not at all.

    What was asked several times counts with its last answer.
    """
    last = {exchange.request.url: exchange.times[-1] for exchange in exchanges}
    total, until = 0.0, 0.0
    for started, elapsed in sorted(last.values()):
        total += max(started + elapsed - max(started, until), 0.0)
        until = max(until, started + elapsed)
    return total
