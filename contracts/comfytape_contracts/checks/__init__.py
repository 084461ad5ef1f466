"""Checks: each a pure function of a contract and a tape, each a file. Adding one is adding a file and a name below."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comfytape_contracts.cases.book import case_book
from comfytape_contracts.checks.budgets import check_budgets
from comfytape_contracts.checks.cases import check_cases
from comfytape_contracts.checks.cost import check_cost
from comfytape_contracts.checks.images import check_images
from comfytape_contracts.checks.jobs import check_jobs
from comfytape_contracts.checks.models import check_models
from comfytape_contracts.checks.nodes import check_nodes
from comfytape_contracts.checks.recording import check_recording
from comfytape_contracts.checks.regression import Earlier, check_regression
from comfytape_contracts.checks.requests import check_requests
from comfytape_contracts.checks.schemas import check_schemas
from comfytape_contracts.checks.speed import check_speed
from comfytape_contracts.checks.subject import Outcome, Subject
from comfytape_contracts.checks.versions import check_versions
from comfytape_contracts.checks.volume import check_volume
from comfytape_contracts.checks.workflow import check_workflows
from comfytape_contracts.findings import Location, Severity, Verdict
from comfytape_contracts.rules.recording import BASELINE_STALE
from comfytape_contracts.tape import Tape
from comfytape_contracts.timing_tables import figures_of, tables_of
from comfytape_contracts.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_cassettes import Cassette
    from comfytape_contracts.baseline import Accepted
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Line

__all__ = ["check"]

CHECKS: tuple[tuple[str, Callable[[Subject], Outcome]], ...] = (
    ("nodes", check_nodes),
    ("workflow", check_workflows),
    ("models", check_models),
    ("volume", check_volume),
    ("versions", check_versions),
    ("jobs", check_jobs),
    ("jobs", check_requests),
    ("outputs", check_images),
    ("cases", check_cases),
    ("schemas", check_schemas),
    ("budgets", check_budgets),
    ("budgets", check_cost),
    ("budgets", check_speed),
)
"""Every check under the part of the contract that it holds; ``advisory`` names such parts."""


def check(
    contract: Contract, cassette: Cassette, *, now: datetime | None = None, against: Cassette | None = None
) -> Report:
    """Hold a cassette to a contract. ``now`` is the moment that ``max_age`` is counted to.

    ``against`` is an earlier recording: where this one is slower, dearer or less reliable beyond noise, that is found.

    Raises:
        UsageError: a file that the contract names is missing or damaged.
        CassetteError: the cassette is damaged.
    """
    cassette.verify()
    tape = Tape(cassette)
    cases = case_book(contract, tape, cassette.provenance.samples)
    subject = Subject(contract, tape.without(cases.left_out), cases)
    advisory = set(contract.model.advisory)
    outcomes = [advice(run(subject)) if part in advisory else run(subject) for part, run in CHECKS]
    now = now or datetime.now(UTC)
    outcomes.append(check_recording(subject, cassette.provenance, now))
    if against is not None:
        earlier = Tape(against)
        left_out = case_book(contract, earlier, against.provenance.samples).left_out
        outcomes.append(
            check_regression(subject, Earlier(against, earlier.without(left_out)), cassette.provenance.plane)
        )
    images = contract.model.outputs.images
    split = contract.baseline().split((f for outcome in outcomes for f in outcome.findings), now.date())
    stale = [stale_finding(contract, entry) for entry in split.stale]
    accepted = {f.fingerprint for f in split.accepted}
    return Report(
        contract=contract.name,
        cassette=cassette.label,
        findings=sorted([*split.standing, *stale], key=lambda f: f.severity.rank),
        accepted=split.accepted,
        examined=sum(outcome.examined for outcome in outcomes),
        lines=[settled(line, accepted) for outcome in outcomes for line in outcome.lines],
        measurements={key: value for outcome in outcomes for key, value in outcome.measurements.items()}
        | figures_of(subject.tape, images),
        tables=tables_of(subject.tape, contract.model.cost, images),
        provenance=cassette.provenance.to_json(),
    )


def settled(line: Line, accepted: set[str]) -> Line:
    """A line against which nothing speaks but what the baseline covers: it holds, and says why."""
    if line.verdict is not Verdict.FAIL or not line.findings or not accepted.issuperset(line.findings):
        return line
    return replace(line, verdict=Verdict.PASS, evidence=f"accepted: {line.evidence}")


def stale_finding(contract: Contract, entry: Accepted) -> Finding:
    """An entry of the baseline that no finding has any more."""
    return BASELINE_STALE.finding(
        f"{entry.rule} at {entry.where or 'no place'} was accepted ({entry.reason}), and is no longer there",
        location=Location(file=str(contract.baseline_path)),
        actual=entry.fingerprint,
        identity={"entry": entry.fingerprint},
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
