"""A UI workflow file, read into records. Here and nowhere else is foreign JSON looked at.

The format is litegraph's: ``nodes``, ``links`` (six-element lists at the top, objects in subgraphs),
``definitions.subgraphs`` (ComfyUI_frontend src/platform/workflow/validation/schemas/workflowSchema.ts, 1.36.14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.javascript import as_json, to_text, truthy

__all__ = [
    "GraphRecord",
    "LinkRecord",
    "NodeRecord",
    "PortRecord",
    "SlotRecord",
    "SubgraphRecord",
    "WorkflowRecord",
    "read_workflow",
]

_RENAMED = {
    "T2IAdapterLoader": "ControlNetLoader",
    "ConditioningAverage ": "ConditioningAverage",
    "SDV_img2vid_Conditioning": "SVD_img2vid_Conditioning",
    "Load3DAnimation": "Load3D",
    "Preview3DAnimation": "Preview3D",
}
"""Old class names that the frontend replaces on load (src/scripts/app.ts loadGraphData)."""


@dataclass(frozen=True)
class SlotRecord:
    """An input or output of a node. ``links`` has at most one element for an input."""

    name: str
    type: Any
    links: tuple[str, ...] = ()
    widget: str | None = None


@dataclass(frozen=True)
class NodeRecord:
    """A node as saved. ``inputs`` and ``outputs`` are None where the file has none."""

    id: str
    type: str
    title: Any
    mode: Any
    properties: dict[str, Any]
    inputs: tuple[SlotRecord, ...] | None
    outputs: tuple[SlotRecord, ...] | None
    values: Any


@dataclass(frozen=True)
class LinkRecord:
    """A wire. Ids are texts; ``-10`` and ``-20`` are a subgraph's own input and output side."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int
    type: Any


@dataclass(frozen=True)
class PortRecord:
    """An input or output of a subgraph as a whole."""

    name: str
    type: Any
    links: tuple[str, ...]


@dataclass(frozen=True)
class GraphRecord:
    """Nodes and links of one level."""

    nodes: tuple[NodeRecord, ...]
    links: tuple[LinkRecord, ...]


@dataclass(frozen=True)
class SubgraphRecord(GraphRecord):
    """A subgraph's definition."""

    id: str
    name: Any
    inputs: tuple[PortRecord, ...] = ()
    outputs: tuple[PortRecord, ...] = ()


@dataclass(frozen=True)
class WorkflowRecord(GraphRecord):
    """A whole file: the top level and every subgraph definition, in file order."""

    subgraphs: tuple[SubgraphRecord, ...] = ()
    last_id: int = 0


def read_workflow(ui: Any) -> WorkflowRecord:
    """Reads a parsed UI workflow.

    Raises:
        ConversionError: a part of the file is not of the form that litegraph writes.
    """
    if not isinstance(ui, Mapping) or not isinstance(ui.get("nodes"), list):
        raise ConversionError(
            "it is not a UI workflow; expected an object with a list 'nodes'",
            hint="save the graph with 'Save' (not 'Export (API)') in ComfyUI, or lint the API file directly",
        )
    plain = as_json(ui)
    subgraphs: list[SubgraphRecord] = []
    todo = [plain]
    while todo:
        definitions = _object(todo.pop(0).get("definitions"), "definitions")
        for data in _list(definitions.get("subgraphs"), "definitions.subgraphs"):
            subgraph = _object(data, "a subgraph definition")
            subgraphs.append(_subgraph(subgraph))
            todo.append(subgraph)
    state = plain.get("state")
    last = state.get("lastNodeId") if isinstance(state, dict) else plain.get("last_node_id")
    last_id = last if isinstance(last, int) and not isinstance(last, bool) else 0
    return WorkflowRecord(*_level(plain, "the top level"), tuple(subgraphs), last_id)


