"""What differs between two workflows, in words; used only to explain a miss."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from comfytape_contracts.workflow.graph import Workflow, link_of
from comfytape_replayer.noise import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.workflow.graph import Node
    from comfytape_replayer.noise import Noise

__all__ = ["class_distance", "graph_differences", "shown", "value_differences"]

VALUE_LIMIT = 120
"""Characters of a value that are shown: a prompt or a picture may have millions."""


def graph_differences(recorded: Mapping[str, Any], sent: Mapping[str, Any], noise: Noise = NOISE) -> list[str]:
    """Differences that matter: nodes added and missing, inputs that differ; noise is left out."""
    before, after = Workflow.from_graph(recorded).nodes, Workflow.from_graph(sent).nodes
    pairs = paired(before, after, noise)
    words = [
        f"node {key} ({node.class_type}) is only in the recording" for key, node in before.items() if key not in pairs
    ]
    matched = set(pairs.values())
    words += [f"node {key} ({node.class_type}) was not recorded" for key, node in after.items() if key not in matched]
    for key, other in pairs.items():
        words += node_differences(before[key], after[other], pairs, noise)
    return words


def paired(before: Mapping[str, Node], after: Mapping[str, Node], noise: Noise) -> dict[str, str]:
    """Nodes that are each other's: same id and class first, then same class in order, likest inputs first."""
    pairs = {key: key for key, node in before.items() if key in after and after[key].class_type == node.class_type}
    if not noise.node_ids:
        return pairs
    free = [key for key in after if key not in set(pairs.values())]
    for key, node in before.items():
        if key in pairs:
            continue
        alike = [other for other in free if after[other].class_type == node.class_type]
        if alike:
            best = max(alike, key=lambda other: likeness(node, after[other]))
            pairs[key] = best
            free.remove(best)
    return pairs


def likeness(one: Node, other: Node) -> int:
    """How many inputs have the same value."""
    return sum(other.inputs.get(name, ...) == value for name, value in one.inputs.items())


def node_differences(before: Node, after: Node, pairs: Mapping[str, str], noise: Noise) -> Iterator[str]:
    """Inputs, and the title where it counts, that differ between two nodes that are each other's."""
    where = f"node {after.id} ({after.class_type})"
    if not noise.titles and before.title != after.title:
        yield f"{where}: the title is {shown(after.title)}, recorded was {shown(before.title)}"
    for name in dict.fromkeys((*before.inputs, *after.inputs)):
        if name not in after.inputs:
            yield f"{where}: input {name} is only in the recording ({shown(before.inputs[name])})"
        elif name not in before.inputs:
            yield f"{where}: input {name} was not recorded ({shown(after.inputs[name])})"
        elif not same_input(name, before.inputs[name], after.inputs[name], pairs, noise):
            yield f"{where}: {name} is {shown(after.inputs[name])}, recorded was {shown(before.inputs[name])}"


def same_input(name: str, before: Any, after: Any, pairs: Mapping[str, str], noise: Noise) -> bool:
    """Whether two inputs mean the same: links by where they lead, noise always."""
    old, new = link_of(before), link_of(after)
    if old is not None and new is not None:
        return pairs.get(old.source, old.source) == new.source and old.slot == new.slot
    return bool(before == after) or (noise.covers(name, before) and noise.covers(name, after))


def value_differences(recorded: Any, sent: Any) -> list[str]:
    """Differences between two inputs that hold no workflow."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        names = dict.fromkeys((*recorded, *sent))
        return [
            f"{name} is {shown(sent[name]) if name in sent else 'absent'}, "
            f"recorded was {shown(recorded[name]) if name in recorded else 'absent'}"
            for name in names
            if recorded.get(name, ...) != sent.get(name, ...)
        ]
    return [] if recorded == sent else [f"the input is {shown(sent)}, recorded was {shown(recorded)}"]


def shown(value: Any) -> str:
    """A value for people, cut short."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}… ({len(text):,} characters)"


def class_distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How many nodes one workflow has that the other has not, by class: quick, to choose whom to compare closely."""
    first, second = (Counter(n.class_type for n in Workflow.from_graph(w).nodes.values()) for w in (one, other))
    return (first - second).total() + (second - first).total()
