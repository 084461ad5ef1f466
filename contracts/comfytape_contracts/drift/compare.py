"""Two inventories and the workflows that matter: every change, how much each of them matters, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert import convert_workflow
from comfytape_contracts.drift.cause import UNCHECKED, Causes
from comfytape_contracts.drift.rating import Assessed, by_rules, by_use, from_problem
from comfytape_contracts.drift.usage import Usage
from comfytape_contracts.drift.walk import change_records
from comfytape_contracts.findings import Finding, Severity
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.workflow import WorkflowFormat, format_of, unwrap

if TYPE_CHECKING:
    from comfytape_contracts.drift.change import ChangeRecord

__all__ = ["Drift", "NamedWorkflow", "compare_inventories", "diff_inventories"]

_SUMMARY = "pack-not-loaded"
"""Lint's line over the classes of a missing pack; drift has its own, ``pack-removed``."""


@dataclass(frozen=True, slots=True)
class NamedWorkflow:
    """A workflow in any format, and what to call it in messages (a file name, or empty)."""

    workflow: Mapping[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed between two inventories.

    Attributes:
        records: every change.
        assessed: each change with what it means; a change that breaks three nodes is there three times.
        workflows: how many workflows were looked at; with 0 every change is rated as if something used it.
    """

    records: Sequence[ChangeRecord]
    assessed: Sequence[Assessed] = field(default_factory=tuple)
    workflows: int = 0

    @property
    def findings(self) -> list[Finding]:
        """The findings, the worst first."""
        return sorted((each.finding for each in self.assessed), key=lambda finding: finding.severity.rank)


def diff_inventories(
    before: Mapping[str, Any], after: Mapping[str, Any], workflows: Sequence[Mapping[str, Any]] = ()
) -> list[Finding]:
    """What changed between two ``/object_info`` documents, the worst first.

    With workflows an error means: a ComfyUI with ``after`` rejects a workflow that one with ``before`` takes
    (``server_error`` is its own error type), or fails it for certain while running ("fails late"). Without, each
    change is rated as if something used it, and says so. What lint says of ``before`` already is no drift.

    Args:
        before: ``/object_info`` as it was.
        after: ``/object_info`` as it is.
        workflows: API format, in envelopes or not; UI format is converted as ComfyUI's frontend does it.

    Raises:
        ConversionError: a UI workflow cannot be converted.
    """
    return compare_inventories(before, after, [NamedWorkflow(workflow) for workflow in workflows]).findings


def compare_inventories(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    workflows: Sequence[NamedWorkflow] = (),
    *,
    versions: tuple[str | None, str | None] = (None, None),
    failures: Mapping[str, str] | None = None,
) -> Drift:
    """As ``diff_inventories``, with everything that a report needs.

    Args:
        before: ``/object_info`` as it was.
        after: ``/object_info`` as it is.
        workflows: the workflows that matter, with their names.
        versions: ComfyUI's release before and after; None where it is to be judged from the inventory.
        failures: packs whose import failed, with the reason, as ``import_failures`` reads them from a log.

    Raises:
        ConversionError: a UI workflow cannot be converted.
    """
    records = change_records(before, after, failures or {})
    if not workflows:
        return Drift(records=records, assessed=by_rules(records))
    causes = Causes(records, before)
    assessed: list[Assessed] = []
    touched: set[int] = set()
    for named in workflows:
        graph = _graph_of(named.workflow, before)
        caused: set[int] = set()
        for problem in _new_problems(named.workflow if graph is None else graph, before, after, versions):
            record = causes.of(problem, graph or {})
            if record is None:
                continue
            caused.add(id(record))
            assessed.append(
                from_problem(record, replace(problem, severity=causes.severity(record, problem)), named.name)
            )
        usage = Usage(graph or {})
        for record in records:
            uses = usage.of(record)
            if uses and id(record) not in caused:
                assessed.append(by_use(record, uses, named.name))
            if uses or id(record) in caused:
                touched.add(id(record))
    assessed += [by_use(record, [], "") for record in records if id(record) not in touched]
    return Drift(records=records, assessed=assessed, workflows=len(workflows))


def _graph_of(workflow: Mapping[str, Any], inventory: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The API-format graph with text keys, or None where the document is no workflow: lint says what it is."""
    graph = unwrap(workflow).graph
    if format_of(graph) is WorkflowFormat.UI:
        graph = convert_workflow(graph, inventory)
    return {str(key): node for key, node in graph.items()} if isinstance(graph, Mapping) else None


def _new_problems(
    workflow: Any,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    versions: tuple[str | None, str | None],
) -> list[Finding]:
    """What lint says of ``after`` and did not say of ``before``: errors and warnings."""
    now = _serious(workflow, after, versions[1])
    if not now:
        return []
    then = _serious(workflow, before, versions[0])
    known = {_key(finding) for finding in then}
    wrong_then = {_place(f) for f in then if f.severity is Severity.ERROR and f.location.input is not None}
    fresh = [
        finding
        for finding in now
        if _key(finding) not in known and (_place(finding) not in wrong_then or finding.rule == UNCHECKED)
    ]
    if _rejected(now) and not _rejected(then) and not _rejected(fresh):
        fresh += [f for f in now if f.server_error and f.severity is Severity.ERROR and f not in fresh]
    return fresh


def _serious(workflow: Any, inventory: Mapping[str, Any], version: str | None) -> list[Finding]:
    return [
        finding
        for finding in lint_workflow(workflow, inventory, comfyui_version=version)
        if finding.severity is not Severity.INFO and finding.rule != _SUMMARY
    ]


def _rejected(findings: Sequence[Finding]) -> bool:
    return any(f.severity is Severity.ERROR and f.server_error for f in findings)


def _key(finding: Finding) -> tuple[Any, ...]:
    return (finding.rule, finding.location.node_id, finding.location.input)


def _place(finding: Finding) -> tuple[Any, ...]:
    return (finding.location.node_id, finding.location.input)
