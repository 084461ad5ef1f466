"""Checks: each a pure function of a contract and a tape, each a file. Adding one is adding a file and a name below."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comfytape_contracts.checks.budgets import check_budgets
from comfytape_contracts.checks.cost import check_cost
from comfytape_contracts.checks.images import check_images
from comfytape_contracts.checks.jobs import check_jobs
from comfytape_contracts.checks.models import check_models
from comfytape_contracts.checks.nodes import check_nodes
from comfytape_contracts.checks.recording import check_recording
from comfytape_contracts.checks.subject import Outcome, Subject
from comfytape_contracts.checks.versions import check_versions
from comfytape_contracts.checks.workflow import check_workflows
from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_cassettes import Cassette
    from comfytape_contracts.contract import Contract

__all__ = ["check"]

CHECKS: tuple[tuple[str, Callable[[Subject], Outcome]], ...] = (
    ("nodes", check_nodes),
    ("workflow", check_workflows),
    ("models", check_models),
    ("versions", check_versions),
    ("jobs", check_jobs),
    ("outputs", check_images),
    ("budgets", check_budgets),
    ("budgets", check_cost),
)
"""Every check under the part of the contract that it holds; ``advisory`` names such parts."""


def check(contract: Contract, cassette: Cassette, *, now: datetime | None = None) -> Report:
    """Hold a cassette to a contract. ``now`` is the moment that ``max_age`` is counted to.

    Raises:
        UsageError: a file that the contract names is missing or damaged.
        CassetteError: the cassette is damaged.
    """
    cassette.verify()
    subject = Subject(contract, Tape(cassette))
    advisory = set(contract.model.advisory)
    outcomes = [advice(run(subject)) if part in advisory else run(subject) for part, run in CHECKS]
    outcomes.append(check_recording(subject, cassette.provenance, now or datetime.now(UTC)))
    findings = [f for outcome in outcomes for f in outcome.findings]
    return Report(
        contract=contract.name,
        cassette=cassette.label,
        findings=sorted(findings, key=lambda f: f.severity.rank),
        examined=sum(outcome.examined for outcome in outcomes),
        lines=[line for outcome in outcomes for line in outcome.lines],
        measurements={key: value for outcome in outcomes for key, value in outcome.measurements.items()},
        provenance=cassette.provenance.to_json(),
    )


def advice(outcome: Outcome) -> Outcome:
    """The outcome of a part that only advises: what speaks against it is a warning, and its lines say so.

    A severity that the contract names for a rule stays as it is, and what was not examined stays unknown.
    """
    fixed = outcome.severities
    outcome.findings = [
        f if f.rule in fixed else replace(f, severity=max(f.severity, Severity.WARNING, key=rank))
        for f in outcome.findings
    ]
    if not any(f.severity is Severity.ERROR for f in outcome.findings):
        outcome.lines = [
            replace(line, verdict=Verdict.PASS, evidence=f"advisory: {line.evidence}")
            if line.verdict is Verdict.FAIL
            else line
            for line in outcome.lines
        ]
    return outcome


def rank(severity: Severity) -> int:
    """0 for an error, 2 for an info."""
    return severity.rank
