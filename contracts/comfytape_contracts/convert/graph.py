"""The graph as the frontend holds it in memory: nodes with slots and widgets, and links between them.

Loading a file changes it (inputs are added, moved and removed by dynamic widgets, links are dropped), so these
are the mutable ones; everything that is read from outside is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comfytape_contracts.convert.definition import InputSpec, NodeDefinition
    from comfytape_contracts.convert.record import NodeRecord, PortRecord
    from comfytape_contracts.convert.widget import Widget

__all__ = ["AutogrowGroup", "Graph", "Kind", "Link", "Node", "Port", "Slot", "connects"]

_INPUT_SIDE = "-10"
"""The node id by which links inside a subgraph name its input side."""


class Kind(Enum):
    """What a node is to the frontend."""

    CLASS = "class"
    NOTE = "note"
    REROUTE = "reroute"
    PRIMITIVE = "primitive"
    SUBGRAPH = "subgraph"
    UNKNOWN = "unknown"

    @property
    def is_virtual(self) -> bool:
        """Whether it exists in the browser only and never reaches the prompt."""
        return self not in (Kind.CLASS, Kind.UNKNOWN)


@dataclass(eq=False)
class Link:
    """A wire."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int

    @property
    def enters(self) -> bool:
        """Whether it comes from the input side of the subgraph that it lies in."""
        return self.origin == _INPUT_SIDE


@dataclass(eq=False)
class Slot:
    """An input (``link``) or output (``links``) of a node. ``widget`` names the widget that the input can replace."""

    name: str
    type: Any
    widget: str | None = None
    link: str | None = None
    links: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Port:
    """An input or output of a subgraph as a whole."""

    name: str
    type: Any
    links: list[str]

    @classmethod
    def of(cls, record: PortRecord) -> Port:
        """A port from the file."""
        return cls(record.name, record.type, list(record.links))


@dataclass(eq=False)
class Node:
    """A node in memory. ``subgraph`` is the definition that an instance stands for."""

    record: NodeRecord
    kind: Kind
    graph: Graph
    title: Any
    definition: NodeDefinition | None = None
    subgraph: Graph | None = None
    mode: Any = 0
    properties: dict[str, Any] = field(default_factory=dict)
    inputs: list[Slot] = field(default_factory=list)
    outputs: list[Slot] = field(default_factory=list)
    widgets: list[Widget] = field(default_factory=list)
    autogrow: dict[str, AutogrowGroup] = field(default_factory=dict)
    match: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id within its own graph."""
        return self.record.id

    @property
    def type(self) -> str:
        """The type as written in the file (old names already replaced)."""
        return self.record.type

    def input(self, name: str) -> Slot | None:
        """The first input of that name."""
        return next((slot for slot in self.inputs if slot.name == name), None)

    def widget(self, name: str | None) -> Widget | None:
        """The first widget of that name."""
        return next((widget for widget in self.widgets if widget.name == name), None)

    def disconnect(self, slot: Slot) -> None:
        """Unplugs an input and forgets the link (LGraphNode.disconnectInput)."""
        identity, slot.link = slot.link, None
        link = self.graph.links.pop(identity, None) if identity is not None else None
        if link is None:
            return
        origin = self.graph.nodes.get(link.origin)
        sides: list[list[str]] = []
        if link.enters and 0 <= link.origin_slot < len(self.graph.inputs):
            sides.append(self.graph.inputs[link.origin_slot].links)
        elif origin is not None and 0 <= link.origin_slot < len(origin.outputs):
            sides.append(origin.outputs[link.origin_slot].links)
        for links in sides:
            if link.id in links:
                links.remove(link.id)

    def remove_input(self, slot: Slot) -> None:
        """Unplugs an input and takes the slot away."""
        self.disconnect(slot)
        self.inputs.remove(slot)
        self.number_inputs()

    def number_inputs(self) -> None:
        """Tells the links at which index their inputs are now."""
        for index, slot in enumerate(self.inputs):
            link = self.graph.links.get(slot.link) if slot.link is not None else None
            if link is not None:
                link.target_slot = index


@dataclass(frozen=True)
class AutogrowGroup:
    """What an autogrow input repeats: ``specs`` per row, at least ``low`` rows, at most ``high``."""

    low: int
    high: int
    specs: tuple[InputSpec, ...]
    prefix: str
    names: tuple[str, ...] | None


@dataclass(eq=False)
class Graph:
    """One level: the root (``id`` empty) or a subgraph definition, which all of its instances share.

    ``later`` holds what the frontend does only after loading, ``modern`` says which frontend is followed.
    """

    id: str = ""
    name: Any = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    instances: list[Node] = field(default_factory=list)
    later: list[Callable[[], None]] = field(default_factory=list)
    modern: bool = False

    def link_of(self, slot: Slot) -> Link | None:
        """The link that an input is plugged to."""
        return self.links.get(slot.link) if slot.link is not None else None

    def origin_type(self, link: Link) -> Any:
        """The type that flows through a link, None where its origin is unknown."""
        if link.enters:
            slots: list[Any] = list(self.inputs)
        else:
            origin = self.nodes.get(link.origin)
            slots = list(origin.outputs) if origin is not None else []
        return slots[link.origin_slot].type if 0 <= link.origin_slot < len(slots) else None

    def targets(self, output: Slot) -> Iterator[tuple[Link, Node, Slot]]:
        """Where an output's links end: link, node and input. Links to nowhere are passed over."""
        for identity in list(output.links):
            link = self.links.get(identity)
            node = self.nodes.get(link.target) if link is not None else None
            if link is not None and node is not None and 0 <= link.target_slot < len(node.inputs):
                yield link, node, node.inputs[link.target_slot]


def connects(one: Any, other: Any) -> bool:
    """Whether two slot types may be linked (LiteGraph.isValidConnection): wildcards, equality, comma unions."""
    wild = ("", "*", 0, None)
    if one in wild or other in wild or one == other:
        return True
    ours = set(str(one).lower().split(","))
    theirs = set(str(other).lower().split(","))
    return bool(ours & theirs) or not {"", "*"}.isdisjoint(ours | theirs)
