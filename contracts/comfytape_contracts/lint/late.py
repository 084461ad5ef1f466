"""What passes ``POST /prompt`` and then fails while running, or runs otherwise than meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import InputSpec, live_inputs, unmade_choices
from comfytape_contracts.knowledge import load
from comfytape_contracts.lint.problem import Problem
from comfytape_contracts.lint.values import unwrapped
from comfytape_contracts.workflow import Node, Workflow, is_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import Inventory, NodeClass
    from comfytape_contracts.lint.behaviour import Behaviour
    from comfytape_contracts.lint.problem import Judgement

__all__ = ["late_problems"]

_EDITOR_LEFTOVERS = frozenset(
    {"upload", "control_after_generate", "control_before_generate", "audioUI", "videopreview"}
)
"""Names that ComfyUI's editor writes into exported workflows though no class declares them."""

_OPTIONS_OF_WIDGETS = ("default", "socketless", "widgetType")


def late_problems(
    graph: Mapping[str, Any], inventory: Inventory, behaviour: Behaviour, judgement: Judgement
) -> Iterator[Problem]:
    """Problems of the nodes that would run, then outputs that would be dropped and nodes that nothing needs."""
    workflow = Workflow.from_graph(graph)
    outputs = [*judgement.good] if judgement.status == 200 else _outputs(workflow, inventory)
    running = workflow.upstream_of(outputs)
    look = _Look(workflow, inventory, behaviour)
    for node in workflow.nodes.values():
        node_class = inventory.get(node.class_type)
        if node_class is not None and node.id in running:
            yield from look.at(node, node_class)
    if judgement.status == 200:
        for node_id in judgement.dropped:
            yield Problem(rule="output-dropped", node_id=node_id)
    if outputs:
        needed = running | judgement.reached
        for node in workflow.nodes.values():
            if node.id not in needed and node.class_type in inventory:
                yield Problem(rule="node-not-run", node_id=node.id)


def _outputs(workflow: Workflow, inventory: Inventory) -> list[str]:
    found = []
    for node in workflow.nodes.values():
        node_class = inventory.get(node.class_type)
        if node_class is not None and node_class.is_output:
            found.append(node.id)
    return found


class _Look:
    """Looks at one node after the other."""

    def __init__(self, workflow: Workflow, inventory: Inventory, behaviour: Behaviour) -> None:
        self._workflow, self._inventory, self._behaviour = workflow, inventory, behaviour

    def at(self, node: Node, node_class: NodeClass) -> Iterator[Problem]:
        try:
            specs = live_inputs(node_class, node.inputs, autogrow_required=self._behaviour.autogrow_required)
            unmade = unmade_choices(node_class, node.inputs)
        except (AttributeError, IndexError, KeyError, TypeError):
            return  # the check has said so
        for name, value in node.inputs.items():
            problem = self._input(node, node_class, specs, str(name), value)
            if problem is not None:
                yield problem
        for spec in unmade:
            yield Problem(
                rule="choice-not-made", node_id=node.id, input=spec.name, spec=spec, value=node.inputs.get(spec.name)
            )
        yield from _left_out(node)

    def _input(
        self, node: Node, node_class: NodeClass, specs: Mapping[str, InputSpec], name: str, value: Any
    ) -> Problem | None:
        spec = specs.get(name)
        if spec is not None:
            return None if isinstance(value, list) else self._literal(node, spec, unwrapped(value))
        if name in node_class.hidden or name in _EDITOR_LEFTOVERS or name in _choices_of(node_class):
            return None
        if not is_link(value):
            return Problem(rule="undeclared-value", node_id=node.id, input=name, value=value)
        rule = "undeclared-link" if value[0] in self._workflow.nodes else "dangling-undeclared-link"
        facts = {"takes_any": _takes_any_keyword(node_class, name)}
        return Problem(rule=rule, node_id=node.id, input=name, value=value, facts=facts)

    def _literal(self, node: Node, spec: InputSpec, value: Any) -> Problem | None:
        rule = None
        if value is not None and self._is_socket(spec):
            rule = "literal-in-socket"
        elif (spec.type == "INT" and isinstance(value, float) and value != int_or_none(value)) or (
            spec.type == "BOOLEAN" and isinstance(value, str)
        ):
            rule = "surprising-conversion"
        return Problem(rule=rule, node_id=node.id, input=spec.name, spec=spec, value=value) if rule else None

    def _is_socket(self, spec: InputSpec) -> bool:
        """A type that some class delivers and no widget of the editor writes."""
        return (
            not spec.is_widget
            and isinstance(spec.type, str)
            and spec.type in self._inventory.produced_types
            and not any(option in spec.options for option in _OPTIONS_OF_WIDGETS)
        )


def int_or_none(value: float) -> int | None:
    """The number as the server makes it an INT, or None where it refuses (NaN, infinity)."""
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _choices_of(node_class: NodeClass) -> frozenset[str]:
    """Names of dynamic inputs; what is wrong with those is told apart."""
    return frozenset(
        name
        for name, spec in node_class.inputs.items()
        if str(spec.type).startswith(("COMFY_DYNAMIC", "COMFY_AUTOGROW"))
    )


def _takes_any_keyword(node_class: NodeClass, name: str) -> bool:
    """Whether the class is known, or looks as if it were made, to take inputs that it does not declare.

    ``input3`` beside a declared ``input1`` is how packs build nodes with a growing number of sockets.
    """
    if name in load("keywords")["classes"].get(node_class.name, ()) or "*" in load("keywords")["classes"].get(
        node_class.name, ()
    ):
        return True
    family = re.sub(r"\d+", "#", name)
    return "#" in family and any(re.sub(r"\d+", "#", declared) == family for declared in node_class.inputs)


def _left_out(node: Node) -> Iterator[Problem]:
    for entry in load("needed_inputs")["classes"]:
        if entry["class"] != node.class_type or entry["input"] in node.inputs:
            continue
        if not any(other in node.inputs for other in entry["unless"]):
            yield Problem(rule="model-left-out", node_id=node.id, input=entry["input"], facts={"why": entry["why"]})
