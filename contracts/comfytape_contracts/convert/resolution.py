"""Where an input's value really comes from, through reroutes, bypassed nodes and the walls of subgraphs.

Source: ComfyUI_frontend 1.36.14, src/lib/litegraph/src/subgraph/ExecutableNodeDTO.ts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.graph import Kind, Node, Slot, connects

__all__ = ["BYPASSED", "MUTED", "Place", "Source", "execution_id", "resolve"]

MUTED = 2
BYPASSED = 4


@dataclass(frozen=True)
class Place:
    """A node together with the instances that it lies in, outermost first."""

    path: tuple[Node, ...]
    node: Node

    def beside(self, node: Node) -> Place:
        """Another node of the same graph."""
        return Place(self.path, node)

    def fail(self, reason: str) -> ConversionError:
        """The error that names this node."""
        return ConversionError(reason, node_id=execution_id(self), class_type=self.node.type)


@dataclass(frozen=True)
class Source:
    """The end of a resolution: another node's output, or the value of a subgraph instance's widget."""

    node_id: str = ""
    slot: int = 0
    is_value: bool = False
    value: Any = None


def execution_id(place: Place) -> str:
    """The node's name in a prompt: the ids from the outermost instance inwards, with colons between."""
    return ":".join([*(node.id for node in place.path), place.node.id])


@dataclass
class _Step:
    """Where the search stands: at an input of a node (``at_input``) or at an output."""

    place: Place
    index: int
    at_input: bool
    type: Any = None


def resolve(place: Place, index: int) -> Source | None:
    """Follows one input to its source; None where nothing (or a muted or virtual dead end) is found.

    Raises:
        ConversionError: a link that the file does not have, or links that go round in a circle.
    """
    step: _Step | None = _Step(place, index, at_input=True)
    visited: set[tuple[str, bool, int]] = set()
    while step is not None:
        key = (execution_id(step.place), step.at_input, step.index)
        if key in visited:
            raise step.place.fail("its links go round in a circle through bypassed nodes, reroutes or subgraphs")
        visited.add(key)
        found = _from_input(step) if step.at_input else _from_output(step)
        if isinstance(found, Source):
            return found
        step = found
    return None


def _from_input(step: _Step) -> _Step | Source | None:
    place, index = step.place, step.index
    node = place.node
    if not 0 <= index < len(node.inputs):
        raise place.fail(f"a link ends at its input number {index}, but it has {len(node.inputs)}")
    slot = node.inputs[index]
    if slot.link is None:
        return None
    link = node.graph.links.get(slot.link)
    if link is None:
        raise place.fail(f"its input '{slot.name}' names link {slot.link}, which the file does not have")
    if link.enters and place.path:
        return _out_of_subgraph(place, slot, link.origin_slot)
    origin = node.graph.nodes.get(link.origin)
    if origin is None:
        raise place.fail(f"its input '{slot.name}' is linked to node {link.origin}, which the file does not have")
    kind = slot.type if step.type is None else step.type
    return _Step(place.beside(origin), link.origin_slot, at_input=False, type=kind)


def _out_of_subgraph(place: Place, slot: Slot, index: int) -> _Step | Source | None:
    """From a subgraph's input side to the instance: to its link if it has one, else to its widget."""
    around = place.path[-1]
    if not -len(around.inputs) <= index < len(around.inputs):
        raise place.fail(
            f"its input '{slot.name}' comes from input number {index} of a subgraph that has no such input"
        )
    outer = around.inputs[index]
    if outer.link is None:
        widget = around.widget(outer.widget) if outer.widget is not None else None
        return Source(is_value=True, value=widget.value) if widget is not None else None
    outer_place = Place(place.path[:-1], around)
    link = around.graph.links.get(outer.link)
    if link is None:
        raise outer_place.fail(f"its input '{outer.name}' names link {outer.link}, which the file does not have")
    return _Step(outer_place, link.target_slot, at_input=True)


def _from_output(step: _Step) -> _Step | Source | None:
    place, index = step.place, step.index
    node = place.node
    if node.mode == MUTED and node.graph.modern:
        return None
    if node.mode == BYPASSED:
        through = _bypass(place, index, step.type)
        return _Step(place, through, at_input=True) if through is not None else None
    if node.kind is Kind.SUBGRAPH:
        return _into_subgraph(step)
    if node.kind.is_virtual:
        linked = 0 <= index < len(node.inputs) and node.graph.link_of(node.inputs[index]) is not None
        return _Step(place, index, at_input=True, type=step.type) if linked else None
    return Source(execution_id(place), index)


def _into_subgraph(step: _Step) -> _Step | None:
    """From an instance's output to the node inside that feeds it."""
    place, node = step.place, step.place.node
    definition = node.subgraph
    assert definition is not None
    if not 0 <= step.index < len(definition.outputs):
        raise place.fail(f"a link starts at its output number {step.index}, but it has {len(definition.outputs)}")
    links = (definition.links.get(identity) for identity in definition.outputs[step.index].links)
    link = next((link for link in links if link is not None), None)
    if link is None:
        return None
    inner = definition.nodes.get(link.origin)
    if inner is None:
        name = definition.outputs[step.index].name
        raise place.fail(f"its output '{name}' is not fed by a node inside the subgraph")
    return _Step(Place((*place.path, node), inner), link.origin_slot, at_input=False, type=step.type)


def _bypass(place: Place, index: int, kind: Any) -> int | None:
    """The input that stands in for an output of a bypassed node: same index first, then the same type."""
    node = place.node
    if not 0 <= index < len(node.outputs):
        raise place.fail(f"a link starts at its output number {index}, but it has {len(node.outputs)}")
    inputs, given = node.inputs, node.outputs[index].type
    if kind in ("*", ""):
        return index if index < len(inputs) else (0 if inputs else None)
    if index < len(inputs) and connects(inputs[index].type, given) and connects(inputs[index].type, kind):
        return index
    exact = next((i for i, slot in enumerate(inputs) if slot.type == kind), None)
    if exact is not None:
        return exact
    fits = (i for i, slot in enumerate(inputs) if connects(slot.type, given) and connects(slot.type, kind))
    return next(fits, None)
