"""What a check looks at and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_contracts.cases.book import CaseBook
from comfytape_contracts.findings import Finding, Location, Severity, Verdict
from comfytape_contracts.rules import catalogue
from comfytape_contracts.verdicts import Line
from comfytape_contracts.workflow.file import read_text, read_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape_contracts.contract import Contract, ContractModel
    from comfytape_contracts.tape import Tape

__all__ = ["Outcome", "Subject"]


@dataclass(frozen=True)
class Subject:
    """A contract and the tape that is held to it.

    ``tape`` shows the samples; the jobs of cases are in ``cases``, so that no case moves a rate or a time.
    """

    contract: Contract
    tape: Tape
    cases: CaseBook = field(default_factory=CaseBook)

    @property
    def model(self) -> ContractModel:
        """The contract's fields."""
        return self.contract.model

    @cached_property
    def workflow_text(self) -> str:
        """The contract's workflow as text.

        Raises:
            UsageError: it is not there, or is not UTF-8 text.
        """
        return read_text(self.contract.workflow_path)

    @cached_property
    def workflow(self) -> dict[str, Any]:
        """The contract's workflow, parsed.

        Raises:
            UsageError: it is not a JSON object.
        """
        return read_workflow(self.contract.workflow_path)

    def outcome(self) -> Outcome:
        """An outcome to fill, with the contract's severities."""
        return Outcome(self.model.severities)

    def in_contract(self, *keys: Any) -> Location:
        """The place of a key in contract.yaml."""
        return Location(file=str(self.contract.path), line=self.contract.line(*keys))


@dataclass(slots=True)
class Outcome:
    """What a check found: lines for the report, findings, figures. ``examined`` counts promises that could be held.

    ``severities`` are the contract's own, by rule. They decide what a finding weighs, but no severity turns what could
    not be examined into something that holds.
    """

    severities: Mapping[str, Severity] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    measurements: dict[str, Any] = field(default_factory=dict)
    examined: int = 0

    def promise(
        self, promise: str, findings: list[Finding], evidence: str, *, elsewhere: Sequence[Finding] = ()
    ) -> None:
        """Add one line of the contract with the findings that speak against it.

        Those in ``elsewhere`` speak against it too, but another check reports them.
        """
        rules = catalogue()
        findings = [replace(f, severity=self.severities.get(f.rule, f.severity)) for f in findings]
        speaking = [*findings, *elsewhere]
        broken = [f for f in speaking if f.severity is Severity.ERROR and not rules[f.rule].inconclusive]
        unseen = [f for f in speaking if rules[f.rule].inconclusive]
        verdict = Verdict.FAIL if broken else Verdict.UNKNOWN if unseen else Verdict.PASS
        self.examined += verdict is not Verdict.UNKNOWN
        against = tuple(dict.fromkeys(f.fingerprint for f in findings))
        self.lines.append(Line(promise=promise, verdict=verdict, evidence=evidence, findings=against))
        self.findings += findings
