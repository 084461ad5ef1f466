"""What each sample submits: the contract's workflow with its varied inputs."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError
from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from comfytape_contracts.contract import Contract

__all__ = ["dangling_links", "sample_workflow", "workflow_of"]

SEEDS = ("seed", "noise_seed")


def workflow_of(contract: Contract) -> dict[str, Any]:
    """The workflow that the recorder submits.

    Raises:
        UsageError: it is not an API-format workflow, has a link that leads nowhere, or ``samples.vary`` names a node or
            input that it has not.
    """
    path = contract.samples_path
    try:
        workflow: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from error
    nodes = workflow.values() if isinstance(workflow, dict) else [None]
    if not workflow or not all(isinstance(node, dict) and isinstance(node.get("inputs"), dict) for node in nodes):
        raise UsageError(
            f"{path} is not a workflow in API format: expected nodes with class_type and inputs",
            hint="in ComfyUI use 'Export (API)', not 'Save'",
        )
    dangling = dangling_links(workflow)
    if dangling:
        raise UsageError(
            f"{path}: {dangling[0]}",
            hint="remove the link or add the node; after such a prompt ComfyUI may execute nothing any more",
        )
    for number, vary in enumerate(contract.model.samples.vary):
        if vary.input not in workflow.get(vary.node, {}).get("inputs", {}):
            where = f"{contract.path}:{contract.line('samples', 'vary', number)}"
            raise UsageError(
                f"{where}: {path.name} has no input '{vary.input}' at node '{vary.node}'",
                hint=f"its nodes are {', '.join(workflow)}",
            )
    checked: dict[str, Any] = workflow
    return checked


def sample_workflow(contract: Contract, workflow: dict[str, Any], sample: int) -> dict[str, Any]:
    """The workflow of one sample, counted from 0.

    Where the contract varies nothing, whole-number seeds are counted up: ComfyUI answers a prompt that it has already
    run from its cache, and such a sample measures nothing.
    """
    varied = copy.deepcopy(workflow)
    for vary in contract.model.samples.vary:
        varied[vary.node]["inputs"][vary.input] = vary.value(sample)
    if not contract.model.samples.vary:
        for node in varied.values():
            for name in SEEDS:
                if isinstance(node["inputs"].get(name), int):
                    node["inputs"][name] += sample
    return varied


def dangling_links(workflow: dict[str, Any]) -> list[str]:
    """Links to nodes that are not there, in words: one kills ComfyUI's worker thread (ComfyUI issue 16312)."""
    return [
        f"input '{name}' of node {node.id} is linked to node '{link.source}', which is not in the workflow"
        for node in Workflow.from_graph(workflow).nodes.values()
        for name, link in node.links()
        if link.source not in workflow
    ]
