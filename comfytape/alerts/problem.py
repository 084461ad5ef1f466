"""A problem: the findings of one report that have one cause, as it is told and remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape.reporting.words import node, place
from comfytape_contracts.findings import Severity  # noqa: TC001 - pydantic reads the dataclasses at run time
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from comfytape_contracts.findings import Finding

__all__ = ["Problem", "cause_of", "problems_in"]

SAMPLED = frozenset({"failure", "image", "job", "queue"})
"""Families whose findings are told apart by the number of the job, which says nothing from run to run."""
TEXT_LIMIT = 1_000
"""Characters of a message: a traceback in it must not push everything else out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Findings with one cause.

    Attributes:
        cause: rule and subject: what is remembered from report to report, so no word of a message is in it.
        rule: id of the rule.
        severity: the worst of the findings.
        fingerprints: of findings that stay the same from run to run, sorted.
        count: how many findings.
        message, hint: of the first finding.
        where: its file and line, else "".
        node: its node, class and input, else "".
        nodes: all of them, each once.
        inconclusive: whether it means "could not be examined".
    """

    cause: str
    rule: str
    severity: Severity
    fingerprints: tuple[str, ...]
    count: int
    message: str
    hint: str = ""
    where: str = ""
    node: str = ""
    nodes: tuple[str, ...] = ()
    inconclusive: bool = False


def cause_of(finding: Finding, packs: Mapping[str, str]) -> str:
    """The rule, and the pack (by class, as the contract has it), the class or the input that it is about."""
    at = finding.location
    if at.class_type is None:
        return finding.rule
    subject = f"{at.class_type}.{at.input}" if at.input else packs.get(at.class_type) or at.class_type
    return f"{finding.rule} {subject}"


def problems_in(
    findings: Iterable[Finding], packs: Mapping[str, str], clean: Callable[[str], str] = str
) -> list[Problem]:
    """Findings by cause, the worst first; ``clean`` takes secrets out of whatever is told."""
    causes: dict[str, list[Finding]] = {}
    for finding in findings:
        causes.setdefault(cause_of(finding, packs), []).append(finding)
    found = [problem(cause, same, clean) for cause, same in causes.items()]
    return sorted(found, key=lambda each: (each.severity.rank, each.inconclusive))


def problem(cause: str, findings: Sequence[Finding], clean: Callable[[str], str]) -> Problem:
    """One cause."""
    first = min(findings, key=lambda finding: finding.severity.rank)
    rule = catalogue().get(first.rule)
    sampled = rule is not None and rule.family in SAMPLED
    nodes = dict.fromkeys(node(finding) for finding in findings)
    return Problem(
        cause=told(cause, clean),
        rule=first.rule,
        severity=first.severity,
        fingerprints=() if sampled else tuple(sorted({finding.fingerprint for finding in findings})),
        count=len(findings),
        message=told(first.message, clean),
        hint=told(first.hint, clean),
        where=told(place(first), clean),
        node=told(node(first), clean),
        nodes=tuple(told(name, clean) for name in nodes if name),
        inconclusive=rule is not None and rule.inconclusive,
    )


def told(text: str, clean: Callable[[str], str]) -> str:
    """One line of bounded length without secrets."""
    line = " ".join(clean(text).split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1] + "…"
