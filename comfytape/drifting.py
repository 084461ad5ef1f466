"""Comparing two endpoints, or one at two moments: inventories, versions, models, answers and times."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError
from comfytape_contracts.drift import (
    Group,
    JobTime,
    NamedWorkflow,
    compare_inventories,
    diff_timing,
    grouped,
    import_failures,
    infer_shape,
    model_records,
    names_in_workflows,
    pack_version_records,
    shape_records,
    stated,
    version_records,
)
from comfytape_contracts.seen_versions import manager_packs
from comfytape_contracts.workflow import Positions, unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape.sources import InventorySource
    from comfytape_contracts.drift import Assessed, ChangeRecord
    from comfytape_contracts.findings import Finding, Severity
    from comfytape_contracts.tape import Tape

__all__ = ["DriftResult", "WorkflowFile", "compare_sources", "read_workflow_file"]

_SHAPED = {
    "runpod": frozenset({"run", "runsync", "status", "health", "cancel", "stream"}),
    "comfyui": frozenset({"system_stats", "queue", "prompt", "history", "features"}),
}
"""Routes whose answers have a shape; inventories and model lists are maps, and compared as what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFile:
    """A workflow file: its name as the user gave it, its document, and where things stand in it."""

    name: str
    document: Mapping[str, Any]
    positions: Positions

    def line(self, node_id: str | None, input_name: str | None) -> int | None:
        """The line of an input of a node, or of the nearest thing around it."""
        opened = unwrap(self.document)
        if opened.textual or node_id is None:
            return None
        return self.positions.line(*opened.path, node_id, "inputs", input_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftResult:
    """What a comparison found.

    Attributes:
        findings: the worst first, pointing into the workflow files.
        groups: the same as lines for a person.
        changes: how many changes there are, whether they matter or not.
        elapsed_ms: how long the comparison took, reading not included.
        examined: node classes that were compared.
    """

    findings: Sequence[Finding]
    groups: Sequence[Group]
    changes: int
    elapsed_ms: float
    examined: int
    measurements: Mapping[str, Any] = field(default_factory=dict)


def read_workflow_file(path: str) -> WorkflowFile:
    """Read a workflow file of any format.

    Raises:
        UsageError: it is not there, or is no JSON object; the message names file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        document = json.loads(text)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}", hint="--workflow takes a workflow in JSON") from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise UsageError(f"{path}:{line}: not JSON: {error}", hint="export it with 'Save (API Format)'") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} is no workflow: expected a JSON object, got {type(document).__name__}")
    return WorkflowFile(name=path, document=document, positions=Positions.of(text))


def compare_sources(
    before: InventorySource,
    after: InventorySource,
    files: Sequence[WorkflowFile] = (),
    severities: Mapping[str, Severity] = MappingProxyType({}),
) -> DriftResult:
    """Compare everything that both sides know; ``severities`` are a contract's own, by rule.

    Raises:
        ConversionError: a UI workflow cannot be converted.
    """
    failures, ours, theirs = _import_failures(after.tape), _Beside.of(before), _Beside.of(after)
    started = time.perf_counter()
    drift = compare_inventories(
        before.object_info,
        after.object_info,
        [NamedWorkflow(file.document, file.name) for file in files],
        versions=(before.comfyui_version, after.comfyui_version),
        failures=failures,
    )
    used = names_in_workflows(file.document for file in files) if files else None
    beside = stated(
        [
            *version_records(ours.stats, theirs.stats),
            *pack_version_records(ours.packs, theirs.packs),
            *model_records(ours.models, theirs.models, (ours.folders, theirs.folders)),
            *_shape_changes(ours.answers, theirs.answers),
        ],
        used,
    )
    assessed = [replace(each, finding=_weighed(each.finding, severities)) for each in (*drift.assessed, *beside)]
    slower = [_weighed(finding, severities) for finding in _timing_changes(ours.times, theirs.times)]
    elapsed_ms = (time.perf_counter() - started) * 1000
    found = [each.finding for each in assessed] + slower
    changes = len(drift.records) + len(beside) + len(slower)
    return DriftResult(
        findings=sorted((_placed(f, files) for f in found), key=lambda f: f.severity.rank),
        groups=_lines(assessed, slower),
        changes=changes,
        elapsed_ms=elapsed_ms,
        examined=len({*before.object_info, *after.object_info}),
        measurements={
            "classes_before": len(before.object_info),
            "classes_after": len(after.object_info),
            "changes": changes,
            "workflows": len(files),
            "compare_ms": round(elapsed_ms, 1),
        },
    )


def _weighed(finding: Finding, severities: Mapping[str, Severity]) -> Finding:
    return replace(finding, severity=severities.get(finding.rule, finding.severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What one side says besides its inventory, read off its recording once."""

    stats: Mapping[str, Any]
    models: Mapping[str, Mapping[str, int | None]]
    folders: frozenset[str]
    packs: Mapping[str, str]
    answers: Mapping[str, list[Any]]
    times: Mapping[tuple[str, ...], list[JobTime]]

    @classmethod
    def of(cls, source: InventorySource) -> _Beside:
        """Read everything, so that what follows is comparison alone."""
        return cls(
            stats=_stats(source),
            models=_models(source),
            folders=_folders(source),
            packs=_packs(source.tape),
            answers=_samples(source.tape),
            times=_times(source.tape),
        )


def _lines(assessed: Sequence[Assessed], timing: Sequence[Finding]) -> list[Group]:
    own = [Group(finding.severity, finding.message, finding.hint, [finding]) for finding in timing]
    return sorted([*grouped(assessed), *own], key=lambda group: group.severity.rank)


def _placed(finding: Finding, files: Sequence[WorkflowFile]) -> Finding:
    """With the line in its workflow file."""
    for file in files:
        if file.name == finding.location.file:
            return finding.at(file=file.name, line=file.line(finding.location.node_id, finding.location.input))
    return finding


def _stats(source: InventorySource) -> dict[str, Any]:
    devices: Any = []
    for _, data in source.tape.answers("system_stats") if source.tape else ():
        devices = data.get("devices") if isinstance(data, dict) else devices
    return {"system": source.system, "devices": devices}


def _models(source: InventorySource) -> dict[str, dict[str, int | None]]:
    return {
        folder: {name: source.model_sizes.get((folder, name)) for name in names}
        for folder, names in source.models.items()
    }


def _folders(source: InventorySource) -> frozenset[str]:
    """The folder names that ``/models`` listed."""
    return frozenset(
        str(name)
        for route, data in (source.tape.answers("models") if source.tape else ())
        if not route.argument and isinstance(data, list)
        for name in data
    )


def _packs(tape: Tape | None) -> dict[str, str]:
    """Version, or commit, of the packs that ComfyUI-Manager lists."""
    return {name: pack.version or pack.commit for name, pack in (manager_packs(tape) if tape else {}).items()}


def _import_failures(tape: Tape | None) -> dict[str, str]:
    """From a recorded ``/internal/logs`` (a JSON text) or ``/internal/logs/raw`` (entries with ``m``)."""
    found: dict[str, str] = {}
    for name in ("internal/logs", "internal/logs/raw"):
        for _, data in tape.answers(name) if tape else ():
            found |= import_failures(_log_text(data))
    return found


def _log_text(data: Any) -> str:
    if isinstance(data, dict) and isinstance(data.get("entries"), list):
        return "".join(str(entry.get("m", "")) for entry in data["entries"] if isinstance(entry, dict))
    return data if isinstance(data, str) else ""


def _shape_changes(before: Mapping[str, list[Any]], after: Mapping[str, list[Any]]) -> list[ChangeRecord]:
    return [
        record
        for route in before
        if route in after
        for record in shape_records(route, infer_shape(before[route]), infer_shape(after[route]))
    ]


def _timing_changes(
    before: Mapping[tuple[str, ...], list[JobTime]], after: Mapping[tuple[str, ...], list[JobTime]]
) -> list[Finding]:
    """Times of workflows that both sides ran; those of different ones cannot be compared."""
    common = before.keys() & after.keys()
    return diff_timing(*([job for key in common for job in side[key]] for side in (before, after)))


def _samples(tape: Tape | None) -> dict[str, list[Any]]:
    """JSON answers by route."""
    found: dict[str, list[Any]] = defaultdict(list)
    for route, exchange in tape.routed if tape else ():
        if exchange.response.status == 200 and route.name in _SHAPED.get(route.plane, ()):
            try:
                found[f"{exchange.request.method} /{route.name}"].append(json.loads(exchange.response.content()))
            except (ValueError, RecursionError):
                continue
    return found


def _times(tape: Tape | None) -> dict[tuple[str, ...], list[JobTime]]:
    """Times of the jobs that ended well, by the classes of their workflow.

    A job is cold where ``/health`` showed no worker just before it.
    """
    found: dict[tuple[str, ...], list[JobTime]] = defaultdict(list)
    for job in tape.jobs if tape else ():
        if job.last is None or job.status != "COMPLETED":
            continue
        nodes = (job.workflow or {}).values()
        classes = sorted(str(node.get("class_type")) for node in nodes if isinstance(node, dict))
        is_cold = tape is not None and tape.workers_before(job.submitted_ms) == 0
        time_taken = JobTime(execution_ms=job.last.execution_ms, delay_ms=job.last.delay_ms, is_cold=is_cold)
        found[tuple(classes)].append(time_taken)
    return found
