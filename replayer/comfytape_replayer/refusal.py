"""What a server says to a workflow that it cannot run: ComfyUI's error body, and the worker's text made of it.

Words: ComfyUI execution.py validate_prompt and validate_inputs, the same in 0.3.30 to 0.10.0; worker-comfyui 5.x
handler.py queue_workflow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape_contracts.workflow.graph import Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["body_of", "entry", "missing_model", "missing_node", "outputs_behind", "worker_error"]

OUTPUTS_FAILED = "prompt_outputs_failed_validation"


def missing_node(node_id: str, class_type: str) -> dict[str, Any]:
    """The body for a class that the server has not."""
    words = f"Cannot execute because node {class_type} does not exist."
    return body_of("invalid_prompt", words, f"Node ID '#{node_id}'")


def missing_model(workflow: Mapping[str, Any], node_id: str, name: str, options: list[Any]) -> dict[str, Any]:
    """The body for a model file that is not among the server's options."""
    node = Workflow.from_graph(workflow).nodes[node_id]
    value = node.inputs[name]
    error = {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": f"{name}: '{value}' not in {options}",
        "extra_info": {"input_name": name, "input_config": [options, {}], "received_value": value},
    }
    nodes = {node_id: entry([error], outputs_behind(workflow, node_id, workflow), node.class_type)}
    return body_of(OUTPUTS_FAILED, "Prompt outputs failed validation", nodes=nodes)


def body_of(kind: str, message: str, details: str = "", nodes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The envelope."""
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return {"error": error, "node_errors": nodes or {}}


def entry(errors: list[dict[str, Any]], outputs: list[str], class_type: str) -> dict[str, Any]:
    """One node's place in the envelope."""
    return {"errors": errors, "dependent_outputs": outputs, "class_type": class_type}


def outputs_behind(workflow: Mapping[str, Any], node_id: str, outputs: Any) -> list[str]:
    """Those output nodes that need a node; without knowledge of which are outputs, those that feed nothing."""
    graph = Workflow.from_graph(workflow)
    feeding = {link.source for node in graph.nodes.values() for _, link in node.links()}
    ends = outputs if outputs is not workflow else [key for key in graph.nodes if key not in feeding]
    return [key for key in ends if node_id in graph.upstream_of([key])]


def worker_error(body: Mapping[str, Any]) -> str:
    """The ``error`` of the failed job that worker-comfyui makes of ComfyUI's 400."""
    error = body["error"]
    details = [
        f"Node {node_id} ({key}): {value}"
        for node_id, node in body["node_errors"].items()
        for key, value in node.items()
    ]
    if not details:
        return f"{error['message']}. Raw response: {json.dumps(body)}"
    validation = error["type"] == OUTPUTS_FAILED
    message = "Workflow validation failed" if validation else error["message"]
    return f"{message}:\n" + "\n".join(f"• {detail}" for detail in details)
