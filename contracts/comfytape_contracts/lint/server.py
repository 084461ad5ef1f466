"""What ``POST /prompt`` answers (ComfyUI execution.py validate_prompt), as data."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import TYPE_CHECKING, Any

from comfytape_contracts.lint.node_check import NodeCheck, Outcome
from comfytape_contracts.lint.problem import CRASH, INNER_CRASH, Judgement, Problem
from comfytape_contracts.lint.replacements import replacement_of
from comfytape_contracts.workflow.graph import title_of

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory
    from comfytape_contracts.lint.behaviour import Behaviour

__all__ = ["judge"]

_DEEPEST = 973
"""Nodes in a row, an output and what feeds it, that the server can check: it calls itself for each, and Python stops
it at a thousand calls, of which the web server takes some (run on 0.3.30, 0.3.64, 0.10.0, 0.33.0: 972 or 973)."""


def judge(graph: Any, inventory: Inventory, behaviour: Behaviour, targets: Any = None) -> Judgement:
    """Judge a workflow in API format.

    Args:
        graph: the workflow; anything JSON can say.
        inventory: what the server has.
        behaviour: how its release checks.
        targets: ``partial_execution_targets`` of the request, or None for every output node.
    """
    if not isinstance(graph, Mapping):
        return Judgement(status=500, error=None, problems=(Problem(rule="not-a-workflow", value=graph),))
    aim = targets if behaviour.takes_targets else None
    status, unusable = _unusable_nodes(graph, inventory, behaviour)
    refused = {problem.node_id for problem in unusable}
    usable = {key: node for key, node in graph.items() if key not in refused}
    outputs = [key for key in usable if _is_output(usable[key], inventory) and _is_target(key, aim)]
    walk = _Walk(graph, usable, inventory, behaviour)
    walk.check_all(outputs)
    found = sorted(walk.problems, key=_place(graph))
    if unusable:
        hidden = [problem.behind_another() for problem in found]
        both = sorted([*unusable, *hidden], key=_place(graph))
        error = behaviour.unknown_class if status == 400 else None
        return Judgement(status=status, error=error, problems=tuple(both), reached=frozenset(walk.outcomes))
    if not outputs:
        problem = Problem(rule="no-outputs", server_error="prompt_no_outputs", facts={"targets": targets})
        return Judgement(status=400, error="prompt_no_outputs", problems=(problem,))
    good = tuple(key for key in outputs if walk.outcomes[key] is Outcome.GOOD)
    return Judgement(
        status=200 if good else 400,
        error=None if good else "prompt_outputs_failed_validation",
        problems=tuple(found),
        good=good,
        dropped=tuple(key for key in outputs if key not in good),
        reached=frozenset(walk.outcomes),
    )


def _place(graph: Mapping[str, Any]) -> Any:
    order = {key: index for index, key in enumerate(graph)}
    return lambda problem: order.get(problem.node_id, -1)


def _is_output(node: Mapping[str, Any], inventory: Inventory) -> bool:
    node_class = inventory.get(node["class_type"])
    return node_class is not None and node_class.is_output


def _is_target(key: str, targets: Any) -> bool:
    return targets is None or (isinstance(targets, Collection) and key in targets)


def _unusable_nodes(graph: Mapping[str, Any], inventory: Inventory, behaviour: Behaviour) -> tuple[int, list[Problem]]:
    """Nodes over which the server refuses, or fails on, the whole document; the first decides which."""
    status = 400
    problems: list[Problem] = []
    for key, node in graph.items():
        problem = _unusable(key, node, inventory, behaviour)
        if problem is None:
            continue
        if not problems:
            status = 400 if problem.server_error else 500
        problems.append(problem)
    if status == 500:
        problems = [problem.behind_another() for problem in problems]
    return status, problems


def _unusable(key: str, node: Any, inventory: Inventory, behaviour: Behaviour) -> Problem | None:
    if not isinstance(node, Mapping):
        told = behaviour.unknown_class if _reads_as_classless(node, behaviour) else None
        return Problem(rule="malformed-node", node_id=key, server_error=told, value=node)
    told = behaviour.unknown_class if _title_is_readable(node, behaviour) else None
    if "class_type" not in node:
        return Problem(rule="missing-class-type", node_id=key, server_error=told, facts={"title": title_of(node)})
    class_type = node["class_type"]
    if isinstance(class_type, list | dict):
        return Problem(rule="malformed-node", node_id=key, value=class_type)
    if class_type not in inventory:
        if behaviour.replaces_classes and replacement_of(node, inventory):
            told = None
        return Problem(rule="unknown-class", node_id=key, server_error=told, value=class_type)
    if behaviour.replaces_classes and "inputs" in node and not isinstance(node["inputs"], Mapping):
        return Problem(rule="malformed-node", node_id=key, value=node["inputs"])
    return None


def _reads_as_classless(node: Any, behaviour: Behaviour) -> bool:
    """Before 0.12.0 a text or list in place of a node passed for a node without class_type."""
    readable = isinstance(node, str | list) and "class_type" not in node
    return readable and behaviour.unknown_class == "invalid_prompt"


def _title_is_readable(node: Mapping[str, Any], behaviour: Behaviour) -> bool:
    """Since 0.12.0 the refusal names the node's title, and a ``_meta`` that is no object makes the server fail."""
    return behaviour.unknown_class == "invalid_prompt" or isinstance(node.get("_meta", {}), Mapping)


