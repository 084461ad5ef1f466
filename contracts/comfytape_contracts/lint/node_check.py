"""Checking one node as the server does, input by input (ComfyUI execution.py validate_inputs)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import InputSpec, live_inputs
from comfytape_contracts.lint.odd_combos import UNCHECKED, oddity_of
from comfytape_contracts.lint.problem import Problem
from comfytape_contracts.lint.types import types_agree
from comfytape_contracts.lint.validators import Validator, validator_of
from comfytape_contracts.lint.values import check_value

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory, NodeClass
    from comfytape_contracts.lint.behaviour import Behaviour

__all__ = ["NodeCheck", "Outcome"]

_SERVER_FAILS = (AssertionError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What the server's own code raises on a malformed node, and catches as an exception during validation."""


class Outcome(Enum):
    """How a node came out of its check; a crash loses the server everything else about the node."""

    GOOD = "good"
    BAD = "bad"
    CRASHED = "crashed"


@dataclass(slots=True, kw_only=True)
class NodeCheck:
    """The check of one node. ``run`` is a generator, so that a chain of any length needs no recursion."""

    graph: Mapping[str, Any]
    inventory: Inventory
    behaviour: Behaviour
    node_id: str
    crash_error: str
    problems: list[Problem] = field(default_factory=list)
    crashed: bool = False
    _class: NodeClass | None = None
    _validator: Validator | None = None
    _received: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Generator[str, Outcome, Outcome]:
        """Yields the id of each node that feeds this one, takes its outcome, returns this node's own."""
        raw = self.graph[self.node_id]
        self._class = self.inventory.get(raw["class_type"])
        assert self._class is not None
        if "inputs" not in raw:
            self._crash("inputs-missing")
            return Outcome.CRASHED
        given = raw["inputs"]
        try:
            specs = live_inputs(self._class, given, autogrow_required=self.behaviour.autogrow_required)
        except _SERVER_FAILS:
            self._crash("check-fails" if isinstance(given, Mapping) else "inputs-missing", value=given)
            return Outcome.CRASHED
        self._validator = validator_of(self._class, self.behaviour.version)
        feeds_are_good = yield from self._check_inputs(specs, given)
        self._own_check(specs, given)
        if self.crashed:
            self._hide_the_rest()
            return Outcome.CRASHED
        refused = any(problem.server_error for problem in self.problems)
        return Outcome.GOOD if feeds_are_good and not refused else Outcome.BAD

    def _check_inputs(self, specs: Mapping[str, InputSpec], given: Any) -> Generator[str, Outcome, bool]:
        good = True
        for name, spec in specs.items():
            try:
                source = self._check_input(spec, given)
            except _SERVER_FAILS:
                self._crash("check-fails", name, spec=spec, value=_taken(given, name))
                continue
            if source is not None:
                good = (yield source) is Outcome.GOOD and good
        return good

    def _check_input(self, spec: InputSpec, given: Any) -> str | None:
        """Check one input; the id of the node it comes from, where the server would go on there."""
        name = spec.name
        if name not in given:
            if spec.category == "required":
                self._refuse("missing-required-input", "required_input_missing", spec)
            return None
        value = given[name]
        if isinstance(value, list):
            return self._check_link(spec, value)
        assert self._class is not None
        skip = self._validator is not None and self._validator.skips(name)
        problem = check_value(spec, value, self.behaviour, skip_limits=skip, oddity=oddity_of(self._class, spec))
        if problem is not None:
            self._add(problem)
        return None

    def _check_link(self, spec: InputSpec, value: list[Any]) -> str | None:
        if len(value) != 2:
            self._refuse("malformed-link", "bad_linked_input", spec, value=value)
            return None
        source, slot = value
        if not isinstance(source, str) or source not in self.graph:
            self._crash("dangling-link", spec.name, spec=spec, value=value)
            return None
        source_class = self._class_of(source)
        if source_class is None or source_class.outputs is None:
            return source
        try:
            received = source_class.outputs[slot]
        except (IndexError, TypeError):
            facts = {"outputs": source_class.outputs, "source_class": source_class.name}
            self._crash("bad-link-slot", spec.name, spec=spec, value=value, facts=facts)
            return None
        self._received[spec.name] = received
        if not self._fits(received, spec):
            facts = {"received": received, "source_class": source_class.name}
            self._refuse("link-type-mismatch", "return_type_mismatch", spec, value=value, facts=facts)
            return None
        return source

    def _class_of(self, node_id: str) -> NodeClass | None:
        node = self.graph[node_id]
        return self.inventory.get(node.get("class_type")) if isinstance(node, Mapping) else None

    def _fits(self, received: Any, spec: InputSpec) -> bool:
        if self._validator is not None and self._validator.checks_link_types:
            return True
        assert self._class is not None
        if isinstance(received, list) and oddity_of(self._class, spec) == UNCHECKED:
            return False
        return types_agree(received, spec.raw[0], self.behaviour)

    def _own_check(self, specs: Mapping[str, InputSpec], given: Any) -> None:
        if self._validator is None:
            return
        try:
            for problem in self._validator.judge(specs, given, self._received, self.inventory):
                self._add(problem)
        except _SERVER_FAILS:
            self._crash("check-fails", self._validator.entry.get("subject"))

    def _refuse(self, rule: str, server_error: str, spec: InputSpec, **more: Any) -> None:
        self._add(Problem(rule=rule, input=spec.name, server_error=server_error, spec=spec, **more))

    def _add(self, problem: Problem) -> None:
        self.problems.append(replace(problem, node_id=self.node_id))

    def _crash(self, rule: str, name: str | None = None, **more: Any) -> None:
        self.crashed = True
        self._add(Problem(rule=rule, input=name, server_error=self.crash_error, **more))

    def _hide_the_rest(self) -> None:
        self.problems = [
            problem if problem.server_error == self.crash_error else problem.behind_another()
            for problem in self.problems
        ]


def _taken(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, Mapping) else given
