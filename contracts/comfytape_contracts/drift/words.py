"""Change records in words: one sentence each, which says what changed, where, from what to what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfytape_contracts.drift.change import ChangeRecord

__all__ = ["ended", "listed", "sentence", "shown"]

_LONGEST = 80
_FEW = 6


def sentence(record: ChangeRecord) -> str:
    """What a record says, without a full stop."""
    return _SAID[record.rule](record)


def ended(text: str) -> str:
    """A sentence with its full stop, unless it ends in a mark of its own."""
    return text if text.endswith(("?", "…", ".")) else f"{text}."


def shown(value: Any) -> str:
    """A value as people write it, cut to a line."""
    if value is None:
        return "nothing"
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def listed(values: Any, few: int = _FEW) -> str:
    """The first few values of a list, and how many more there are."""
    items = list(values) if isinstance(values, list | tuple) else [values]
    more = f", … ({len(items)} in all)" if len(items) > few else ""
    return ", ".join(map(shown, items[:few])) + more


def _where(record: ChangeRecord) -> str:
    """``Class.input`` or ``Class``, with the pack and, inside a dynamic input, the choice."""
    place = f"{record.class_type}.{record.input}" if record.input is not None else str(record.class_type)
    when = [part for part in record.path[3:] if "=" in part]
    pack = f" ({record.pack})" if record.pack else ""
    return f"{place}{pack}" + (f" where {' and '.join(when)}" if when else "")


def _class(record: ChangeRecord) -> str:
    return f"{record.class_type}" + (f" ({record.pack})" if record.pack else "")


def _spec(value: Any) -> str:
    if not isinstance(value, Mapping):
        return shown(value)
    return f"{value.get('type')}" + (f", default {shown(value['default'])}" if "default" in value else "")


_FIELDS: Mapping[str, Callable[[ChangeRecord], Any]] = {
    "where": _where,
    "node": _class,
    "class": lambda record: record.class_type,
    "slot": lambda record: record.slot,
    "old": lambda record: shown(record.old),
    "new": lambda record: shown(record.new),
    "old_text": lambda record: record.old,
    "new_text": lambda record: record.new,
    "aspect": lambda record: record.path[-1],
    "folder": lambda record: record.path[1],
    "answer": lambda record: " ".join(record.path[1:]),
}


def _said(text: str) -> Callable[[ChangeRecord], str]:
    """A sentence with what it names of the record filled in, and nothing else worked out."""
    names = [name for _, name, _, _ in Formatter().parse(text) if name]
    fields = [(name, _FIELDS[name]) for name in names]
    return lambda record: text.format(**{name: field(record) for name, field in fields})


def _input_presence(text: str) -> Callable[[ChangeRecord], str]:
    def fill(record: ChangeRecord) -> str:
        return text.format(
            where=_where(record), node=_class(record), name=record.input, spec=_spec(record.old or record.new)
        )

    return fill


def _options(text: str) -> Callable[[ChangeRecord], str]:
    def fill(record: ChangeRecord) -> str:
        cause = f", which {record.cause} brings" if record.cause else ""
        return text.format(where=_where(record), options=listed(record.old or record.new), cause=cause)

    return fill


def _pack_removed(record: ChangeRecord) -> str:
    count = len(record.old)
    why = f"; import failed: {record.new}" if record.new else "; import failed?"
    return f"{record.pack}: {count} class{'es' if count != 1 else ''} gone{why}"


def _prefix(record: ChangeRecord) -> str:
    ours, theirs = record.old["prefix"], record.new["prefix"]
    count = len(record.old["classes"])
    if record.rule == "pack-renamed":
        return f"the pack {ours} is called {theirs} now ({count} classes)"
    return f"{record.pack}: {record.path[1]} {shown(ours)} is {shown(theirs)} now in {count} classes"


def _keys(record: ChangeRecord) -> str:
    keys = ", ".join(record.old) if isinstance(record.old, Mapping) else record.path[-1]
    return f"{_where(record)}: {keys} changed"


def _order(record: ChangeRecord) -> str:
    return f"{_class(record)}: the {record.path[-1]} inputs are in another order ({listed(record.new, 4)})"


_LIMIT = "{where}: {aspect} is {new}, was {old}"

_SAID: Mapping[str, Callable[[ChangeRecord], str]] = {
    "pack-removed": _pack_removed,
    "pack-added": lambda record: f"{record.pack}: {len(record.new)} classes are new",
    "pack-renamed": _prefix,
    "class-removed": _said("{node} is gone"),
    "class-added": _said("{node} is new"),
    "class-renamed": _said("{node} is called {new} now"),
    "class-provider-changed": _said("{class} comes from {new_text} now; it came from {old_text}"),
    "class-deprecated": _said("{node} is deprecated now"),
    "class-undeprecated": _said("{node} is no longer deprecated"),
    "class-experimental": _said("{node} is experimental now"),
    "class-stable": _said("{node} is no longer experimental"),
    "class-paid": _said("{node} calls a paid service now"),
    "class-free": _said("{node} no longer calls a paid service"),
    "class-text-changed": _said("{node}: {aspect} is {new}, was {old}"),
    "class-texts-renamed": _prefix,
    "class-attribute-changed": _said("{node}: {aspect} is {new}, was {old}"),
    "required-input-added": _input_presence("{node} has a new required input '{name}' ({spec})"),
    "required-input-removed": _input_presence("{node} has no required input '{name}' any more ({spec})"),
    "optional-input-added": _input_presence("{node} has a new optional input '{name}' ({spec})"),
    "optional-input-removed": _input_presence("{node} has no optional input '{name}' any more ({spec})"),
    "input-renamed": _said("{where} is called {new} now"),
    "input-now-required": _said("{where} is required now"),
    "input-now-optional": _said("{where} is optional now"),
    "input-type-narrowed": _said("{where} takes only {new_text}, took {old_text}"),
    "input-type-widened": _said("{where} takes {new_text}, took only {old_text}"),
    "input-type-changed": _said("{where} takes {new_text}, took {old_text}"),
    "minimum-raised": _said(_LIMIT),
    "minimum-lowered": _said(_LIMIT),
    "maximum-lowered": _said(_LIMIT),
    "maximum-raised": _said(_LIMIT),
    "autogrow-minimum-raised": _said("{where} needs {new} members, needed {old}"),
    "autogrow-minimum-lowered": _said("{where} needs {new} members, needed {old}"),
    "autogrow-maximum-lowered": _said("{where} takes {new} members, took {old}"),
    "autogrow-maximum-raised": _said("{where} takes {new} members, took {old}"),
    "default-changed": _said("{where}: default is {new}, was {old}"),
    "hidden-input-added": _said("{node}: the server passes it {new} too"),
    "hidden-input-removed": _said("{node}: the server no longer passes it {old}"),
    "input-order-changed": _order,
    "input-widget-changed": _keys,
    "input-text-changed": _keys,
    "option-removed": _options("{where} lost {options}{cause}"),
    "option-added": _options("{where} gained {options}{cause}"),
    "option-order-changed": _said("{where}: the options are in another order"),
    "combo-form-v3": _said("{where} is a V3 combo now, with options in another place"),
    "combo-form-v1": _said("{where} is a V1 combo now, with options in another place"),
    "combo-takes-several": _said("{where} takes several options now"),
    "combo-takes-one": _said("{where} takes only one option now"),
    "output-removed": _said("{node}: output slot {slot} ({old_text}) is gone"),
    "output-added": _said("{node}: output slot {slot} ({new_text}) is new"),
    "output-moved": _said("{node}: output {old_text} is {new_text} now"),
    "output-retyped": _said("{node}: output slot {slot} delivers {new_text}, was {old_text}"),
    "output-options-changed": _said("{node}: output slot {slot} offers other options"),
    "output-renamed": _said("{node}: output slot {slot} is called {new}, was {old}"),
    "output-now-list": _said("{node}: output slot {slot} delivers a list now"),
    "output-now-single": _said("{node}: output slot {slot} no longer delivers a list"),
    "output-node-lost": _said("{node} is no output node any more"),
    "output-node-gained": _said("{node} is an output node now"),
    "model-option-removed": _options("{where} no longer offers {options}"),
    "model-option-added": _options("{where} offers {options} too"),
    "input-file-removed": _said("{where}: the file {old} is no longer in the input folder"),
    "check-tightened": _said("{node}: ComfyUI checks this now and did not before"),
    "check-loosened": _said("{node}: ComfyUI checked this before and no longer does"),
    "model-removed": _said("the file {old} is gone from models/{folder}"),
    "model-added": _said("the file {new} is new in models/{folder}"),
    "model-folder-removed": _said("the model folder {old} is gone"),
    "model-folder-added": _said("the model folder {new} is new"),
    "model-shrunk": _said("models/{folder}/{aspect} has {new} bytes, had {old}"),
    "model-grown": _said("models/{folder}/{aspect} has {new} bytes, had {old}"),
    "comfyui-upgraded": _said("ComfyUI is {new_text}, was {old_text}"),
    "comfyui-downgraded": _said("ComfyUI is {new_text}, was {old_text}"),
    "python-changed": _said("Python is {new_text}, was {old_text}"),
    "pytorch-changed": _said("PyTorch is {new_text}, was {old_text}"),
    "frontend-changed": _said("the editor is {new_text}, was {old_text}"),
    "pack-version-changed": _said("the pack {folder} is {new_text}, was {old_text}"),
    "device-changed": _said("the devices are {new}, were {old}"),
    "launch-changed": _said("ComfyUI is started with {new}, was with {old}"),
    "field-removed": _said("{answer}: the field is gone; it was in {old_text} answers"),
    "field-added": _said("{answer}: the field is new, in {new_text} answers"),
    "field-type-changed": _said("{answer}: the type is {new_text}, was {old_text}"),
    "field-now-optional": _said("{answer}: the field is in {new_text} answers, was in {old_text}"),
    "field-now-always": _said("{answer}: the field is in {new_text} answers, was in {old_text}"),
    "state-added": _said("{answer}: {new} was not seen before"),
    "state-removed": _said("{answer}: {old} was seen before and is not now"),
}
