"""What newer frontends do to a file's subgraphs before anything else: unique node ids, inner definitions first.

Source: ComfyUI_frontend 1.45.20–1.58.1, src/lib/litegraph/src/subgraph/subgraphDeduplication.ts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert.failure import ConversionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.convert.record import NodeRecord, SubgraphRecord, WorkflowRecord

__all__ = ["renumber"]

_HIGHEST = 100_000_000


def renumber(record: WorkflowRecord) -> WorkflowRecord:
    """Gives nodes of subgraphs whose id is taken elsewhere the next free number, and orders definitions leaf first.

    Raises:
        ConversionError: no number is free.
    """
    used = {node.id for node in record.nodes if node.id.isdecimal()}
    last = record.last_id
    changes: dict[str, dict[str, str]] = {}
    for definition in record.subgraphs:
        changed = changes.setdefault(definition.id, {})
        for node in definition.nodes:
            if node.id in used:
                last += 1
                while str(last) in used:
                    last += 1
                changed[node.id] = str(last)
                used.add(str(last))
            else:
                used.add(node.id)
                if node.id.isdecimal() and len(node.id) < 12:
                    last = max(last, int(node.id))
    if last > _HIGHEST and any(changes.values()):
        raise ConversionError(f"node ids beyond {_HIGHEST:,} leave no number free for the duplicates in its subgraphs")
    subgraphs = [_renumbered(definition, changes[definition.id], changes) for definition in record.subgraphs]
    nodes = tuple(_repaired(node, changes) for node in record.nodes)
    return replace(record, nodes=nodes, subgraphs=_leaves_first(subgraphs))


def _renumbered(
    definition: SubgraphRecord, changed: Mapping[str, str], changes: Mapping[str, Mapping[str, str]]
) -> SubgraphRecord:
    nodes = (_repaired(node, changes) for node in definition.nodes)
    return replace(
        definition,
        nodes=tuple(replace(node, id=changed.get(node.id, node.id)) for node in nodes),
        links=tuple(
            replace(link, origin=changed.get(link.origin, link.origin), target=changed.get(link.target, link.target))
            for link in definition.links
        ),
    )


def _repaired(node: NodeRecord, changes: Mapping[str, Mapping[str, str]]) -> NodeRecord:
    """An instance whose ``proxyWidgets`` name inner nodes by their old ids."""
    changed = changes.get(node.type)
    proxies: Any = node.properties.get("proxyWidgets")
    if not changed or not isinstance(proxies, list):
        return node
    pairs = [
        [changed.get(str(pair[0]), pair[0]), *pair[1:]] if isinstance(pair, list) and pair else pair for pair in proxies
    ]
    return replace(node, properties={**node.properties, "proxyWidgets": pairs})


def _leaves_first(subgraphs: list[SubgraphRecord]) -> tuple[SubgraphRecord, ...]:
    by_id = {definition.id: definition for definition in subgraphs}
    users: dict[str, list[str]] = {name: [] for name in by_id}
    open_ends = dict.fromkeys(by_id, 0)
    for definition in by_id.values():
        for name in {node.type for node in definition.nodes} & by_id.keys():
            users[name].append(definition.id)
            open_ends[definition.id] += 1
    ordered = [name for name, count in open_ends.items() if not count]
    for name in ordered:  # grows while it is walked
        for user in users[name]:
            open_ends[user] -= 1
            if not open_ends[user]:
                ordered.append(user)
    return tuple(by_id[name] for name in ordered) if len(ordered) == len(subgraphs) else tuple(subgraphs)
