"""A cause: what is wrong, by what evidence, how sure, and the next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule

__all__ = ["Cause", "Confidence", "Stage"]


class Confidence(StrEnum):
    """How sure a cause is, in a word."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def rank(self) -> int:
        """0 for certain, 2 for possible."""
        return list(Confidence).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One diagnosis.

    Attributes:
        rule: the rule that saw it; it also says why this happens and by which source that is known.
        subject: what it is about: an endpoint id, or a server's address.
        claim: the cause in one sentence.
        evidence: what was seen, with the numbers.
        confidence: how far the evidence carries.
        next_step: the next thing to do.
        severity: another than the rule's, or None.
        seen: the numbers again, for machines.
        about: what tells this cause from another of the same rule about the same subject.
    """

    rule: Rule
    subject: str
    claim: str
    evidence: str
    confidence: Confidence = Confidence.CERTAIN
    next_step: str = ""
    severity: Severity | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""

    @property
    def weight(self) -> Severity:
        """The severity that counts."""
        return self.severity or self.rule.severity

    def finding(self) -> Finding:
        """The same as a finding; numbers and confidence are in ``actual``."""
        return self.rule.finding(
            f"{self.claim} ({self.confidence}; seen: {self.evidence})",
            hint=self.next_step,
            severity=self.severity,
            actual={"confidence": str(self.confidence), **self.seen},
            identity={"subject": self.subject, "about": self.about},
        )

    def to_json(self) -> dict[str, Any]:
        """What ``doctor --json`` prints under ``causes``."""
        return {
            "rule": self.rule.id,
            "severity": str(self.weight),
            "subject": self.subject,
            "cause": self.claim,
            "evidence": self.evidence,
            "confidence": str(self.confidence),
            "next_step": self.next_step or self.rule.todo,
            "source": self.rule.source,
            "seen": dict(self.seen),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of the question: what should hold, what stands against it, and what was seen.

    ``unseen`` is True where too little was said to hold the promise, without that being anybody's fault.
    """

    promise: str
    evidence: str
    causes: tuple[Cause, ...] = ()
    unseen: bool = False

    @property
    def verdict(self) -> Verdict:
        """FAIL for an error that is sure, UNKNOWN where something was not seen, else PASS."""
        if any(c.weight is Severity.ERROR and not c.rule.inconclusive for c in self.causes):
            return Verdict.FAIL
        unseen = self.unseen or any(c.rule.inconclusive and c.weight is not Severity.INFO for c in self.causes)
        return Verdict.UNKNOWN if unseen else Verdict.PASS