class _Walk:
    """From each output node upstream, each node once, depth first, without recursion."""

    def __init__(
        self, graph: Mapping[str, Any], usable: Mapping[str, Any], inventory: Inventory, behaviour: Behaviour
    ) -> None:
        self._graph, self._usable = graph, usable
        self._inventory, self._behaviour = inventory, behaviour
        self._cyclic: set[str] = set()
        self.outcomes: dict[str, Outcome] = {}
        self.problems: list[Problem] = []

    def check_all(self, outputs: list[str]) -> None:
        for key in outputs:
            if key not in self.outcomes:
                self._check(key)

    def _check(self, root: str) -> None:
        stack: list[tuple[NodeCheck, Generator[str, Outcome, Outcome]]] = []
        visiting: dict[str, int] = {}
        answer: Outcome | None = None
        self._enter(root, stack, visiting)
        while stack:
            check, running = stack[-1]
            try:
                source = next(running) if answer is None else running.send(answer)
            except StopIteration as done:
                answer = self._leave(check, done.value)
                stack.pop()
                visiting.pop(check.node_id, None)
                continue
            answer = self._answer_for(source, check, stack, visiting)

    def _answer_for(self, source: str, check: NodeCheck, stack: list[Any], visiting: dict[str, int]) -> Outcome | None:
        if source in self.outcomes:
            return self.outcomes[source]
        if source not in self._usable:
            return Outcome.BAD
        if source in visiting:
            self._cycle(source, check, stack, visiting)
            return Outcome.BAD
        if len(stack) >= _DEEPEST:
            self.outcomes[source] = Outcome.CRASHED
            self.problems.append(Problem(rule="too-deep", node_id=source, server_error=INNER_CRASH))
            return Outcome.CRASHED
        self._enter(source, stack, visiting)
        return None

    def _enter(self, key: str, stack: list[Any], visiting: dict[str, int]) -> None:
        check = NodeCheck(
            graph=self._graph,
            inventory=self._inventory,
            behaviour=self._behaviour,
            node_id=key,
            crash_error=INNER_CRASH if stack else CRASH,
        )
        visiting[key] = len(stack)
        stack.append((check, check.run()))

    def _leave(self, check: NodeCheck, outcome: Outcome) -> Outcome:
        if check.node_id in self._cyclic and outcome is Outcome.GOOD:
            outcome = Outcome.BAD
        self.outcomes[check.node_id] = outcome
        self.problems.extend(check.problems)
        return outcome

    def _cycle(self, source: str, check: NodeCheck, stack: list[Any], visiting: dict[str, int]) -> None:
        """A link back to a node that is being checked.

        Since 0.20.0 each node of the cycle is refused. Before, the server recursed until Python stopped it and
        then dropped what hangs on the cycle without a word.
        """
        members = [entry[0].node_id for entry in stack[visiting[source] :]]
        named = members if self._behaviour.names_cycles else [check.node_id]
        for key in named:
            if key in self._cyclic:
                continue
            self._cyclic.add(key)
            error = "dependency_cycle" if self._behaviour.names_cycles else None
            self.problems.append(
                Problem(rule="dependency-cycle", node_id=key, server_error=error, facts={"members": members})
            )
            if self._behaviour.names_cycles:
                self.outcomes[key] = Outcome.BAD
