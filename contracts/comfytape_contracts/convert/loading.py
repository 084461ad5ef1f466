"""Loading a file the way the frontend does, step by step, because the steps' order decides the values.

Source: ComfyUI_frontend 1.36.14, src/lib/litegraph/src/LGraph.ts (``configure``), src/scripts/app.ts (loadGraphData,
addAfterConfigureHandler).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert import construction, instance, primitive, reroute
from comfytape_contracts.convert.definition import NodeDefinition, read_definition
from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.graph import Graph, Kind, Link, Node, Port, Slot
from comfytape_contracts.convert.numbering import renumber
from comfytape_contracts.convert.restoring import restore
from comfytape_contracts.convert.widget import TextCell, Widget

if TYPE_CHECKING:
    from comfytape_contracts.convert.record import GraphRecord, NodeRecord, SubgraphRecord, WorkflowRecord

__all__ = ["MOST_NODES", "is_modern", "load", "walk"]

MOST_NODES = 50_000
"""Nodes that a workflow may have once every subgraph is unfolded; nested definitions can double at every level."""
_VIRTUAL = {
    "MarkdownNote": Kind.NOTE,
    "Note": Kind.NOTE,
    "PrimitiveNode": Kind.PRIMITIVE,
    "Reroute": Kind.REROUTE,
}
_TITLES = {"MarkdownNote": "Markdown Note", "PrimitiveNode": "Primitive"}


class _Loader:
    def __init__(self, inventory: Mapping[str, Any]) -> None:
        self._inventory = inventory
        self._definitions: dict[str, NodeDefinition | None] = {}
        self._subgraphs: dict[str, Graph] = {}
        self._later: list[Any] = []
        self._modern = is_modern(inventory)

    def load(self, record: WorkflowRecord) -> Graph:
        _refuse_recursion(record)
        if self._modern:
            record = renumber(record)
        for definition in record.subgraphs:
            self._subgraphs[definition.id] = self._define(definition)
        for definition in record.subgraphs:
            graph = self._subgraphs[definition.id]
            self._fill(graph, definition)
            graph.inputs = [Port.of(port) for port in definition.inputs]
            graph.outputs = [Port.of(port) for port in definition.outputs]
            instance.promote_late(graph)
        root = Graph(later=self._later, modern=self._modern)
        self._fill(root, record)
        self._finish(root)
        return root

    def _define(self, record: SubgraphRecord) -> Graph:
        inputs, outputs = ([Port.of(port) for port in side] for side in (record.inputs, record.outputs))
        return Graph(record.id, record.name, inputs=inputs, outputs=outputs, later=self._later, modern=self._modern)

    def _fill(self, graph: Graph, record: GraphRecord) -> None:
        graph.nodes.clear()
        for link in record.links:
            graph.links[link.id] = Link(link.id, link.origin, link.origin_slot, link.target, link.target_slot)
        for saved in record.nodes:
            graph.nodes[saved.id] = self._create(graph, saved)
        for node in graph.nodes.values():
            restore(node)

    def _create(self, graph: Graph, record: NodeRecord) -> Node:
        definition = self._subgraphs.get(record.type)
        if definition is not None:
            node = Node(record, Kind.SUBGRAPH, graph, definition.name or record.type, subgraph=definition)
            instance.prepare(node)
            return node
        kind = _VIRTUAL.get(record.type)
        if kind is not None:
            return _virtual(record, kind, graph)
        known = self._definition(record.type)
        if known is None:
            return Node(record, Kind.UNKNOWN, graph, record.type)
        node = Node(record, Kind.CLASS, graph, known.title)
        construction.build(node, known)
        return node

    def _definition(self, name: str) -> NodeDefinition | None:
        if name not in self._definitions:
            info = self._inventory.get(name)
            self._definitions[name] = read_definition(name, info) if isinstance(info, Mapping) else None
        return self._definitions[name]

    def _finish(self, root: Graph) -> None:
        for graph in {id(node.graph): node.graph for node in walk(root)}.values():
            for node in graph.nodes.values():
                node.number_inputs()
        for node in walk(root):
            if node.kind is Kind.CLASS:
                _drop_orphans(node)
        for node in walk(root):
            if node.kind is Kind.PRIMITIVE:
                primitive.give_widget(node)
        for node in walk(root):
            _patch_sampler(node)
        for step in self._later:
            step()
        reroute.unplug_misfits([node for node in walk(root) if node.kind is Kind.REROUTE])


def load(record: WorkflowRecord, inventory: Mapping[str, Any]) -> Graph:
    """The graph in memory once the frontend has loaded this file.

    Raises:
        ConversionError: subgraphs that contain themselves, or that unfold beyond ``MOST_NODES``.
    """
    return _Loader(inventory).load(record)


def is_modern(inventory: Mapping[str, Any]) -> bool:
    """Whether the server that gave this inventory comes with a frontend of the newer kind.

    Every class of ComfyUI 0.27.0 and 0.33.0 (frontends 1.45.20 and 1.49.6) has the key ``search_aliases``, none of
    0.10.0 and before (1.36.14) has it. What the two kinds do differently is listed in docs/conversion.md.
    """
    return any(isinstance(info, Mapping) and "search_aliases" in info for info in inventory.values())


def walk(root: Graph) -> Iterator[Node]:
    """Every node of the graph, those inside a subgraph right before its instance; a shared definition once each."""
    stack: list[Iterator[Node]] = [iter(list(root.nodes.values()))]
    pending: list[Node] = []
    seen: set[str] = set()
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            if pending and stack:
                yield pending.pop()
        elif node.subgraph is not None and node.subgraph.id not in seen:
            seen.add(node.subgraph.id)
            pending.append(node)
            stack.append(iter(list(node.subgraph.nodes.values())))
        else:
            yield node


def _virtual(record: NodeRecord, kind: Kind, graph: Graph) -> Node:
    node = Node(record, kind, graph, _TITLES.get(record.type, record.type))
    if kind is Kind.REROUTE:
        node.inputs.append(Slot("", "*"))
    if kind in (Kind.REROUTE, Kind.PRIMITIVE):
        node.outputs.append(Slot("", "*"))
    if kind is Kind.NOTE:
        node.widgets.append(Widget("text", "customtext", TextCell()))
    return node


def _drop_orphans(node: Node) -> None:
    """Inputs that stood for a widget the class no longer has are removed (every other one: it skips as it goes)."""
    index = 0
    while index < len(node.inputs):
        slot = node.inputs[index]
        if slot.widget is not None and node.widget(slot.widget) is None:
            node.remove_input(slot)
        index += 1


def _patch_sampler(node: Node) -> None:
    """Old files say ``sample_euler`` (src/scripts/app.ts)."""
    widget = node.widget("sampler_name") if node.type in ("KSampler", "KSamplerAdvanced") else None
    if widget is not None and isinstance(widget.value, str):
        widget.value = widget.value.removeprefix("sample_")


def _refuse_recursion(record: WorkflowRecord) -> None:
    """Counts unfolded nodes bottom-up, without unfolding. The top level is called None."""
    names = {definition.id: definition.name or definition.id for definition in record.subgraphs}
    members: dict[str | None, list[str]] = {
        definition.id: [node.type for node in definition.nodes] for definition in record.subgraphs
    }
    members[None] = [node.type for node in record.nodes]
    sizes: dict[str | None, int] = {}
    active: set[str | None] = set()
    stack: list[str | None] = [None]
    while stack:
        current = stack[-1]
        inner = [name for name in members[current] if name in members]
        if current in sizes:
            stack.pop()
        elif current in active:
            active.discard(current)
            sizes[current] = min(MOST_NODES + 1, len(members[current]) + sum(sizes[name] for name in inner))
        else:
            active.add(current)
            for name in set(inner):
                if name in active:
                    raise ConversionError(f"subgraph '{names[name]}' contains itself")
                if name not in sizes:
                    stack.append(name)
    if sizes[None] > MOST_NODES:
        raise ConversionError(f"it unfolds to more than {MOST_NODES:,} nodes")
