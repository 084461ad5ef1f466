"""An API-format workflow as a graph. Reading is lenient: what is no node is left out, and linting names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["Link", "Node", "Workflow", "is_link", "link_of"]


@dataclass(frozen=True, slots=True)
class Link:
    """An input fed by another node: that node's id and the index of its output slot."""

    source: str
    slot: float


@dataclass(frozen=True, slots=True)
class Node:
    """One node. ``inputs`` is empty where the document has none or something else in its place."""

    id: str
    class_type: str
    inputs: Mapping[str, Any]
    title: str | None = None

    def links(self) -> Iterator[tuple[str, Link]]:
        """Name and link of each linked input."""
        for name, value in self.inputs.items():
            link = link_of(value)
            if link is not None:
                yield name, link


def is_link(value: Any) -> bool:
    """Whether the executor follows this value to another node (ComfyUI comfy_execution/graph_utils.py is_link)."""
    return (
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int | float)
    )


def link_of(value: Any) -> Link | None:
    """The link that a value is, or None."""
    return Link(value[0], value[1]) if is_link(value) else None


@dataclass(frozen=True, slots=True)
class Workflow:
    """Nodes by id, in the order of the document."""

    nodes: Mapping[str, Node]

    @classmethod
    def from_graph(cls, graph: Any) -> Workflow:
        """Read the API format. Values without a textual ``class_type`` are left out; never raises."""
        nodes: dict[str, Node] = {}
        for key, raw in graph.items() if isinstance(graph, Mapping) else ():
            if not isinstance(raw, Mapping) or not isinstance(raw.get("class_type"), str):
                continue
            inputs = raw.get("inputs")
            nodes[str(key)] = Node(
                id=str(key),
                class_type=raw["class_type"],
                inputs=inputs if isinstance(inputs, Mapping) else MappingProxyType({}),
                title=title_of(raw),
            )
        return cls(MappingProxyType(nodes))

    @property
    def classes(self) -> frozenset[str]:
        """Every class that some node has."""
        return frozenset(node.class_type for node in self.nodes.values())

    def upstream_of(self, ids: Iterable[str]) -> frozenset[str]:
        """The given nodes and everything that feeds them, declared or not; links to missing nodes are skipped."""
        seen: set[str] = set()
        todo = [node_id for node_id in ids if node_id in self.nodes]
        while todo:
            node_id = todo.pop()
            if node_id in seen:
                continue
            seen.add(node_id)
            todo.extend(link.source for _, link in self.nodes[node_id].links() if link.source in self.nodes)
        return frozenset(seen)


def title_of(raw: Any) -> str | None:
    """The title that the editor wrote into ``_meta``, or None."""
    meta = raw.get("_meta") if isinstance(raw, Mapping) else None
    title = meta.get("title") if isinstance(meta, Mapping) else None
    return title if isinstance(title, str) and title else None
