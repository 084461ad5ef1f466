"""What changed in one input: its type, its range, its options, its default, and how the editor shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.options import option_changes
from comfytape_contracts.inventory.canonical import is_number, mapping, number, same, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import InputSpec

__all__ = ["spec_changes", "type_of"]

_TEXTS = ("tooltip", "placeholder", "display_name")
_JUDGED = frozenset({"default", "min", "max", "options", "multiselect", "template", "inputs", "remote", *_TEXTS})
"""What has a rule of its own; all other options of an input only tell the editor what to draw."""


def type_of(spec: InputSpec) -> str:
    """The type of an input, ``COMBO`` for both forms of a combo."""
    return spec.type_name


def spec_changes(at: tuple[str, ...], old: InputSpec, new: InputSpec, pack: str | None) -> Iterator[ChangeRecord]:
    """Changes of an input that both inventories have; ``at`` is its path.

    Inputs inside dynamic ones are the walk's business, which knows how they nest.
    """
    if old.category != new.category:
        rule = "input-now-required" if new.category == "required" else "input-now-optional"
        yield ChangeRecord(rule, at, old.category, new.category, pack)
    if same(old.raw, new.raw):
        return
    if type_of(old) != type_of(new):
        yield ChangeRecord(_type_rule(type_of(old), type_of(new)), (*at, "type"), type_of(old), type_of(new), pack)
        return  # the range and options of another type are no change of this one's
    if old.choices is not None or new.choices is not None:
        yield from option_changes(at, old, new, pack)
    yield from _range_changes(at, old.options, new.options, pack)
    if not same(old.options.get("default"), new.options.get("default")) and not _lists_files(old, new):
        old_default, new_default = old.options.get("default"), new.options.get("default")
        yield ChangeRecord("default-changed", (*at, "default"), old_default, new_default, pack)
    yield from _editor_changes(at, old.options, new.options, pack)


def _lists_files(old: InputSpec, new: InputSpec) -> bool:
    """The default of a list of files is whichever the server found first: content, not contract."""
    return old.is_file or new.is_file


def _type_rule(old: str, new: str) -> str:
    ours, theirs = _parts(old), _parts(new)
    if "*" in theirs or ours < theirs:
        return "input-type-widened"
    if "*" in ours or theirs < ours:
        return "input-type-narrowed"
    return "input-type-changed"


def _parts(kind: str) -> frozenset[str]:
    return frozenset(part.strip() for part in kind.split(","))


def _range_changes(
    at: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any], pack: str | None
) -> Iterator[ChangeRecord]:
    for key, tight, loose, sign in (
        ("min", "minimum-raised", "minimum-lowered", 1),
        ("max", "maximum-lowered", "maximum-raised", -1),
    ):
        before, after = old.get(key), new.get(key)
        if same(before, after) or not (is_number(before) or is_number(after)):
            continue
        ours, theirs = number(before), number(after)
        tighter = ours is None or (theirs is not None and sign * theirs > sign * ours)
        yield ChangeRecord(tight if tighter else loose, (*at, key), before, after, pack)


def _editor_changes(
    at: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any], pack: str | None
) -> Iterator[ChangeRecord]:
    for rule, aspect, keys in (
        ("input-text-changed", "text", _TEXTS),
        ("input-widget-changed", "widget", [key for key in {**old, **new} if key not in _JUDGED]),
    ):
        changed = [key for key in keys if not same(old.get(key), new.get(key))]
        if changed:
            ours, theirs = ({key: side.get(key) for key in changed} for side in (old, new))
            yield ChangeRecord(rule, (*at, aspect), ours, theirs, pack)
    yield from _size_changes(at, mapping(old.get("template")), mapping(new.get("template")), pack)


def _size_changes(
    at: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any], pack: str | None
) -> Iterator[ChangeRecord]:
    """How many members a growing input needs and takes."""
    for key, tight, loose, sign in (
        ("min", "autogrow-minimum-raised", "autogrow-minimum-lowered", 1),
        ("max", "autogrow-maximum-lowered", "autogrow-maximum-raised", -1),
    ):
        ours, theirs = _size(old, key), _size(new, key)
        if old and new and ours != theirs:
            rule = tight if sign * theirs > sign * ours else loose
            yield ChangeRecord(rule, (*at, key), ours, theirs, pack)


def _size(template: Mapping[str, Any], key: str) -> float:
    if key == "max" and "names" in template:
        return len(sequence(template["names"]))
    return number(template.get(key)) or 0
