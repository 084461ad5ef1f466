"""Which change brought a problem about: what lint says of a workflow, led back to the change records."""

from __future__ import annotations

import mimetypes
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.findings import Severity
from comfytape_contracts.inventory import Inventory
from comfytape_contracts.inventory.canonical import mapping
from comfytape_contracts.workflow import link_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfytape_contracts.findings import Finding

__all__ = ["UNCHECKED", "Causes"]

_GONE = ("class-removed", "class-renamed", "pack-removed")
_INPUT_GONE = ("required-input-removed", "optional-input-removed", "input-renamed")
_OPTION_GONE = ("option-removed", "model-option-removed", "combo-takes-one", "combo-form-v1", "input-type-changed")

_LIKELY: Mapping[str, tuple[str, ...]] = {
    "unknown-class": _GONE,
    "missing-required-input": (
        "required-input-added",
        "input-now-required",
        "input-renamed",
        "autogrow-minimum-raised",
    ),
    "undeclared-link": (*_INPUT_GONE, "autogrow-maximum-lowered", "input-type-changed", "option-removed"),
    "dangling-undeclared-link": _INPUT_GONE,
    "undeclared-value": (*_INPUT_GONE, "autogrow-maximum-lowered", "input-type-changed", "option-removed"),
    "value-below-minimum": ("minimum-raised", "input-type-changed"),
    "value-above-maximum": ("maximum-lowered", "input-type-changed"),
    "value-not-convertible": ("input-type-changed", "input-type-narrowed"),
    "value-not-in-list": _OPTION_GONE,
    "file-not-available": ("model-option-removed", *_OPTION_GONE),
    "unchecked-option": ("option-removed", "model-option-removed"),
    "choice-not-made": ("input-type-changed", "option-removed", "required-input-added"),
    "link-type-mismatch": (
        "output-moved",
        "output-retyped",
        "output-options-changed",
        "output-removed",
        "output-added",
        "input-type-narrowed",
        "input-type-changed",
        "option-removed",
        "option-added",
        "option-order-changed",
        "combo-form-v3",
        "combo-form-v1",
    ),
    "bad-link-slot": ("output-removed", "output-moved"),
    "no-outputs": ("output-node-lost",),
    "node-not-run": ("output-node-lost",),
    "own-check-failed": ("input-file-removed",),
}
"""Rules of changes that lead to each rule of lint, the likeliest first."""

UNCHECKED = "unchecked-option"
"""Lint's rule for a value that only a newer server would refuse."""

_NEVER = (
    "class-text-changed",
    "class-attribute-changed",
    "input-text-changed",
    "input-widget-changed",
    "default-changed",
)


class Causes:
    """Change records by place, asked once for every new problem of a workflow."""

    def __init__(self, records: Iterable[ChangeRecord], before: Mapping[str, Any]) -> None:
        self._before = Inventory(before)
        self._by_class: dict[str, list[ChangeRecord]] = defaultdict(list)
        for record in records:
            if record.rule == "pack-removed":
                for name in record.old:
                    self._by_class[name].append(record)
            elif record.class_type is not None:
                self._by_class[record.class_type].append(record)

    def of(self, problem: Finding, graph: Mapping[str, Any]) -> ChangeRecord | None:
        """The change behind a problem.

        Where none is, but the server refuses now what it took before, or the other way round, its own checks differ and
        that is the record. None where neither holds: what fails late without a change failed before, too.
        """
        likely = _LIKELY.get(problem.rule, ())
        near = list(self._near(problem, graph))
        for rule in likely:
            for record in near:
                if record.rule == rule:
                    return record
        moved = self._input_file(problem)
        if moved is not None:
            return moved
        grave = [r for r in near if r.rule not in _NEVER and r.input == problem.location.input is not None]
        if grave:
            return grave[0]
        if not problem.server_error and problem.rule != UNCHECKED:
            return None
        rule = "check-tightened" if problem.server_error else "check-loosened"
        where = problem.location
        path = (where.class_type or "", "input", where.input) if where.input else (where.class_type or "the workflow",)
        return ChangeRecord(rule, path)

    def severity(self, record: ChangeRecord, problem: Finding) -> Severity:
        """The problem's own, but a file of a kind that the input is not for may only be left out of the list now.

        Releases began to list images only for LoadImageMask; a sound that is still there goes on being accepted.
        """
        if record.rule != "input-file-removed" or problem.server_error != "custom_validation_failed":
            return problem.severity
        kind = (mimetypes.guess_type(str(record.old))[0] or "").split("/", maxsplit=1)[0]
        node_class = self._before.get(record.class_type)
        spec = node_class.inputs.get(record.input or "") if node_class else None
        meant = spec is not None and bool(spec.options.get(f"{kind}_upload"))
        return problem.severity if meant else Severity.WARNING

    def _near(self, problem: Finding, graph: Mapping[str, Any]) -> Iterator[ChangeRecord]:
        """Records of the problem's input, its class as a whole, and the output that is linked to it."""
        where = problem.location
        if where.class_type is None:
            for node in graph.values():
                yield from self._by_class.get(str(mapping(node).get("class_type")), ())
            return
        records = self._by_class.get(where.class_type, ())
        if where.input is None:
            yield from records
            return
        value = mapping(mapping(graph.get(where.node_id or "")).get("inputs")).get(where.input)
        link = link_of(value)
        if link is not None:
            source = str(mapping(graph.get(link.source)).get("class_type"))
            slots = [r for r in self._by_class.get(source, ()) if r.slot is not None]
            yield from sorted(slots, key=lambda record: record.slot != link.slot)
        exact = [record for record in records if where.input in (record.input, record.new)]
        yield from exact
        family = where.input.split(".", maxsplit=1)[0]
        yield from (r for r in records if r not in exact and (r.input or "").split(".", maxsplit=1)[0] == family)

    def _input_file(self, problem: Finding) -> ChangeRecord | None:
        """A file of the input folder, which is content and so in no record, that was listed before."""
        where = problem.location
        node_class = self._before.get(where.class_type)
        spec = node_class.inputs.get(where.input or "") if node_class is not None else None
        if node_class is None or spec is None or not (spec.is_upload or spec.options.get("image_folder")):
            return None
        if problem.actual not in (spec.choices or ()):
            return None
        path = (node_class.name, "input", spec.name)
        return ChangeRecord("input-file-removed", path, problem.actual, None, node_class.pack)
