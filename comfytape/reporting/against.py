"""Which findings speak against which promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape.reporting.words import serious_first

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Line, Report

__all__ = ["Held", "against"]


@dataclass(frozen=True, slots=True)
class Held:
    """A promise with the standing findings that speak against it, the worst first."""

    line: Line
    findings: Sequence[Finding]


def against(report: Report) -> tuple[list[Held], list[Finding]]:
    """Every promise with its findings, and the findings that belong to no promise."""
    promises = [
        Held(line, serious_first(f for f in report.findings if f.fingerprint in line.findings)) for line in report.lines
    ]
    claimed = {fingerprint for line in report.lines for fingerprint in line.findings}
    return promises, serious_first(f for f in report.findings if f.fingerprint not in claimed)
