"""What changed in the inputs of a class: new, gone, renamed, changed, reordered; inside dynamic inputs too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.options import list_changes, token
from comfytape_contracts.drift.renames import one_to_one
from comfytape_contracts.drift.specs import spec_changes
from comfytape_contracts.inventory import InputSpec
from comfytape_contracts.inventory.canonical import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import NodeClass

__all__ = ["input_changes", "order_changes", "summary_of"]

_Entry = tuple[str, Any]
"""Category and raw spec: an ``InputSpec`` is only made of what differs."""

_DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
_DYNAMIC_SLOT = "COMFY_DYNAMICSLOT_V3"
_AUTOGROW = "COMFY_AUTOGROW_V3"
"""ComfyUI comfy_api/latest/_io.py: inputs that hold inputs."""

_DEEPEST = 8
"""Dynamic inputs inside dynamic inputs that are followed; real ones nest three deep."""


def input_changes(old: NodeClass, new: NodeClass, pack: str | None) -> Iterator[ChangeRecord]:
    """Changes of all inputs of a class that both inventories have."""
    if old.input_groups == new.input_groups:
        return
    at = (old.name, "input")
    yield from _Walk(pack).group(at, _entries(old.input_groups), _entries(new.input_groups), "", ())
    if old.input_groups.get("hidden") != new.input_groups.get("hidden"):
        yield from _hidden_changes(at, old, new, pack)


def _hidden_changes(at: tuple[str, ...], old: NodeClass, new: NodeClass, pack: str | None) -> Iterator[ChangeRecord]:
    ours, theirs = (mapping(side.input_groups.get("hidden")).keys() for side in (old, new))
    for name in sorted(map(str, ours - theirs)):
        yield ChangeRecord("hidden-input-removed", (*at, name, "hidden"), name, None, pack)
    for name in sorted(map(str, theirs - ours)):
        yield ChangeRecord("hidden-input-added", (*at, name, "hidden"), None, name, pack)


def summary_of(spec: InputSpec) -> dict[str, Any]:
    """An input in short, for records: its type, and its default where it has one."""
    return {"type": spec.type_name} | ({"default": spec.options["default"]} if "default" in spec.options else {})


class _Walk:
    def __init__(self, pack: str | None) -> None:
        self._pack = pack

    def group(
        self,
        at: tuple[str, ...],
        old: Mapping[str, _Entry],
        new: Mapping[str, _Entry],
        prefix: str,
        when: tuple[str, ...],
    ) -> Iterator[ChangeRecord]:
        """Inputs that stand side by side. ``when`` holds the choices under which they exist."""
        if old.keys() != new.keys():
            yield from self._presence(at, old, new, prefix, when)
        for name, entry in old.items():
            other = new.get(name)
            if other is None or entry == other:
                continue
            before, after = _spec(name, entry), _spec(name, other)
            here = (*at, prefix + name, *when)
            yield from spec_changes(here, before, after, self._pack)
            if before.type == after.type and before.type in (_DYNAMIC_COMBO, _DYNAMIC_SLOT, _AUTOGROW):
                yield from self._inside(here, before, after, when)

    def _presence(
        self,
        at: tuple[str, ...],
        old: Mapping[str, _Entry],
        new: Mapping[str, _Entry],
        prefix: str,
        when: tuple[str, ...],
    ) -> Iterator[ChangeRecord]:
        gone = {name: _spec(name, entry) for name, entry in old.items() if name not in new}
        come = {name: _spec(name, entry) for name, entry in new.items() if name not in old}
        renamed = one_to_one(gone, come, _signature)
        for name, other in renamed.items():
            yield ChangeRecord("input-renamed", (*at, prefix + name, *when), name, prefix + other, self._pack)
        for name, spec in gone.items():
            if name not in renamed:
                rule = f"{spec.category}-input-removed"
                yield ChangeRecord(rule, (*at, prefix + name, *when), summary_of(spec), None, self._pack)
        for name, spec in come.items():
            if name not in renamed.values():
                rule = f"{spec.category}-input-added"
                yield ChangeRecord(rule, (*at, prefix + name, *when), None, summary_of(spec), self._pack)

    def _inside(
        self, here: tuple[str, ...], old: InputSpec, new: InputSpec, when: tuple[str, ...]
    ) -> Iterator[ChangeRecord]:
        at, prefix = here[:2], f"{here[2]}."
        if prefix.count(".") > _DEEPEST:
            return
        if old.type == _DYNAMIC_COMBO:
            ours, theirs = _choices(old), _choices(new)
            yield from list_changes((*here, "options"), list(ours), list(theirs), self._pack)
            for key in (key for key in ours if key in theirs):
                chosen = (*when, f"{here[2]}={key}")
                yield from self.group(at, _entries(ours[key]), _entries(theirs[key]), prefix, chosen)
        else:
            yield from self.group(at, _entries(_inner(old)), _entries(_inner(new)), prefix, when)


def _inner(spec: InputSpec) -> Mapping[str, Any]:
    """The inputs that a growing input or a slot is made of."""
    if spec.type == _AUTOGROW:
        return mapping(mapping(spec.options.get("template")).get("input"))
    return mapping(spec.options.get("inputs"))


def _choices(spec: InputSpec) -> dict[str, Mapping[str, Any]]:
    options = (mapping(option) for option in sequence(spec.options.get("options")))
    return {str(option["key"]): mapping(option.get("inputs")) for option in options if "key" in option}


def _entries(groups: Mapping[str, Any]) -> dict[str, _Entry]:
    """Inputs by name, those of ``required`` first; a name in both groups is required."""
    found: dict[str, _Entry] = {}
    for category in ("required", "optional"):
        for name, raw in mapping(groups.get(category)).items():
            if name not in found:
                found[name] = (category, raw)
    return found


def _spec(name: str, entry: _Entry) -> InputSpec:
    return InputSpec(name, *entry)


def _signature(spec: InputSpec) -> Any:
    """What stays when an input is only renamed."""
    limits = tuple(token(spec.options.get(key)) for key in ("min", "max", "default"))
    choices = tuple(map(token, spec.choices)) if spec.choices is not None else None
    return (spec.category, spec.type_name, choices, limits)


def order_changes(old: NodeClass, new: NodeClass, pack: str | None) -> Iterator[ChangeRecord]:
    """Another order of the inputs that both have: positional only in the editor's files."""
    before, after = (mapping(side.raw.get("input_order")) for side in (old, new))
    for category in ("required", "optional"):
        ours, theirs = ([str(name) for name in sequence(side.get(category))] for side in (before, after))
        common = set(ours) & set(theirs)
        kept, moved = ([name for name in side if name in common] for side in (ours, theirs))
        if kept != moved:
            yield ChangeRecord("input-order-changed", (old.name, "input-order", category), kept, moved, pack)
