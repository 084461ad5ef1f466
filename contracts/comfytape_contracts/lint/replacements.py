"""Classes that are gone and that the server replaces by others before it checks a prompt, since 0.14.0.

Read in ComfyUI app/node_replace_manager.py apply_replacements. Which classes is knowledge: /object_info does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import by_class
from comfytape_contracts.lint.problem import Problem

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory

__all__ = ["replacement_of", "with_replacements"]


def replacement_of(node: Any, inventory: Inventory) -> str | None:
    """The class that the server tries to run in place of this node's, or None."""
    class_type = node.get("class_type") if isinstance(node, Mapping) and "inputs" in node else None
    if not isinstance(class_type, str) or class_type in inventory:
        return None
    new = next((str(entry["by"]) for entry in by_class("node_replacements").get(class_type, ())), None)
    return new if new in inventory else None


def with_replacements(graph: Mapping[str, Any], inventory: Inventory) -> tuple[Mapping[str, Any], list[Problem]]:
    """The workflow as the server goes on with it, and a problem for each node that was replaced.

    A node that the server cannot replace, for want of ``_meta`` or of an input, is left as it is: the server fails
    on the whole prompt then.
    """
    changed: dict[str, Any] = {}
    problems = []
    for key, node in graph.items():
        new = replacement_of(node, inventory)
        made = _made(node, new) if new is not None else None
        if made is not None:
            changed[key] = made
            problems.append(Problem(rule="class-replaced", node_id=key, value=node["class_type"], facts={"new": new}))
    return ({**graph, **changed}, problems) if changed else (graph, problems)


def _made(node: Mapping[str, Any], new: str) -> Mapping[str, Any] | None:
    entry = by_class("node_replacements")[node["class_type"]][0]
    given = node["inputs"]
    if not isinstance(given, Mapping) or not isinstance(node.get("_meta"), Mapping):
        return None
    if any(old not in given for old in entry["inputs"].values()):
        return None
    taken = {name: given[old] for name, old in entry["inputs"].items()}
    return {**node, "class_type": new, "inputs": {**taken, **entry["values"]}}
