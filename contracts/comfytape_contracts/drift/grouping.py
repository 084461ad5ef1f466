"""Hundreds of changes as some thirty lines for a person: the worst first, one line a cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.words import ended, sentence
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_contracts.drift.rating import Assessed
    from comfytape_contracts.findings import Finding

__all__ = ["Group", "grouped"]

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Group:
    """One line: its severity, what it says, the next thing to do (empty for an info), and the findings in it."""

    severity: Severity
    line: str
    hint: str
    findings: Sequence[Finding]


def grouped(assessed: Iterable[Assessed]) -> list[Group]:
    """The lines, the worst first, and among equals a pack that is gone first: it is the cause of others.

    Changes that a workflow hits are one line each, with every place they hit. All others are one line for each rule,
    severity and pack.
    """
    found: dict[Any, list[Assessed]] = defaultdict(list)
    for each in assessed:
        hit = bool(each.used) and each.finding.severity is not Severity.INFO
        record = each.record
        own = (record.path, str(record.old), str(record.new)) if hit else None
        found[each.finding.severity, record.rule, record.pack, record.cause, own].append(each)
    groups = [
        _hit(members) if key[-1] is not None else _family(members, key[2], key[3]) for key, members in found.items()
    ]
    return sorted(groups, key=lambda group: (group.severity.rank, group.findings[0].rule != "pack-removed"))


def _hit(members: list[Assessed]) -> Group:
    first = members[0].finding
    line = first.message
    if len(members) > 1:
        places = dict.fromkeys(_place(each.finding) for each in members)
        line = f"{ended(sentence(members[0].record))} {len(members)} places: {ended(_few(list(places)))}"
    return Group(first.severity, line, first.hint, [each.finding for each in members])


def _family(members: list[Assessed], pack: str | None, cause: str | None) -> Group:
    findings = [each.finding for each in members]
    first = findings[0]
    line = first.message if members[0].used is not None else ended(sentence(members[0].record))
    if len(members) > 1:
        names = list(dict.fromkeys(_name(each) for each in members))
        who = ", ".join(part for part in (pack, f"brought by {cause}" if cause else "") if part)
        title = catalogue()[first.rule].title
        line = f"{title}, {len(members)} times{f' ({who})' if who else ''}: {ended(_few(names))}"
    hint = "" if first.severity is Severity.INFO else catalogue()[first.rule].todo
    return Group(first.severity, line, hint if len(members) > 1 or not hint else first.hint, findings)


def _name(each: Assessed) -> str:
    record = each.record
    if record.input is not None:
        return f"{record.class_type}.{record.input}"
    return record.path[-1] if record.path[0] == "models" else record.path[0]


def _place(finding: Finding) -> str:
    at = finding.location
    node = f"node {at.node_id}" if at.node_id else ""
    return " ".join(part for part in (at.file or "", node, at.input or "") if part)


def _few(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
