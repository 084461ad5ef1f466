"""Putting a saved node's slots and values into a fresh one.

Sources: ComfyUI_frontend 1.36.14, src/services/litegraphService.ts (``configure`` of ComfyNode),
src/lib/litegraph/src/LGraphNode.ts (``configure``), src/utils/litegraphUtil.ts (migrateWidgetsValues).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert import dynamic, instance
from comfytape_contracts.convert.construction import add_input
from comfytape_contracts.convert.graph import Kind, Node, Slot
from comfytape_contracts.convert.javascript import truthy

if TYPE_CHECKING:
    from comfytape_contracts.convert.record import SlotRecord

__all__ = ["restore"]


def restore(node: Node) -> None:
    """Configures a node from its record: title, mode, properties, slots, then widget values."""
    record = node.record
    if truthy(record.title):
        node.title = record.title
    if record.mode is not None:
        node.mode = record.mode
    node.properties.update(record.properties)
    by_class = node.kind in (Kind.CLASS, Kind.SUBGRAPH)
    node.inputs = _by_name(node) if by_class else _as_saved(record.inputs, node.inputs)
    node.outputs = _by_index(node) if by_class else _as_saved(record.outputs, node.outputs)
    index = 0
    while index < len(node.inputs):  # inputs may be added behind the current one
        slot = node.inputs[index]
        dynamic.input_changed(node, slot, node.graph.link_of(slot), add_input)
        index += 1
    if node.kind is Kind.SUBGRAPH:
        instance.promote_widgets(node)
    _restore_values(node)
    if node.kind is Kind.SUBGRAPH:
        instance.restore_proxies(node)


def _slot(record: SlotRecord) -> Slot:
    return Slot(record.name, record.type, record.widget, record.links[0] if record.links else None, list(record.links))


def _as_saved(records: tuple[SlotRecord, ...] | None, fresh: list[Slot]) -> list[Slot]:
    if records is None:
        return fresh
    return [_slot(record) for record in records]


def _by_name(node: Node) -> list[Slot]:
    """Inputs of a known class follow the class; what it does not declare is kept behind them."""
    saved = {record.name: record for record in node.record.inputs or ()}
    slots = []
    for fresh in node.inputs:
        record = saved.get(fresh.name)
        if record is not None:
            fresh.link = record.links[0] if record.links else None
        slots.append(fresh)
    known = {slot.name for slot in slots}
    return slots + [_slot(record) for record in node.record.inputs or () if record.name not in known]


def _by_index(node: Node) -> list[Slot]:
    """Outputs have no unique names: they are matched by position."""
    saved = node.record.outputs or ()
    slots = []
    for index in range(max(len(node.outputs), len(saved))):
        if index < len(node.outputs):
            slots.append(node.outputs[index])
            if index < len(saved):
                slots[index].links = list(saved[index].links)
        else:
            slots.append(_slot(saved[index]))
    return slots


def _restore_values(node: Node) -> None:
    values = node.record.values
    if isinstance(values, dict):
        for widget in list(node.widgets):  # packs that save by name (VideoHelperSuite)
            if widget.saved and widget.name in values:
                widget.value = values[widget.name]
        return
    values = _without_sockets(node, values) if isinstance(values, list) else []
    position = index = 0
    while index < len(node.widgets) and position < len(values):  # a value may add widgets behind its own
        widget = node.widgets[index]
        index += 1
        if widget.saved:
            widget.value = values[position]
            position += 1


def _without_sockets(node: Node, values: list[Any]) -> list[Any]:
    """Drops the placeholders that older frontends saved for inputs with ``forceInput``."""
    if node.definition is None:
        return values
    names = {widget.name for widget in node.widgets}
    specs = [spec for spec in node.definition.declared if spec.name in names or spec.has("forceInput")]
    count = sum(2 if _has_two_values(spec.options.get("control_after_generate"), spec.name) else 1 for spec in specs)
    if count != len(values):
        return values
    padded = [*specs, *([None] * (len(values) - len(specs)))]
    return [value for spec, value in zip(padded, values, strict=True) if spec is None or not spec.has("forceInput")]


def _has_two_values(control: Any, name: str) -> bool:
    return truthy(control) or name in ("seed", "noise_seed")
