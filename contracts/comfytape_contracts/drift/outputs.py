"""What changed in the outputs of a class. Links name a slot by its index, so a slot that moves is a change."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.options import token
from comfytape_contracts.inventory.canonical import sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.inventory import NodeClass

__all__ = ["output_changes"]


@dataclass(frozen=True, slots=True)
class _Slot:
    kind: Any
    name: str
    is_list: bool

    @property
    def label(self) -> str:
        """Type and name as one text."""
        kind = "COMBO" if isinstance(self.kind, list) else str(self.kind)
        return kind if self.name in ("", kind) else f"{kind} {self.name}"


def output_changes(old: NodeClass, new: NodeClass, pack: str | None) -> Iterator[ChangeRecord]:
    """Changes of all output slots of a class that both inventories have."""
    if all(old.raw.get(key) == new.raw.get(key) for key in ("output", "output_name", "output_is_list")):
        return
    ours, theirs = _slots(old), _slots(new)
    at = (old.name, "output")
    if len(ours) == len(theirs):
        for index, (before, after) in enumerate(zip(ours, theirs, strict=True)):
            yield from _slot_changes((*at, str(index)), before, after, ours, theirs, pack)
        return
    keys = [[(token(slot.kind), slot.name) for slot in side] for side in (ours, theirs)]
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if kind == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                if i != j:
                    yield ChangeRecord("output-moved", (*at, str(i)), f"slot {i}", f"slot {j}", pack)
                yield from _list_changes((*at, str(i)), ours[i], theirs[j], pack)
        else:
            yield from _stretch_changes(at, ours, theirs, (i1, i2, j1, j2), pack)


def _stretch_changes(
    at: tuple[str, ...],
    ours: list[_Slot],
    theirs: list[_Slot],
    stretch: tuple[int, int, int, int],
    pack: str | None,
) -> Iterator[ChangeRecord]:
    """A stretch of slots that has no equal on the other side: changed where they stand, then gone, then new."""
    i1, i2, j1, j2 = stretch
    paired = min(i2 - i1, j2 - j1) if i1 == j1 else 0
    for i in range(i1, i1 + paired):
        yield from _slot_changes((*at, str(i)), ours[i], theirs[i], ours, theirs, pack)
    for i in range(i1 + paired, i2):
        yield ChangeRecord("output-removed", (*at, str(i)), ours[i].label, None, pack)
    for j in range(j1 + paired, j2):
        yield ChangeRecord("output-added", (*at, str(j)), None, theirs[j].label, pack)


def _slots(node_class: NodeClass) -> list[_Slot]:
    names = sequence(node_class.raw.get("output_name"))
    lists = sequence(node_class.raw.get("output_is_list"))
    return [
        _Slot(
            kind=kind,
            name=str(names[index]) if index < len(names) and names[index] else "",
            is_list=index < len(lists) and lists[index] is True,
        )
        for index, kind in enumerate(node_class.outputs or [])
    ]


def _slot_changes(
    at: tuple[str, ...], old: _Slot, new: _Slot, ours: list[_Slot], theirs: list[_Slot], pack: str | None
) -> Iterator[ChangeRecord]:
    """Changes of one slot; a name that stands elsewhere now means that the slots were reordered."""
    elsewhere = [j for j, slot in enumerate(theirs) if slot.name == old.name]
    moved = (
        bool(old.name)
        and old.name != new.name
        and len(elsewhere) == 1
        and [slot.name for slot in ours].count(old.name) == 1
    )
    if moved:
        yield ChangeRecord("output-moved", at, f"slot {at[-1]}", f"slot {elsewhere[0]}", pack)
    elif token(old.kind) != token(new.kind):
        if isinstance(old.kind, list) and isinstance(new.kind, list):
            yield ChangeRecord("output-options-changed", (*at, "options"), old.kind, new.kind, pack)
        else:
            yield ChangeRecord("output-retyped", (*at, "type"), _type(old), _type(new), pack)
    elif old.name and new.name and old.name != new.name:
        yield ChangeRecord("output-renamed", (*at, "name"), old.name, new.name, pack)
    yield from _list_changes(at, old, new, pack)


def _type(slot: _Slot) -> str:
    return "COMBO" if isinstance(slot.kind, list) else str(slot.kind)


def _list_changes(at: tuple[str, ...], old: _Slot, new: _Slot, pack: str | None) -> Iterator[ChangeRecord]:
    if old.is_list != new.is_list:
        rule = "output-now-list" if new.is_list else "output-now-single"
        yield ChangeRecord(rule, (*at, "is_list"), old.is_list, new.is_list, pack)
