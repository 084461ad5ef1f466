"""The inputs of a workflow that hold its prompt, its size and its seeds, found by the graph and the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import Inventory

__all__ = ["Place", "prompts_in", "seeds_in", "sizes_in", "targets"]

Place = tuple[str, str]
"""Node id and input name."""

SEEDS = frozenset({"noise_seed", "seed"})
PROMPTS = frozenset({"clip_g", "clip_l", "positive", "prompt", "t5xxl", "text", "text_g", "text_l"})
"""Inputs under which ComfyUI's own nodes take a prompt (nodes.py; comfy_extras nodes_sd3, nodes_flux)."""


def prompts_in(workflow: Mapping[str, Any], inventory: Inventory) -> list[Place]:
    """Texts that feed a ``positive`` input (or ``conditioning``, where no node has the other).

    Where nothing is conditioned, all texts but those that only feed a ``negative``.
    """
    graph = Workflow.from_graph(workflow)
    texts = [place for place in literals(graph, str) if is_prompt(graph, place, inventory)]
    for name in ("positive", "conditioning"):
        feeding = graph.upstream_of(sources(graph, name))
        found = [place for place in texts if place[0] in feeding]
        if found:
            return found
    against = graph.upstream_of(sources(graph, "negative"))
    return [place for place in texts if place[0] not in against]


def sizes_in(workflow: Mapping[str, Any], inventory: Inventory) -> list[tuple[Place, Place]]:
    """Width and height of the nodes that make something out of nothing; where there is none, of all that have both."""
    graph = Workflow.from_graph(workflow)
    whole = set(literals(graph, int))
    both = [node for node in graph.nodes.values() if {(node.id, "width"), (node.id, "height")} <= whole]
    making = [node for node in both if not any(True for _ in node.links())]
    latent = [node for node in making if makes_latent(node.class_type, inventory)]
    return [((node.id, "width"), (node.id, "height")) for node in latent or making or both]


def seeds_in(workflow: Mapping[str, Any]) -> list[Place]:
    """Whole numbers that are called a seed."""
    return [place for place in literals(Workflow.from_graph(workflow), int) if place[1] in SEEDS]


def targets(workflow: Mapping[str, Any], name: str) -> list[str]:
    """Ids of the nodes that a name means: an id, else a title, else a class."""
    if name in workflow:
        return [name]
    nodes = Workflow.from_graph(workflow).nodes.values()
    return [n.id for n in nodes if n.title == name] or [n.id for n in nodes if n.class_type == name]


def literals(graph: Workflow, kind: type) -> Iterator[Place]:
    """Inputs whose value is of a type, and no link."""
    for node in graph.nodes.values():
        for name, value in node.inputs.items():
            if isinstance(value, kind) and not isinstance(value, bool):
                yield node.id, name


def is_prompt(graph: Workflow, place: Place, inventory: Inventory) -> bool:
    """Whether a text is a prompt: a field of several lines, or by its name where the class is not known."""
    node_class = inventory.get(graph.nodes[place[0]].class_type)
    spec = node_class.inputs.get(place[1]) if node_class else None
    if spec is None:
        return place[1] in PROMPTS or graph.nodes[place[0]].class_type == "PrimitiveStringMultiline"
    return spec.type == "STRING" and bool(spec.options.get("multiline") or spec.options.get("dynamicPrompts"))


def makes_latent(class_type: str, inventory: Inventory) -> bool:
    """Whether a class gives a latent image: the size of what is sampled, and not of a mask beside it."""
    node_class = inventory.get(class_type)
    if node_class is None:
        return "latent" in class_type.lower()
    return "LATENT" in (node_class.outputs or ())


def sources(graph: Workflow, name: str) -> list[str]:
    """Nodes linked to an input of that name."""
    return [link.source for node in graph.nodes.values() for at, link in node.links() if at == name]
