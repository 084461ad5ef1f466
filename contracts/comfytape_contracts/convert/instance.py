"""Instances of subgraphs: which inner widgets they show, and where the values of those live.

Sources: ComfyUI_frontend 1.36.14, src/lib/litegraph/src/subgraph/SubgraphNode.ts (promotion through inputs),
src/core/graph/subgraph/proxyWidget.ts (``properties.proxyWidgets``).
"""

from __future__ import annotations

import json
from typing import Any

from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.graph import Graph, Node, Port, Slot
from comfytape_contracts.convert.widget import Widget

__all__ = ["prepare", "promote_late", "promote_widgets", "restore_proxies", "settle"]


def prepare(node: Node) -> None:
    """Gives a fresh instance the inputs and outputs of its definition."""
    definition = node.subgraph
    assert definition is not None
    node.inputs = [Slot(port.name, port.type) for port in definition.inputs]
    node.outputs = [Slot(port.name, port.type) for port in definition.outputs]
    promote_widgets(node)
    definition.instances.append(node)


def promote_widgets(node: Node) -> None:
    """Shows, for every input that leads to a widget inside, a widget of the input's name."""
    definition = node.subgraph
    assert definition is not None
    node.widgets = []
    for slot in node.inputs:
        port = next((port for port in definition.inputs if port.name == slot.name), None)
        widget = _first_widget(definition, port) if port is not None else None
        if widget is not None:
            _show(node, slot, widget)


def _first_widget(definition: Graph, port: Port) -> Widget | None:
    for identity in port.links:
        link = definition.links.get(identity)
        inner = definition.nodes.get(link.target) if link is not None else None
        if inner is None:
            continue
        slot = next((slot for slot in inner.inputs if slot.link == identity), None)
        widget = inner.widget(slot.widget) if slot is not None and slot.widget is not None else None
        if widget is not None:
            return widget
    return None


def _show(node: Node, slot: Slot, widget: Widget) -> None:
    shown = widget.copy_as(slot.name)
    place = sum(1 for other in node.inputs if other.widget is not None)
    node.widgets.insert(place, shown)
    slot.widget = slot.name


def promote_late(definition: Graph) -> None:
    """Instances that were made before their definition was filled get their widgets when it has been."""
    for port in definition.inputs:
        link = definition.links.get(port.links[0]) if port.links else None
        inner = definition.nodes.get(link.target) if link is not None else None
        widget = inner.widget(port.name) if inner is not None else None
        if widget is None:
            continue
        for node in definition.instances:
            slot = node.input(port.name)
            if slot is not None:
                _show(node, slot, widget)


def restore_proxies(node: Node) -> None:
    """Orders the shown widgets as ``properties.proxyWidgets`` says and gives those named ``-1`` their saved values."""
    pairs = _pairs(node)
    if pairs is None:
        return
    chosen: list[Widget] = []
    for where, name in pairs:
        if where == "-1":
            widget = node.widget(name)
            chosen += [widget] if widget is not None else []
        else:
            chosen.append(Widget(f"{where}: {name}", "proxy", saved=False))
    named = {name for where, name in pairs if where == "-1" or not node.graph.modern}
    node.widgets = [widget for widget in node.widgets if widget.name not in named] + chosen
    values = node.record.values
    for (where, name), value in zip(pairs, values if isinstance(values, list) else [], strict=False):
        widget = node.widget(name) if where == "-1" else None
        if widget is not None and value is not None:
            widget.value = value


def _pairs(node: Node) -> list[tuple[str, str]] | None:
    given = node.record.properties.get("proxyWidgets")
    for _ in range(2):  # the frontend, too, accepts it as JSON text, once or twice over
        if isinstance(given, str):
            given = _parsed(given)
    if not given:
        return None
    pairs = []
    for pair in given if isinstance(given, list) else [given]:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise ConversionError(
                f"its property proxyWidgets holds {pair!r:.60}; expected pairs of node id and widget name",
                node_id=node.id,
                class_type=node.type,
            )
        pairs.append((pair[0], pair[1]))
    return pairs


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def settle(node: Node) -> None:
    """Writes an instance's widget values into the widgets inside (SubgraphNode.serialize)."""
    definition = node.subgraph
    assert definition is not None
    for widget in list(node.widgets):
        port = next((port for port in definition.inputs if port.name == widget.name), None)
        if port is None or node.input(widget.name) is None:
            continue
        for identity in list(port.links):
            link = definition.links.get(identity)
            inner = definition.nodes.get(link.target) if link is not None else None
            if link is None or inner is None or not 0 <= link.target_slot < len(inner.inputs):
                continue
            target = inner.widget(inner.inputs[link.target_slot].widget)
            if target is not None:
                target.value = widget.value
