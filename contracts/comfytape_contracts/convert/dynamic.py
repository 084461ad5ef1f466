"""Inputs that appear and vanish with values and links: dynamic combos, autogrow, matched types, custom combos.

Source: ComfyUI_frontend 1.36.14, src/core/graph/widgets/dynamicWidgets.ts and src/extensions/core/customCombo.ts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from comfytape_contracts.convert.definition import InputSpec, read_spec
from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.graph import AutogrowGroup, Link, Node, Slot, connects
from comfytape_contracts.convert.javascript import ordered_keys, to_text, truthy
from comfytape_contracts.convert.widget import Cell, Widget

__all__ = ["input_changed", "start_autogrow", "start_combo", "start_matching", "start_options"]

AddInput = Callable[[Node, InputSpec], None]
_DEPTH = 16
_ORDINAL = re.compile(r"\d+\Z")
_MOST_ROWS = 1000


def start_combo(node: Node, spec: InputSpec, name: str, add_input: AddInput) -> None:
    """A combo whose every option brings inputs of its own, named ``combo.input``."""
    if name.count(".") >= _DEPTH:
        raise ConversionError(f"input '{name[:60]}' is nested too deeply", node_id=node.id, class_type=node.type)
    branches: dict[str, Mapping[str, Any]] = {}
    for option in _items(spec.options.get("options")):
        if isinstance(option, Mapping) and isinstance(option.get("key"), str):
            branches[option["key"]] = _mapping(option.get("inputs"))
    keys = ordered_keys(branches)
    widget = Widget(name, "combo", Cell(keys[0]) if keys else Cell())
    node.widgets.append(widget)

    def update(value: Any) -> None:
        branch = branches.get(value) if isinstance(value, str) and value else None
        _switch(node, widget, branch, add_input)

    widget.on_set = update
    widget.value = widget.value


def _switch(node: Node, widget: Widget, branch: Mapping[str, Any] | None, add_input: AddInput) -> None:
    group = f"{widget.name}."
    removed = [slot for slot in node.inputs if slot.name.startswith(group)]
    node.inputs[:] = [slot for slot in node.inputs if not slot.name.startswith(group)]
    node.widgets[:] = [other for other in node.widgets if not other.name.startswith(group)]
    if branch is None:
        return
    first_widget, first_input = len(node.widgets), len(node.inputs)
    for part, optional in (("required", False), ("optional", True)):
        declared = _mapping(branch.get(part))
        for key in ordered_keys(declared):
            add_input(node, read_spec(f"{group}{key}", declared[key], optional=optional))
    added_widgets = node.widgets[first_widget:]
    del node.widgets[first_widget:]
    place = node.widgets.index(widget) + 1
    node.widgets[place:place] = added_widgets
    own = node.input(widget.name)
    if own is None:
        return
    added = node.inputs[first_input:]
    del node.inputs[first_input:]
    place = node.inputs.index(own) + 1
    node.inputs[place:place] = added
    for slot in removed:  # one by one: plugging one in may grow the input that the next one needs
        heir = node.input(slot.name)
        if heir is None:
            node.disconnect(slot)
            continue
        heir.link = slot.link
        node.number_inputs()
        link = node.graph.link_of(heir)
        if link is not None:
            input_changed(node, heir, link, add_input)


def start_autogrow(node: Node, spec: InputSpec, add_input: AddInput) -> None:
    """A row of inputs that grows as its last one is linked, named ``group.prefix0``, ``group.prefix1`` …"""
    template = _mapping(spec.options.get("template"))
    declared = _mapping(template.get("input"))
    specs = []
    for part, optional in (("required", False), ("optional", True)):
        inputs = _mapping(declared.get(part))
        specs += [read_spec(key, inputs[key], optional=optional) for key in ordered_keys(inputs)]
    names = template.get("names")
    named = tuple(to_text(name) for name in names) if isinstance(names, list) else None
    low = _count(template.get("min"), 1)
    high = len(named) if named is not None else _count(template.get("max"), 100)
    prefix = template.get("prefix")
    group = AutogrowGroup(low, high, tuple(specs), prefix if isinstance(prefix, str) else "", named)
    node.autogrow[spec.name] = group
    for ordinal in range(low + 1 if node.graph.modern else low):
        _add_row(node, spec.name, ordinal, add_input)


def _add_row(node: Node, name: str, ordinal: int, add_input: AddInput) -> None:
    group = node.autogrow[name]
    if ordinal >= group.high:
        return
    fresh: list[Slot] = []
    for spec in group.specs:
        base = f"{group.prefix if len(group.specs) == 1 else spec.name}{ordinal}"
        base = group.names[ordinal] if group.names is not None else base
        full = f"{name}.{base}"
        if node.input(full) is not None and not node.graph.modern:
            continue
        add_input(node, replace(spec, name=full, optional=ordinal >= group.low or spec.optional))
        fresh.append(node.inputs.pop())
    if node.graph.modern:
        _inherit(node, fresh)
        name = _row_name(group, name, ordinal - 1)
    ours = [index for index, slot in enumerate(node.inputs) if slot.name.startswith(name)]
    place = ours[-1] + 1 if ours else len(node.inputs)
    node.inputs[place:place] = fresh
    node.number_inputs()


def _inherit(node: Node, fresh: list[Slot]) -> None:
    """Newer frontends replace inputs of the same name and keep their links."""
    for slot in fresh:
        for old in [old for old in node.inputs if old.name == slot.name]:
            node.inputs.remove(old)
            slot.link = slot.link if slot.link is not None else old.link


def _row_name(group: AutogrowGroup, name: str, ordinal: int) -> str:
    """The name of the last input of a row."""
    if group.names is not None:
        return f"{name}.{group.names[ordinal] if 0 <= ordinal < len(group.names) else 'undefined'}"
    stem = group.prefix if len(group.specs) == 1 else (group.specs[-1].name if group.specs else "")
    return f"{name}.{stem}{ordinal}"


def _ordinal(node: Node, slot: Slot, name: str) -> int | None:
    base = slot.name[len(name) + 1 :]
    names = node.autogrow[name].names
    if names is not None:
        return names.index(base) if base in names else None
    match = _ORDINAL.search(base)
    return int(match.group()[-9:]) if match else None


def input_changed(node: Node, slot: Slot, link: Link | None, add_input: AddInput) -> None:
    """What a node does when one of its inputs is plugged in or found empty (onConnectionsChange)."""
    name = slot.name.rpartition(".")[0]
    if name in node.autogrow:
        if link is not None:
            _grow(node, slot, name, add_input)
        elif not node.graph.modern:
            index = node.inputs.index(slot)
            node.graph.later.append(lambda: _shrink(node, index))
    if node.match and not node.graph.modern:
        match_types(node, slot)


def _grow(node: Node, slot: Slot, name: str, add_input: AddInput) -> None:
    modern = node.graph.modern
    stem = f"{name}." if modern else name
    last = next((other for other in reversed(node.inputs) if other.name.startswith(stem)), None)
    ordinal = _ordinal(node, slot, name)
    if last is not None and ordinal is not None and (modern or ordinal == _ordinal(node, last, name)):
        _add_row(node, name, ordinal + 1, add_input)


def _shrink(node: Node, index: int) -> None:
    """Closes the gap that an empty input leaves: later links move up, spare rows at the end go."""
    if index >= len(node.inputs):
        return
    slot = node.inputs[index]
    name = slot.name.rpartition(".")[0]
    group = node.autogrow.get(name)
    if group is None:
        return
    ordinal = _ordinal(node, slot, name)
    if ordinal is None or ordinal + 1 < group.low:
        return
    rows = [s for s in node.inputs if s.name.startswith(f"{name}.") and s.name.rfind(".") == len(name)]
    stride = len(group.specs)
    if not stride or len(rows) % stride:
        return
    for column in range(stride):
        for place in range(ordinal * stride + column, len(rows) - stride, stride):
            rows[place].link = rows[place + stride].link
        last = len(rows) + column - stride
        if 0 <= last < len(rows):
            rows[last].link = None
    spare = rows[(group.low - 1) * stride :] if group.low else rows[-stride:]
    used = len(spare) - stride
    while used >= 0 and not any(s.link is not None for s in spare[used : used + stride]):
        used -= stride
    surplus = spare[max(used + stride * 2, 0) :]
    node.inputs[:] = [s for s in node.inputs if s not in surplus]
    node.number_inputs()


def start_matching(node: Node, spec: InputSpec, add_input: AddInput) -> None:
    """An input whose type follows what is linked to its group."""
    template = _mapping(spec.options.get("template"))
    allowed = template.get("allowed_types")
    allowed = allowed if isinstance(allowed, str) else "*"
    add_input(node, InputSpec(spec.name, allowed, spec.options, (), spec.optional))
    node.match.setdefault(to_text(template.get("template_id")), {})[spec.name] = allowed
    slot = node.inputs[-1]
    node.graph.later.append(lambda: match_types(node, slot))


def match_types(node: Node, changed: Slot) -> None:
    """Narrows the inputs of the changed one's group to what they share, and the outputs that follow the group."""
    key, group = next(((key, group) for key, group in node.match.items() if changed.name in group), ("", None))
    if group is None or changed not in node.inputs:
        return
    slots = [slot for slot in node.inputs if slot.name in group]
    types = [_linked_type(node, slot) for slot in slots]
    for index, slot in enumerate(slots):
        shared = _common([*types[:index], *types[index + 1 :], group[slot.name]])
        if shared is None:
            return
        slot.type = shared
    shared = _common(types)
    if shared is None:
        return
    follows = node.definition.match_groups if node.definition is not None else ()
    for output, follow in zip(node.outputs, follows, strict=False):
        if follow == key and output.type != shared:
            output.type = shared
            for _, target, slot in list(node.graph.targets(output)):
                if not connects(shared, slot.type):
                    target.disconnect(slot)


