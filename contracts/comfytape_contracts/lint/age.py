"""Whether the server is older than the models of a workflow need, judged by names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import latest_version
from comfytape_contracts.knowledge import load
from comfytape_contracts.lint.problem import Problem
from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import Inventory, Version

__all__ = ["age_problems"]


def age_problems(graph: Mapping[str, Any], inventory: Inventory, version: Version | None) -> Iterator[Problem]:
    """Files of a model family that the server's release does not know yet.

    Where the release is not given, the newest one that the inventory can come from counts; None there means that
    nothing can be said.
    """
    newest = version
    for node in Workflow.from_graph(graph).nodes.values():
        for name, value in node.inputs.items():
            family = _family_of(value)
            if family is None:
                continue
            newest = newest or latest_version(inventory)
            if newest is not None and newest < tuple(family["since"]):
                facts = {"family": family["family"], "needs": ".".join(map(str, family["since"]))}
                yield Problem(rule="comfyui-too-old", node_id=node.id, input=str(name), value=value, facts=facts)


def _family_of(value: Any) -> Mapping[str, Any] | None:
    if not isinstance(value, str) or not value.lower().endswith((".safetensors", ".gguf", ".sft")):
        return None
    for family in load("model_families")["families"]:
        if re.search(family["pattern"], value, re.IGNORECASE):
            return dict(family)
    return None
