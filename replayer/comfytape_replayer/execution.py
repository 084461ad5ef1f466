"""In which order ComfyUI runs the nodes of a prompt (comfy_execution/graph.py, ExecutionList, 0.3.30 to 0.10.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

__all__ = ["order_of"]


def order_of(graph: Mapping[str, Any], outputs: Sequence[str], cached: Collection[str] = ()) -> list[str]:
    """Node ids in the order of their execution; what is cached, or feeds no output, is not among them.

    Inputs that a node asks for only when it runs (lazy ones) are taken as asked for.
    """
    workflow = Workflow.from_graph(graph)
    feeds: dict[str, set[str]] = {}
    for output in outputs:
        todo = [output]
        while todo:
            node_id = todo.pop()
            if node_id in feeds or node_id in cached or node_id not in workflow.nodes:
                continue
            sources = [link.source for _, link in workflow.nodes[node_id].links()]
            feeds[node_id] = {source for source in sources if source not in cached and source in workflow.nodes}
            todo += sources
    order: list[str] = []
    while ready := [node_id for node_id, sources in feeds.items() if not sources]:
        chosen = pick(ready, feeds, outputs)
        order.append(chosen)
        del feeds[chosen]
        for waits_for in feeds.values():
            waits_for.discard(chosen)
    return order


def pick(ready: Sequence[str], feeds: Mapping[str, set[str]], outputs: Collection[str]) -> str:
    """An output, or what an output waits for, or what that waits for, or the first."""
    near = set(outputs)
    for _ in range(3):
        for node_id in ready:
            if node_id in near:
                return node_id
        near = {source for node_id in near for source in feeds.get(node_id, ())}
    return ready[0]
