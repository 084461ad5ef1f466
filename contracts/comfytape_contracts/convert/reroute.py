"""Reroute nodes: once a graph is loaded they unplug what does not fit the type that flows through them.

Source: ComfyUI_frontend 1.36.14, src/extensions/core/rerouteNode.ts.
"""

from __future__ import annotations

from comfytape_contracts.convert.graph import Kind, Node, connects

__all__ = ["unplug_misfits"]


def unplug_misfits(node: Node) -> None:
    """Follows a chain of reroutes to its source and drops the links to inputs of another type."""
    graph = node.graph
    start, source_type = node, None
    seen: set[str] = set()
    while start.inputs and start.inputs[0].link is not None:
        link = graph.link_of(start.inputs[0])
        origin = graph.nodes.get(link.origin) if link is not None else None
        if link is None or origin is None or start.id in seen:
            return
        seen.add(start.id)
        if origin.kind is not Kind.REROUTE:
            source_type = graph.origin_type(link)
            break
        start = origin
    todo, done = [node], {node.id}
    while todo:
        current = todo.pop()
        for _, target, slot in list(graph.targets(current.outputs[0])) if current.outputs else ():
            if target.kind is Kind.REROUTE:
                if target.id not in done:
                    done.add(target.id)
                    todo.append(target)
            elif source_type and slot.type and not connects(source_type, slot.type):
                target.disconnect(slot)
