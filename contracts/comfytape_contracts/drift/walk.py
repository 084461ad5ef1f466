"""From two inventories to change records: equal classes cost one comparison, only changed ones are looked into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.classes import class_changes
from comfytape_contracts.drift.folding import fold
from comfytape_contracts.drift.packs import attribute, packs_of
from comfytape_contracts.drift.renames import one_to_one
from comfytape_contracts.inventory import CORE, NodeClass
from comfytape_contracts.inventory.canonical import number

__all__ = ["change_records"]


def change_records(
    before: Mapping[str, Any], after: Mapping[str, Any], failures: Mapping[str, str] | None = None
) -> list[ChangeRecord]:
    """Every change between two ``/object_info`` documents, in the order of ``before``, then what is new.

    Several changes with one cause are one record: a pack gone or new, a class renamed, a prefix renamed everywhere.
    Anything JSON can say is read leniently; entries that are no objects count as absent. Never raises.
    ``failures`` has the reason for packs whose import failed, where it is known.
    """
    old, new = _readable(before), _readable(after)
    records: list[ChangeRecord] = []
    gone: dict[str, NodeClass] = {}
    for name, raw in old.items():
        other = new.get(name)
        if other is None:
            gone[name] = NodeClass(name, raw)
        elif raw != other:
            records.extend(class_changes(NodeClass(name, raw), NodeClass(name, other)))
    come = {name: NodeClass(name, raw) for name, raw in new.items() if name not in old}
    if gone or come:
        records = [*_presence(gone, come, old, new, failures or {}), *records]
    return attribute(fold(records, old, new), old, new)


def _readable(inventory: Any) -> dict[str, Mapping[str, Any]]:
    entries = inventory.items() if isinstance(inventory, Mapping) else ()
    return {str(name): raw for name, raw in entries if isinstance(raw, Mapping)}


def _presence(
    gone: Mapping[str, NodeClass],
    come: Mapping[str, NodeClass],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    failures: Mapping[str, str],
) -> Iterable[ChangeRecord]:
    """Classes gone, new and renamed; packs of which nothing is left, or was there before, are one record each."""
    packs_gone = _whole_packs(gone, new)
    packs_come = _whole_packs(come, old)
    for pack, names in packs_gone.items():
        yield ChangeRecord("pack-removed", ("pack", pack), sorted(names), failures.get(pack) or None, pack)
    for pack, names in packs_come.items():
        yield ChangeRecord("pack-added", ("pack", pack), None, sorted(names), pack)
    folded = {name for names in (*packs_gone.values(), *packs_come.values()) for name in names}
    left = {name: node for name, node in gone.items() if name not in folded}
    fresh = {name: node for name, node in come.items() if name not in folded}
    renamed = one_to_one(left, fresh, _definition)
    for name, node in left.items():
        if name in renamed:
            yield ChangeRecord("class-renamed", (name,), name, renamed[name], node.pack)
        else:
            yield ChangeRecord("class-removed", (name,), name, None, node.pack)
    for name, node in fresh.items():
        if name not in renamed.values():
            yield ChangeRecord("class-added", (name,), None, name, node.pack)


def _whole_packs(moved: Mapping[str, NodeClass], there: Mapping[str, Any]) -> dict[str, list[str]]:
    """Packs of which several classes moved and none is on the other side, with those classes. The core is no pack."""
    candidates: dict[str, list[str]] = defaultdict(list)
    for name, node in moved.items():
        pack = node.pack
        if pack is not None and pack != CORE:
            candidates[pack].append(name)
    known = packs_of(there) if candidates else {}
    return {pack: names for pack, names in candidates.items() if pack not in known and len(names) > 1}


def _definition(node: NodeClass) -> Any:
    """Everything but the name, as something hashable: equal for a class that was only renamed."""
    inputs = tuple(
        (
            spec.name,
            spec.category,
            spec.type_name,
            repr(spec.choices),
            number(spec.options.get("min")),
            number(spec.options.get("max")),
        )
        for spec in node.specs()
    )
    return (node.pack, inputs, repr(node.raw.get("output")), repr(node.raw.get("output_name")), node.is_output)
