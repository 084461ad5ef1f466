"""Primitive nodes: a value in the browser that is copied into the widgets it is wired to.

Source: ComfyUI_frontend 1.36.14, src/extensions/core/widgetInputs.ts and src/utils/nodeDefUtil.ts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert.construction import WIDGET_TYPES, add_widget
from comfytape_contracts.convert.definition import InputSpec
from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.graph import Kind, Node, Slot
from comfytape_contracts.convert.javascript import UNDEFINED, to_number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["give_widget", "push_value"]

_FREE_TO_DIFFER = frozenset(
    {"control_after_generate", "default", "defaultInput", "dynamicPrompts", "forceInput", "multiline", "tooltip"}
)


def give_widget(node: Node) -> None:
    """Gives a primitive the kind of widget that its first link ends at, and its saved value."""
    if not node.outputs or node.widgets:
        return
    first = next(node.graph.targets(node.outputs[0]), None)
    if first is None or first[0].id != node.outputs[0].links[0]:
        return
    _, target, slot = first
    spec = _spec_of(target, slot)
    if spec is None:
        return
    _create(node, spec, target, slot)
    values = node.record.values
    for widget, value in zip(node.widgets, values if isinstance(values, list) else [], strict=False):
        widget.value = value
    merged = _merged(node, spec) if spec.type in ("INT", "FLOAT") else None
    if merged is not None:
        kept = [widget.value for widget in node.widgets]
        node.widgets.clear()
        _create(node, merged, target, slot)
        for widget, value in zip(node.widgets, kept, strict=False):
            widget.value = value
        main = node.widgets[0]
        if main.range is not None:
            main.value = main.range.snap(main.range.clamp(main.value))


def _spec_of(target: Node, slot: Slot) -> InputSpec | None:
    """What the wired input was declared as; None where the frontend does not know either."""
    if slot.widget is None:
        return InputSpec(slot.name, slot.type) if slot.type in WIDGET_TYPES else None
    if target.kind is Kind.SUBGRAPH and target.subgraph is not None:
        for port in target.subgraph.inputs:
            for identity in port.links if port.name == slot.name else ():
                link = target.subgraph.links.get(identity)
                inner = target.subgraph.nodes.get(link.target) if link is not None else None
                found = next((s for s in inner.inputs if s.link == identity), None) if inner is not None else None
                if inner is not None and found is not None and found.widget is not None and inner is not target:
                    return _declared(inner, found.widget)
        return None
    return _declared(target, slot.widget)


def _declared(node: Node, name: str) -> InputSpec | None:
    return node.definition.spec(name) if node.definition is not None else None


def _create(node: Node, spec: InputSpec, target: Node, slot: Slot) -> None:
    if spec.widget_type == "COMFY_DYNAMICCOMBO_V3" and not node.graph.modern:
        raise ConversionError(
            f"it is wired to input '{slot.name}' of node {target.id}, and the frontend breaks off at such an input",
            node_id=node.id,
            class_type=node.type,
        )
    if spec.widget_type in WIDGET_TYPES:
        add_widget(node, spec, "value")
    if not node.widgets:
        return
    theirs = target.widget(slot.widget)
    if theirs is not None:
        node.widgets[0].value = theirs.value


def _merged(node: Node, spec: InputSpec) -> InputSpec | None:
    """The narrowest range over everything that the primitive is wired to; None if the options do not agree."""
    result = None
    current = spec
    for _, target, slot in node.graph.targets(node.outputs[0]):
        other = _spec_of(target, slot) if slot.widget is not None else None
        if other is None or other.type != current.type:
            continue
        options = _merge(current.options, other.options)
        if options is not None:
            current = result = InputSpec(spec.name, spec.type, options)
    return result


def _merge(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any] | None:
    low = max(_bound(ours, "min", -math.inf), _bound(theirs, "min", -math.inf))
    high = min(_bound(ours, "max", math.inf), _bound(theirs, "max", math.inf))
    if low > high:
        return None
    one, other = _bound(ours, "step", 1.0), _bound(theirs, "step", 1.0)
    shared = {"min": low, "max": high, "step": _multiple(one, other)}
    left, right = {**ours, **shared}, {**theirs, **shared}
    for key in (left.keys() | right.keys()) - _FREE_TO_DIFFER:
        if left.get(key) != right.get(key):
            return None
    return {**left, **right}


def _bound(options: Mapping[str, Any], key: str, default: float) -> float:
    value = options.get(key)
    return default if value is None else to_number(value)


def _multiple(one: float, other: float) -> float:
    divisor, rest = abs(one), abs(other)
    for _ in range(100):
        if not rest > 1e-10 or not math.isfinite(divisor):
            break
        divisor, rest = rest, math.fmod(divisor, rest)
    return abs(one * other) / divisor if divisor else 1.0


def push_value(node: Node, value: Any) -> None:
    """Copies a primitive's value into every widget that it is wired to."""
    if not node.outputs:
        return
    for _, target, slot in list(node.graph.targets(node.outputs[0])):
        widget = target.widget(slot.widget) if slot.widget is not None else None
        if widget is not None and value is not UNDEFINED:
            widget.push(value)
