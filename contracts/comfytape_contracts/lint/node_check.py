"""Checking one node as the server does, input by input (ComfyUI execution.py validate_inputs)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import InputSpec, live_inputs
from comfytape_contracts.lint.problem import Problem
from comfytape_contracts.lint.types import types_agree
from comfytape_contracts.lint.validators import Validator, validator_of
from comfytape_contracts.lint.values import check_value

if TYPE_CHECKING:
    from comfytape_contracts.inventory import Inventory
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

    def run(self) -> Generator[str, Outcome, Outcome]:
        """Yields the id of each node that feeds this one, takes its outcome, returns this node's own."""
        raw = self.graph[self.node_id]
        node_class = self.inventory.get(raw["class_type"])
        if node_class is None:
            return Outcome.BAD
        if "inputs" not in raw:
            self._crash("inputs-missing")
            return Outcome.CRASHED
        given = raw["inputs"]
        try:
            specs = live_inputs(node_class, given, autogrow_required=self.behaviour.autogrow_required)
        except _SERVER_FAILS:
            self._crash("inputs-missing", value=given)
            return Outcome.CRASHED
        validator = validator_of(node_class, self.behaviour.version)
        feeds_are_good = yield from self._check_inputs(specs, given, validator)
        self._own_check(validator, specs, given)
        if self.crashed:
            self._hide_the_rest()
            return Outcome.CRASHED
        refused = any(problem.server_error for problem in self.problems)
        return Outcome.GOOD if feeds_are_good and not refused else Outcome.BAD

    def _check_inputs(
        self, specs: Mapping[str, InputSpec], given: Any, validator: Validator | None
    ) -> Generator[str, Outcome, bool]:
        good = True
        for name, spec in specs.items():
            try:
                source = self._check_input(spec, given, validator)
            except _SERVER_FAILS:
                self._crash("check-fails", name, spec=spec, value=_taken(given, name))
                continue
            if source is not None:
                good = (yield source) is Outcome.GOOD and good
        return good

    def _check_input(self, spec: InputSpec, given: Any, validator: Validator | None) -> str | None:
        """Check one input; the id of the node it comes from, where the server would go on there."""
        name = spec.name
        if name not in given:
            if spec.category == "required":
                self._add(
                    Problem(rule="missing-required-input", input=name, server_error="required_input_missing", spec=spec)
                )
            return None
        value = given[name]
        if isinstance(value, list):
            return self._check_link(spec, value, validator)
        skip = validator is not None and validator.skips(name)
        problem = check_value(spec, value, self.behaviour, skip_limits=skip)
        if problem is not None:
            self._add(problem)
        return None

    def _check_link(self, spec: InputSpec, value: list[Any], validator: Validator | None) -> str | None:
        if len(value) != 2:
            self._add(
                Problem(rule="malformed-link", input=spec.name, server_error="bad_linked_input", spec=spec, value=value)
            )
            return None
        source, slot = value
        if not isinstance(source, str) or source not in self.graph:
            self._crash("dangling-link", spec.name, spec=spec, value=value)
            return None
        source_class = self.inventory.get(self.graph[source]["class_type"])
        if source_class is None:
            return None
        outputs = source_class.outputs
        if outputs is None:
            return source
        try:
            received = outputs[slot]
        except (IndexError, TypeError):
            facts = {"outputs": outputs, "source_class": source_class.name}
            self._crash("bad-link-slot", spec.name, spec=spec, value=value, facts=facts)
            return None
        trusts = validator is not None and validator.checks_link_types
        if not trusts and not types_agree(received, spec.raw[0], self.behaviour):
            facts = {"received": received, "source_class": source_class.name}
            self._add(
                Problem(
                    rule="link-type-mismatch",
                    input=spec.name,
                    server_error="return_type_mismatch",
                    spec=spec,
                    value=value,
                    facts=facts,
                )
            )
            return None
        return source

    def _own_check(self, validator: Validator | None, specs: Mapping[str, InputSpec], given: Any) -> None:
        if validator is None:
            return
        try:
            for problem in validator.judge(specs, given):
                self._add(problem)
        except TypeError:
            self._crash("check-fails", validator.subject or None)

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
