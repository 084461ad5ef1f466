"""Reroute nodes: once a graph is loaded they unplug what does not fit the type that flows through them.

Source: ComfyUI_frontend 1.36.14, src/extensions/core/rerouteNode.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert.graph import Kind, Node, connects

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["unplug_misfits"]


def unplug_misfits(reroutes: Iterable[Node]) -> None:
    """Follows each reroute to its source, through others, and drops its links to inputs of another type."""
    types: dict[Node, Any] = {}
    for node in reroutes:
        kind = _source_type(node, types)
        for _, target, slot in list(node.graph.targets(node.outputs[0])) if node.outputs else ():
            if target.kind is not Kind.REROUTE and kind and slot.type and not connects(kind, slot.type):
                target.disconnect(slot)


def _source_type(node: Node, types: dict[Node, Any]) -> Any:
    """The type at the start of a chain; None if nothing feeds it or it goes round in a circle."""
    chain: list[Node] = []
    current, kind = node, None
    while current not in types:
        types[current] = None
        chain.append(current)
        link = current.graph.link_of(current.inputs[0]) if current.inputs else None
        origin = current.graph.nodes.get(link.origin) if link is not None else None
        if link is None or origin is None:
            break
        if origin.kind is not Kind.REROUTE:
            kind = current.graph.origin_type(link)
            break
        current = origin
    else:
        kind = types[current]
    types.update(dict.fromkeys(chain, kind))
    return kind
