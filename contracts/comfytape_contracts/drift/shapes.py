"""The shape of JSON answers: learnt from samples as JSON Schema with counts, and compared."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from deepdiff import DeepDiff

from comfytape_contracts.drift.change import ChangeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["FEWEST_SAMPLES", "infer_shape", "shape_records"]

FEWEST_SAMPLES = 3
"""Samples from which on a field that all of them have is required."""

_STATE_FIELDS = frozenset({"status", "status_str", "type"})
"""Fields that hold one of a few words; only for these the words are kept."""

_MOST_STATES = 20
_DEEPEST = 30
_AN_ID = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}(-\w+)?|[0-9a-z]{14,}-?\w*|\d+:\d+")
"""Keys that are ids and not names: node ids, prompt ids (UUID), RunPod's job ids."""


def infer_shape(samples: Sequence[Any]) -> dict[str, Any]:
    """A JSON Schema (2020-12) that all samples fit, with ``x-seen``: how many samples there were at that place.

    Numbers have a type and no range, texts no format; words are listed for state fields only. Objects whose keys
    are ids are maps. Nothing is said about the items of arrays that were always empty (``x-items: unknown``).
    """
    return _shape(list(samples), "", 0)


def _shape(samples: list[Any], key: str, depth: int) -> dict[str, Any]:
    types = sorted({_type(sample) for sample in samples})
    shape: dict[str, Any] = {"type": types, "x-seen": len(samples)}
    if depth > _DEEPEST:
        return shape
    objects = [sample for sample in samples if isinstance(sample, dict)]
    if objects:
        shape |= _object_shape(objects, depth)
    arrays = [sample for sample in samples if isinstance(sample, list)]
    if arrays:
        items = [item for sample in arrays for item in sample]
        shape |= {"items": _shape(items, "", depth + 1)} if items else {"x-items": "unknown"}
    words = {sample for sample in samples if isinstance(sample, str)}
    if key in _STATE_FIELDS and words and len(words) <= _MOST_STATES:
        shape["enum"] = sorted(words)
    return shape


def _object_shape(objects: list[dict[str, Any]], depth: int) -> dict[str, Any]:
    seen = Counter(str(name) for sample in objects for name in sample)
    if seen and all(_AN_ID.fullmatch(name) for name in seen):
        values = [value for sample in objects for value in sample.values()]
        return {"additionalProperties": _shape(values, "", depth + 1)}
    fields = {
        name: _shape([sample[name] for sample in objects if name in sample], name, depth + 1) for name in sorted(seen)
    }
    always = [name for name in fields if seen[name] == len(objects)]
    return {"properties": fields} | (
        {"required": always} if always and len(objects) >= FEWEST_SAMPLES else {}
    )  # fmt: skip


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def shape_records(route: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangeRecord]:
    """Changes between two shapes of one route, as ``infer_shape`` makes them.

    A side without samples, items that one side never saw, and null instead of a value say nothing. ``old`` and
    ``new`` of a field's presence are ``m of n``.
    """
    if not before.get("x-seen") or not after.get("x-seen"):
        return []
    ours, theirs = _plain(before), _plain(after)
    found = DeepDiff(ours, theirs, view="tree", threshold_to_diff_deeper=0, ignore_order=False)
    changes = [change for kind in found.values() for change in kind]
    records = [record for change in changes for record in _records(route, change)]
    return sorted(records, key=lambda record: (record.path, record.rule))


def _plain(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A shape as a tree for comparing: fields by name, and of each its types, whether it is always there, its words."""
    fields = {f".{name}": value for name, value in shape.get("properties", {}).items()}
    if "items" in shape:
        fields["[]"] = shape["items"]
    if "additionalProperties" in shape:
        fields["{}"] = shape["additionalProperties"]
    required = shape.get("required", ())
    total = shape["x-seen"]
    tree: dict[str, Any] = {
        "types": " or ".join(kind for kind in shape["type"] if kind != "null"),
        "words": dict.fromkeys(shape.get("enum", ()), True),
        "fields": {},
    }
    for name, value in fields.items():
        always = name[1:] in required or name in ("[]", "{}")
        said = {"always": always, "enough": total >= FEWEST_SAMPLES, "seen": f"{value['x-seen']} of {total}"}
        tree["fields"][name] = {**said, **_plain(value)}
    return tree


def _records(route: str, change: Any) -> Iterator[ChangeRecord]:
    path = change.path(output_format="list")
    fields = [part for before, part in itertools.pairwise(path) if before == "fields"]
    at = ("answer", route, "".join(fields))
    last = path[-1]
    if len(path) > 1 and path[-2] == "words":
        gone = "removed" in change.report_type
        yield ChangeRecord(
            "state-removed" if gone else "state-added", at, last if gone else None, None if gone else last
        )
    elif len(path) > 1 and path[-2] == "fields":
        if last in ("[]", "{}"):
            return  # a side never saw an item: unknown, not gone
        gone = "removed" in change.report_type
        seen = (change.t1 if gone else change.t2)["seen"]
        yield ChangeRecord(
            "field-removed" if gone else "field-added", at, seen if gone else None, None if gone else seen
        )
    elif last == "types" and change.t1 and change.t2:
        yield ChangeRecord("field-type-changed", at, change.t1, change.t2)
    elif last == "always":
        before, after = change.up.t1, change.up.t2
        if before["enough"] and after["enough"]:
            rule = "field-now-always" if change.t2 else "field-now-optional"
            yield ChangeRecord(rule, at, before["seen"], after["seen"])