def _subgraph(data: dict[str, Any]) -> SubgraphRecord:
    name = to_text(data.get("name") or "a subgraph")
    if not isinstance(data.get("id"), str):
        raise ConversionError(f"subgraph '{name}' has no id")
    return SubgraphRecord(
        *_level(data, f"subgraph '{name}'"),
        id=data["id"],
        name=data.get("name"),
        inputs=tuple(_port(port, name) for port in _list(data.get("inputs"), f"inputs of '{name}'")),
        outputs=tuple(_port(port, name) for port in _list(data.get("outputs"), f"outputs of '{name}'")),
    )


def _port(data: Any, where: str) -> PortRecord:
    port = _object(data, f"a port of '{where}'")
    links = tuple(to_text(link) for link in _list(port.get("linkIds"), f"linkIds of a port of '{where}'"))
    return PortRecord(name=to_text(port.get("name", "")), type=port.get("type"), links=links)


def _level(data: dict[str, Any], where: str) -> tuple[tuple[NodeRecord, ...], tuple[LinkRecord, ...]]:
    nodes = tuple(_node(node, where) for node in _list(data.get("nodes"), f"nodes of {where}"))
    seen: set[str] = set()
    for node in nodes:
        if node.id in seen:
            raise ConversionError(f"two nodes of {where} share this id", node_id=node.id, class_type=node.type)
        seen.add(node.id)
    links = tuple(_link(link, where) for link in _list(data.get("links"), f"links of {where}"))
    return nodes, links


def _node(data: Any, where: str) -> NodeRecord:
    node = _object(data, f"a node of {where}")
    identity, kind = node.get("id"), node.get("type")
    if isinstance(identity, bool) or not isinstance(identity, int | str):
        raise ConversionError(f"a node of {where} has no usable id; expected a number or a text, got {identity!r:.60}")
    if not isinstance(kind, str):
        raise ConversionError(
            f"its type is {kind!r:.60}; expected the name of a class", node_id=str(identity), class_type=""
        )
    where = f"node {identity}"
    return NodeRecord(
        id=str(identity),
        type=_RENAMED.get(kind, kind),
        title=node.get("title"),
        mode=node.get("mode"),
        properties=_object(node.get("properties"), f"properties of {where}"),
        inputs=_slots(node.get("inputs"), f"inputs of {where}", "link"),
        outputs=_slots(node.get("outputs"), f"outputs of {where}", "links"),
        values=node.get("widgets_values"),
    )


def _slots(data: Any, where: str, key: str) -> tuple[SlotRecord, ...] | None:
    if data is None:
        return None
    slots = []
    for item in _list(data, where):
        slot = _object(item, where)
        links = _list(slot.get(key), where) if key == "links" else [slot.get(key)]
        widget = slot.get("widget")
        name = widget.get("name") if isinstance(widget, dict) else None
        slots.append(
            SlotRecord(
                name=to_text(slot.get("name", "")),
                type=slot.get("type"),
                links=tuple(to_text(link) for link in links if link is not None),
                widget=name if isinstance(name, str) else None,
            )
        )
    return tuple(slots)


def _link(data: Any, where: str) -> LinkRecord:
    if isinstance(data, dict):
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        data = [data.get(key) for key in keys]
    if not isinstance(data, list) or len(data) < 5:
        raise ConversionError(f"a link of {where} is {data!r:.60}; expected six values or an object")
    identity, origin, origin_slot, target, target_slot = data[:5]
    return LinkRecord(
        id=to_text(identity),
        origin=to_text(origin),
        origin_slot=_slot_number(origin_slot, where),
        target=to_text(target),
        target_slot=_slot_number(target_slot, where),
        type=data[5] if len(data) > 5 else None,
    )


def _slot_number(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ConversionError(f"a link of {where} has slot {value!r:.60}; expected a number")


def _object(value: Any, where: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if not truthy(value) or isinstance(value, list):
        return {}
    raise ConversionError(f"{where} is {value!r:.60}; expected an object")


def _list(value: Any, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return list(value.values())
    if not truthy(value):
        return []
    raise ConversionError(f"{where} is {value!r:.60}; expected a list")