def _linked_type(node: Node, slot: Slot) -> Any:
    link = node.graph.link_of(slot)
    kind = node.graph.origin_type(link) if link is not None else None
    return "*" if kind is None else kind


def _common(types: list[Any]) -> Any:
    """The type that all of these share, ``*`` if none is given, None if there is none (utils/type.ts)."""
    shared: list[str] | None = None
    for kind in types:
        if kind in ("*", ""):
            continue
        parts = str(kind).split(",")
        shared = parts if shared is None else [part for part in shared if part in parts]
        if not shared:
            return None
    return "*" if shared is None else ",".join(shared)


def start_options(node: Node) -> None:
    """A custom combo: its choice, in newer frontends the number of the choice, and a first empty option."""
    if node.graph.modern:
        node.widgets.append(Widget("index", "hidden", _ChoiceNumber(node)))
    _add_option(node)


class _ChoiceNumber(Cell):
    """Which option is chosen, counted from 0; -1 for none."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node

    def read(self) -> int:
        """Looks at the options anew each time."""
        choice, _, *options = self._node.widgets
        return next((index for index, option in enumerate(options) if option.value == choice.value), -1)

    def write(self, value: Any) -> None:
        """Does nothing: the number follows the choice."""


def _add_option(node: Node) -> None:
    """A further empty option of a custom combo; filling the last one adds another."""
    widget = Widget(f"option{len(node.widgets) - 1}", "string", Cell(""))

    def grow(value: Any) -> None:
        last = node.widgets[-1]
        if last is widget:
            if truthy(value) and len(node.widgets) < _MOST_ROWS:
                _add_option(node)
        elif not truthy(value) and node.widgets[-2] is widget and not truthy(last.value):
            node.widgets.pop()

    widget.on_set = grow
    node.widgets.append(widget)


def _count(value: Any, default: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return min(max(value, 0), _MOST_ROWS)
    return default


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
