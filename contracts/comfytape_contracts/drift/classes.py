"""What changed in one class that both inventories have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.inputs import input_changes, order_changes
from comfytape_contracts.drift.outputs import output_changes
from comfytape_contracts.inventory.canonical import is_blank, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.inventory import NodeClass

__all__ = ["class_changes"]

_FLAGS = (
    ("output_node", "output-node-gained", "output-node-lost"),
    ("deprecated", "class-deprecated", "class-undeprecated"),
    ("experimental", "class-experimental", "class-stable"),
    ("api_node", "class-paid", "class-free"),
)
_TEXTS = ("display_name", "description", "category", "output_tooltips", "search_aliases", "essentials_category", "help")
_NAMED_BY_ITSELF = ("display_name",)
"""Blank means "as the class is called", so blank against any name is no change (V3 nodes without a name send null)."""

_JUDGED = frozenset(
    {"input", "input_order", "output", "output_name", "output_is_list", "output_matchtypes", "name", "python_module"}
    | {key for key, _, _ in _FLAGS}
)
"""Keys that have rules of their own."""


def class_changes(old: NodeClass, new: NodeClass) -> Iterator[ChangeRecord]:
    """Changes of a class, the provider first. Keys that later releases may add are compared as they stand."""
    at, pack, before, after = (old.name,), new.pack, old.raw, new.raw
    if before.get("python_module") != after.get("python_module") and old.pack != pack:
        yield ChangeRecord("class-provider-changed", (*at, "python_module"), old.pack, pack, pack)
    for key, on, off in _FLAGS:
        ours, theirs = before.get(key) is True, after.get(key) is True
        if ours is not theirs:
            yield ChangeRecord(on if theirs else off, (*at, key), ours, theirs, pack)
    yield from input_changes(old, new, pack)
    if before.get("input_order") != after.get("input_order"):
        yield from order_changes(old, new, pack)
    yield from output_changes(old, new, pack)
    for key in {**before, **after}:
        if key not in _JUDGED and before.get(key) != after.get(key):
            yield from _attribute_changes((*at, key), before.get(key), after.get(key), pack)


def _attribute_changes(at: tuple[str, ...], old: Any, new: Any, pack: str | None) -> Iterator[ChangeRecord]:
    if same(old, new):
        return
    if at[-1] in _NAMED_BY_ITSELF and (is_blank(old) or is_blank(new)):
        return
    rule = "class-text-changed" if at[-1] in _TEXTS else "class-attribute-changed"
    yield ChangeRecord(rule, at, old, new, pack)
