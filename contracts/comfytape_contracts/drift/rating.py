"""How much a change matters: by what lint says, by what a workflow uses, or, without workflows, by its rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.words import ended, sentence, shown
from comfytape_contracts.findings import Location, Severity
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_contracts.drift.change import ChangeRecord
    from comfytape_contracts.drift.usage import Use
    from comfytape_contracts.findings import Finding

__all__ = ["Assessed", "by_rules", "by_use", "from_problem", "stated"]

_STILL_RISKY = frozenset(
    {"class-removed", "class-renamed", "input-type-changed", "input-type-narrowed", "output-moved", "output-retyped"}
)
"""Changes that may alter the result even where the server goes on taking the workflow."""

_NO_CLASSES = ("pack", "*", "system", "devices", "models", "answer")
"""What paths that lead to no node class begin with."""

_PLACES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Assessed:
    """A change and the finding that it leads to. ``used`` is None where no workflow was given."""

    record: ChangeRecord
    finding: Finding
    used: bool | None


def by_rules(records: Iterable[ChangeRecord]) -> list[Assessed]:
    """Each change rated as if something used it."""
    rules = catalogue()
    found = []
    for record in records:
        message = ended(sentence(record))
        if rules[record.rule].severity is not Severity.INFO:
            message += " No workflow given: rated as if it were used."
        found.append(Assessed(record, _finding(record, message), None))
    return found


def stated(records: Iterable[ChangeRecord], used: frozenset[str] | None = None) -> list[Assessed]:
    """Changes of what is no part of a workflow, rated by their rules.

    ``used`` has the texts that the given workflows contain: with it a model file that none of them names counts as not
    used.
    """
    rules = catalogue()
    found = []
    for record in records:
        rule = rules[record.rule]
        touched = used is None or rule.family != "model-drift" or record.path[-1] in used
        severity = rule.severity if touched else rule.severity_unused
        note = "" if touched else " No given workflow names it."
        found.append(Assessed(record, _finding(record, ended(sentence(record)) + note, severity), touched or None))
    return found


def by_use(record: ChangeRecord, uses: Sequence[Use], name: str) -> Assessed:
    """A change that makes no server refuse the workflow: by whether the workflow touches it at all."""
    rule = catalogue()[record.rule]
    if not uses:
        severity = rule.severity_unused or Severity.INFO
        return Assessed(
            record, _finding(record, f"{ended(sentence(record))} No given workflow uses it.", severity), False
        )
    severity = rule.severity
    verdict = "uses it"
    if severity is Severity.ERROR:
        severity = Severity.WARNING if record.rule in _STILL_RISKY else Severity.INFO
        verdict = "still passes, but may give another result" if record.rule in _STILL_RISKY else "is not affected"
    places = "; ".join(use.place for use in uses[:_PLACES_NAMED]) + ("; …" if len(uses) > _PLACES_NAMED else "")
    message = f"{ended(sentence(record))} {_workflow(name)} {verdict} ({places})."
    first = uses[0]
    where = Location(file=name or None, node_id=first.node_id, class_type=first.class_type, input=first.input)
    return Assessed(record, _finding(record, message, severity, location=where), True)


def from_problem(record: ChangeRecord, problem: Finding, name: str) -> Assessed:
    """A change that makes a server refuse the workflow, or the workflow fail or change: in lint's own terms."""
    said = f"{ended(sentence(record))} {_workflow(name)}: {problem.message}"
    hint = _hint(record) or problem.hint
    finding = catalogue()[record.rule].finding(
        said,
        hint=hint,
        severity=problem.severity,
        location=Location(
            file=name or None,
            node_id=problem.location.node_id,
            class_type=problem.location.class_type,
            input=problem.location.input,
        ),
        expected=problem.expected,
        actual=problem.actual,
        server_error=problem.server_error,
        identity=_identity(record) | {"problem": problem.rule},
    )
    return Assessed(record, finding, True)


def _workflow(name: str) -> str:
    return name or "The workflow"


def _hint(record: ChangeRecord) -> str:
    """The next thing to do, where the record knows more than its rule."""
    if record.rule == "class-renamed":
        return f"Set class_type to {shown(record.new)}; inputs and outputs are the same."
    if record.rule == "input-renamed":
        return f"Rename the input {shown(record.input)} to {shown(record.new)}."
    if record.rule == "required-input-added" and isinstance(record.new, dict) and "default" in record.new:
        value = json.dumps(record.new["default"], default=str)
        return f'Add "{record.input}": {value} to the node; that is its default.'
    if record.rule == "option-removed" and record.cause:
        return f"Bring {record.cause} back (see ComfyUI's start-up log for its import), or choose another option."
    return catalogue()[record.rule].todo


def _finding(
    record: ChangeRecord, message: str, severity: Severity | None = None, *, location: Location | None = None
) -> Finding:
    known = record.path[0] not in _NO_CLASSES
    where = location or Location(class_type=record.class_type if known else None, input=record.input)
    return catalogue()[record.rule].finding(
        message,
        hint=_hint(record),
        severity=severity,
        location=where,
        expected=record.old,
        actual=record.new,
        identity=_identity(record),
    )


def _identity(record: ChangeRecord) -> dict[str, Any]:
    return {"path": record.path, "old": record.old, "new": record.new}
