"""Writing the prompt from a loaded graph.

Source: ComfyUI_frontend 1.36.14, src/utils/executionUtil.ts (graphToPrompt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert import instance, primitive
from comfytape_contracts.convert.browser_only import reason_for, vanishes
from comfytape_contracts.convert.graph import Graph, Kind, Node
from comfytape_contracts.convert.javascript import UNDEFINED, as_json, ordered_keys, truthy
from comfytape_contracts.convert.loading import walk
from comfytape_contracts.convert.resolution import BYPASSED, MUTED, Place, execution_id, resolve
from comfytape_contracts.convert.text import DEEPEST, first_choice, nesting, with_replacements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape_contracts.convert.widget import Widget

__all__ = ["write_prompt"]


def write_prompt(root: Graph) -> dict[str, Any]:
    """The prompt that the frontend would send for this graph.

    Raises:
        ConversionError: a node that would be sent but cannot be known, or a broken link.
    """
    nodes = list(walk(root))
    _settle(root, nodes)
    prompt: dict[str, Any] = {}
    for place in _unfold(root):
        node = place.node
        if not (node.kind.is_virtual or node.mode in (MUTED, BYPASSED) or vanishes(node)):
            prompt[execution_id(place)] = _entry(place, nodes)
    for entry in prompt.values():
        inputs = entry["inputs"]
        for name in [name for name, value in inputs.items() if isinstance(value, list) and value[0] not in prompt]:
            del inputs[name]
    return {key: prompt[key] for key in ordered_keys(prompt)}


def _settle(root: Graph, nodes: Sequence[Node]) -> None:
    """Primitives push their values, then instances of subgraphs: the outer ones first."""
    for place in _unfold(root):
        if place.node.kind is Kind.PRIMITIVE:
            _apply(place.node, nodes)
    instances = [node for node in nodes if node.kind is Kind.SUBGRAPH]
    for node in sorted(instances, key=lambda node: node.graph is not root):
        instance.settle(node)


def _unfold(root: Graph) -> Iterator[Place]:
    """Every node in execution order, those of a subgraph in its place; iterative."""
    stack: list[tuple[tuple[Node, ...], Iterator[Node]]] = [((), iter(_execution_order(root)))]
    while stack:
        path, nodes = stack[-1]
        node = next(nodes, None)
        if node is None:
            stack.pop()
        elif root.modern and not path and node.mode in (MUTED, BYPASSED):
            continue
        elif node.subgraph is not None:
            stack.append(((*path, node), iter(list(node.subgraph.nodes.values()))))
        else:
            yield Place(path, node)


def _execution_order(graph: Graph) -> list[Node]:
    """Nodes without linked inputs first, then whatever has become ready, circles last (computeExecutionOrder)."""
    waiting = {node.id: sum(slot.link is not None for slot in node.inputs) for node in graph.nodes.values()}
    ready = [node for node in graph.nodes.values() if not waiting[node.id]]
    ordered: dict[str, Node] = {}
    followed: set[str] = set()
    for node in ready:  # grows while it is walked
        ordered[node.id] = node
        for identity in [identity for output in node.outputs for identity in output.links]:
            link = graph.links.get(identity)
            if link is None or identity in followed or link.target not in graph.nodes:
                continue
            followed.add(identity)
            waiting[link.target] -= 1
            if waiting[link.target] == 0 and link.target not in ordered:
                ready.append(graph.nodes[link.target])
    rest = {key: node for key, node in graph.nodes.items() if key not in ordered}
    return [*ordered.values(), *(rest[key] for key in ordered_keys(rest))]


def _apply(node: Node, nodes: Sequence[Node]) -> None:
    value = node.widgets[0].value if node.widgets else UNDEFINED
    if truthy(value) and truthy(node.properties.get("Run widget replace on values")):
        if not isinstance(value, str):
            raise Place((), node).fail(
                "'Run widget replace on values' is on but the value is no text; the frontend fails"
            )
        value = with_replacements(value, nodes)
    primitive.push_value(node, value)


def _entry(place: Place, nodes: Sequence[Node]) -> dict[str, Any]:
    node = place.node
    if node.kind is Kind.UNKNOWN:
        raise place.fail(reason_for(node))
    inputs: dict[str, Any] = {}
    for widget in node.widgets:
        if widget.rendered:
            raise place.fail(f"its input '{widget.name}' is {widget.rendered}")
        if widget.name and widget.prompted:
            value = _wrapped(_serialised(place, widget, nodes))
            curve = widget.kind == "curve" and isinstance(value, dict) and "__value__" in value
            inputs[widget.name] = {"__type__": "CURVE", **value} if curve else value
    for index, slot in enumerate(node.inputs):
        source = resolve(place, index)
        if source is not None:
            linked = [source.node_id, source.slot]
            inputs[slot.name] = _wrapped(source.value) if source.is_value else linked
    return {
        "inputs": {name: inputs[name] for name in ordered_keys(inputs) if inputs[name] is not UNDEFINED},
        "class_type": node.type,
        "_meta": {"title": as_json(node.title)},
    }


def _serialised(place: Place, widget: Widget, nodes: Sequence[Node]) -> Any:
    value = widget.value
    if not isinstance(value, str):
        return value
    if widget.replaced:
        return with_replacements(value, nodes)
    if not widget.dynamic:
        return value
    if nesting(value) > DEEPEST:
        raise place.fail(f"the choices in '{widget.name}' nest more than {DEEPEST} deep")
    return first_choice(value)


def _wrapped(value: Any) -> Any:
    """A list as a value is wrapped, or the server would take it for a link."""
    if value is UNDEFINED:
        return UNDEFINED
    plain = as_json(value)
    return {"__value__": plain} if isinstance(plain, list) else plain
