"""From findings to a verdict and an exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Finding, Severity, Verdict
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Change", "ExitCode", "Line", "Report", "Table", "exit_code_of", "verdict_of", "worst_exit_code"]

BUDGET_FAMILY = "budget"


class ExitCode(IntEnum):
    """What a command's exit code says, so that CI can tell a broken promise from a slow day."""

    PASS = 0
    BROKEN = 1
    USAGE = 2
    UNKNOWN = 3
    NOTHING = 4
    BUDGET = 5


def exit_code_of(findings: Iterable[Finding], *, examined: int, fail_on: Severity = Severity.ERROR) -> ExitCode:
    """The exit code that the findings at or above ``fail_on`` lead to.

    A broken promise wins over what could not be examined, which wins over a budget; nothing examined is never green.
    """
    rules = catalogue()
    serious = [rules[f.rule] for f in findings if f.severity.rank <= fail_on.rank and f.rule in rules]
    if any(not r.inconclusive and r.family != BUDGET_FAMILY for r in serious):
        return ExitCode.BROKEN
    if any(r.inconclusive for r in serious):
        return ExitCode.UNKNOWN
    if not examined:
        return ExitCode.NOTHING
    return ExitCode.BUDGET if serious else ExitCode.PASS


def worst_exit_code(codes: Iterable[ExitCode]) -> ExitCode:
    """The one exit code for several reports: broken before unknown before nothing before budget before pass."""
    order = (ExitCode.BROKEN, ExitCode.USAGE, ExitCode.UNKNOWN, ExitCode.NOTHING, ExitCode.BUDGET)
    seen = set(codes)
    return next((code for code in order if code in seen), ExitCode.PASS)


def verdict_of(code: ExitCode) -> Verdict:
    """PASS, FAIL or UNKNOWN as the exit code has it."""
    return {
        ExitCode.PASS: Verdict.PASS,
        ExitCode.BROKEN: Verdict.FAIL,
        ExitCode.BUDGET: Verdict.FAIL,
    }.get(code, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One promise of a contract with its verdict and the evidence for it, in words.

    ``findings`` holds the fingerprints of the findings that speak against it.
    """

    promise: str
    verdict: Verdict
    evidence: str
    findings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``promise``, ``verdict``, ``evidence`` and ``findings``."""
        return {
            "promise": self.promise,
            "verdict": str(self.verdict),
            "evidence": self.evidence,
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures for people: ``rows`` hold a cell for each of ``columns``, ``notes`` what must be read with them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``title``, ``columns``, ``rows`` and ``notes``."""
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of what changed in an endpoint since another recording; it speaks of findings of these fingerprints.

    ``pack`` is the pack of the node class that changed, or words for what is in no node.
    """

    severity: Severity
    rule: str
    pack: str
    line: str
    hint: str
    fingerprints: Sequence[str]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Change:
        """Read back what ``dataclasses.asdict`` gave."""
        return cls(**{**data, "severity": Severity(data["severity"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found: the one result model behind every report format.

    Attributes:
        contract: the contract's name ("" where none was involved, as in ``lint``).
        cassette: where the examined recording is.
        findings: all that stand, the worst first; accepted ones are in ``accepted``.
        accepted: findings that the baseline covers.
        lines: the contract, promise by promise, with evidence.
        measurements: figures by name; times in milliseconds (``…_ms``), money in US dollars (``…_usd``).
        tables: times and cost, for people.
        examined: how many promises could be looked at; 0 is never green.
        provenance: where the recording comes from, for people.
        against: the earlier recording that this one was compared with; "" where there is none.
        changes: what changed in the endpoint since then; None where one of the two holds no inventory.
    """

    findings: Sequence[Finding]
    examined: int
    contract: str = ""
    cassette: str = ""
    accepted: Sequence[Finding] = ()
    lines: Sequence[Line] = ()
    measurements: dict[str, Any] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    against: str = ""
    changes: Sequence[Change] | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code these findings lead to."""
        return exit_code_of(self.findings, examined=self.examined)

    @property
    def verdict(self) -> Verdict:
        """PASS, FAIL or UNKNOWN."""
        return verdict_of(self.exit_code)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity, all three keys."""
        return {str(s): sum(f.severity is s for f in self.findings) for s in Severity}

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "tool": "comfytape",
            "format": 1,
            "verdict": str(self.verdict),
            "counts": self.counts,
            "findings": [f.to_json() for f in self.findings],
            "measurements": self.measurements,
            "contract": self.contract,
            "cassette": self.cassette,
            "accepted": [f.to_json() for f in self.accepted],
            "lines": [line.to_json() for line in self.lines],
            "tables": [table.to_json() for table in self.tables],
            "provenance": self.provenance,
        }
