"""Running checks over contracts and cassettes by name: what the command line and other front-ends share."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from comfytape.reporting.changes import changes_of
from comfytape.settings import find_cassette, find_contract, names_in
from comfytape_cassettes import Cassette, UsageError
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.settings import Settings
    from comfytape_contracts.verdicts import Change, Report

__all__ = ["check_contracts"]


def check_contracts(
    names: Sequence[str], cassette: str | None, settings: Settings, *, against: str | None = None
) -> list[Report]:
    """Check contracts (all of them where none is named) against one cassette or each against its own.

    ``against`` names an earlier recording to compare times, cost and success with.

    Raises:
        UsageError: a name is not there, or there is no contract at all.
        CassetteError: a cassette is missing or damaged.
    """
    wanted = list(names) or names_in(settings.contracts, "contract.yaml")
    if not wanted:
        raise UsageError(
            f"there is no contract in {settings.contracts}", hint="draft one: comfytape init NAME --workflow FILE"
        )
    earlier = Cassette.open(find_cassette(against, settings)) if against else None
    reports = []
    for name in wanted:
        contract = Contract.load(find_contract(name, settings))
        recorded = Cassette.open(find_cassette(cassette or contract.name, settings))
        report = check(contract, recorded, against=earlier)
        if earlier:
            report = replace(report, against=earlier.label, changes=since(contract, earlier, recorded))
        remember(contract, report)
        reports.append(report)
    return reports


def since(contract: Contract, earlier: Cassette, recorded: Cassette) -> list[Change] | None:
    """What changed in the endpoint between two recordings; None where one of them has no inventory."""
    old, new = ((each.label, Tape(each)) for each in (earlier, recorded))
    return changes_of(contract, old, new)


def remember(contract: Contract, report: Report) -> None:
    """Note in accepted.yaml that what was accepted was seen today. A run that does not pass notes nothing."""
    if report.exit_code is not ExitCode.PASS or not report.accepted:
        return
    baseline = contract.baseline()
    seen = baseline.seen(report.accepted, datetime.now(UTC).date())
    if seen != baseline:
        # A read-only checkout is no reason for a check to fail.
        with contextlib.suppress(OSError):
            seen.save(contract.baseline_path)
