"""Judging a workflow by an inventory: the body of the 400 that ComfyUI would answer.

Words: ComfyUI execution.py validate_prompt and validate_inputs, the same in 0.3.30 to 0.10.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import Inventory
from comfytape_contracts.lint.behaviour import Behaviour
from comfytape_contracts.lint.server import judge
from comfytape_replayer.refusal import body_of, entry, missing_node, outputs_behind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.lint.problem import Judgement, Problem

__all__ = ["refusal_of"]

LIST_LIMIT = 20
"""Options up to which the server spells a list out (execution.py validate_inputs)."""

TOP = {
    "prompt_no_outputs": "Prompt has no outputs",
    "prompt_outputs_failed_validation": "Prompt outputs failed validation",
}


def refusal_of(workflow: Any, inventory: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body of ComfyUI's 400, or None where it accepts the workflow (or fails on it in another way)."""
    have = Inventory(inventory)
    judgement = judge(workflow, have, Behaviour.behind(have))
    if judgement.status != 400:
        return None
    if judgement.error in TOP:
        nodes = node_errors(workflow, judgement)
        own = [e for node_id in judgement.dropped if node_id in nodes for e in nodes[node_id]["errors"]]
        # The envelope repeats what is wrong with the output nodes themselves.
        details = "\n".join(f"{e['message']}: {e['details']}" for e in own)
        return body_of(judgement.error, TOP[judgement.error], details, nodes)
    first = next((p for p in judgement.problems if p.rule in ("unknown-class", "missing-class-type")), None)
    assert first is not None  # nothing else makes ComfyUI refuse a whole document
    if first.rule == "unknown-class":
        return missing_node(str(first.node_id), str(first.value))
    words = "Cannot execute because a node is missing the class_type property."
    return body_of("invalid_prompt", words, f"Node ID '#{first.node_id}'")


def node_errors(workflow: Mapping[str, Any], judgement: Judgement) -> dict[str, Any]:
    """Errors by node, in the order of the workflow."""
    nodes: dict[str, Any] = {}
    for problem in judgement.problems:
        if problem.server_error is None or problem.node_id is None or problem.masked:
            continue
        if problem.node_id not in nodes:
            outputs = outputs_behind(workflow, problem.node_id, judgement.dropped)
            nodes[problem.node_id] = entry([], outputs, str(workflow[problem.node_id].get("class_type")))
        nodes[problem.node_id]["errors"].append(error_of(problem))
    return nodes


def error_of(problem: Problem) -> dict[str, Any]:
    """One error of a node, in the server's words."""
    name, value = problem.input or "", problem.value
    config = problem.spec.raw if problem.spec is not None else None
    message, details = words_of(problem, name, value)
    extra: dict[str, Any] = {"input_name": name}
    if problem.server_error not in ("required_input_missing", "exception_during_validation"):
        extra |= {"input_config": config, "received_value": value}
    if problem.server_error == "return_type_mismatch":
        extra = {"input_name": name, "input_config": config, "received_type": problem.facts["received"]}
        extra["linked_node"] = value
    choices = problem.spec.choices if problem.spec is not None else None
    if problem.server_error == "value_not_in_list" and choices is not None and len(choices) > LIST_LIMIT:
        extra["input_config"] = None
    return {"type": problem.server_error, "message": message, "details": details, "extra_info": extra}


def words_of(problem: Problem, name: str, value: Any) -> tuple[str, str]:
    """Message and details of an error."""
    spec = problem.spec
    options = spec.options if spec is not None else {}
    match problem.server_error:
        case "required_input_missing":
            return "Required input is missing", name
        case "bad_linked_input":
            return "Bad linked input, must be a length-2 list of [node_id, slot_index]", name
        case "return_type_mismatch":
            kind = spec.type if spec is not None else None
            details = f"{name}, received_type({problem.facts['received']}) mismatch input_type({kind})"
            return "Return type mismatch between linked nodes", details
        case "invalid_input_type":
            kind = spec.type_name if spec is not None else "?"
            return f"Failed to convert an input value to a {kind} value", f"{name}, {value}, {conversion(kind, value)}"
        case "value_smaller_than_min":
            return f"Value {value} smaller than min of {options.get('min')}", name
        case "value_bigger_than_max":
            return f"Value {value} bigger than max of {options.get('max')}", name
        case "value_not_in_list":
            choices = (spec.choices if spec is not None else None) or []
            listed = f"(list of length {len(choices)})" if len(choices) > LIST_LIMIT else str(choices)
            return "Value not in list", f"{name}: '{value}' not in {listed}"
        case "custom_validation_failed":
            # What a class's own check says is not in the inventory; LoadImage's words are known (nodes.py).
            return (
                "Custom validation failed for node",
                f"{name} - Invalid image file: {value}" if name == "image" else name,
            )
        case "exception_during_inner_validation":
            return "Exception when validating inner node", exception(problem, value)
        case _:
            return "Exception when validating node", exception(problem, value)


def exception(problem: Problem, value: Any) -> str:
    """What Python says where the server's own check fails on a link or a node."""
    match problem.rule, value:
        case "dangling-link", [source, _]:
            return repr(source)
        case "bad-link-slot", [_, int()]:
            return "tuple index out of range"
        case "bad-link-slot", [_, slot]:
            return f"tuple indices must be integers or slices, not {type(slot).__name__}"
        case _:
            return "'inputs'"


def conversion(kind: str, value: Any) -> str:
    """What Python says when the server converts a value."""
    try:
        {"INT": int, "FLOAT": float}.get(kind, str)(value)
    except (TypeError, ValueError, OverflowError) as error:
        return str(error)
    return ""
