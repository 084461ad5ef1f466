"""Classes that check their own inputs, which ``/object_info`` does not show: kept as knowledge, class by class.

A class with ``VALIDATE_INPUTS`` (V1) or ``validate_inputs`` (V3) is asked about the inputs it names as parameters,
and the server's own range and option checks do not apply to those (ComfyUI execution.py validate_inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import by_class
from comfytape_contracts.lint.own_checks import OWN_CHECKS, Asked, Refusal
from comfytape_contracts.lint.problem import Problem
from comfytape_contracts.lint.values import converted, unwrapped
from comfytape_contracts.workflow import is_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.inventory import InputSpec, Inventory, NodeClass, Version

__all__ = ["Validator", "validator_of"]

_LINK_TYPES = "input_types"
"""The parameter by which a class asks for the types of its links, to judge them itself."""


@dataclass(frozen=True, slots=True)
class Validator:
    """What is known about a class's own check: an entry of ``knowledge/validators.json``."""

    entry: Mapping[str, Any]

    def skips(self, name: str) -> bool:
        """Whether the class takes over the range and options of this input."""
        return bool(self.entry.get("takes_all")) or name in self.entry["parameters"]

    @property
    def checks_link_types(self) -> bool:
        """Whether the class judges the types of its links itself."""
        return _LINK_TYPES in self.entry["parameters"]

    def judge(
        self, specs: Mapping[str, InputSpec], given: Any, received: Mapping[str, Any], inventory: Inventory
    ) -> Iterator[Problem]:
        """What the class's own check says.

        Args:
            specs: the node's inputs.
            given: what the workflow has for them.
            received: types of the linked outputs, by input.
            inventory: what else the server has.

        Raises:
            TypeError, KeyError, AttributeError, ValueError: the check itself raises on this, and the server with it.
        """
        values = {name: _seen(spec, given[name]) for name, spec in specs.items() if name in given and self.skips(name)}
        missing = set(self.entry["needed"]) - set(values) - {_LINK_TYPES}
        if missing:
            raise TypeError(f"the check lacks {sorted(missing)}")
        subject = self.entry.get("subject", "")
        asked = Asked(self.entry, subject, specs.get(subject), values, received, inventory)
        verdict = OWN_CHECKS[self.entry["kind"]](asked)
        if verdict is Refusal.UNSURE:
            yield Problem(rule="file-not-listed", input=subject, spec=specs.get(subject), value=values.get(subject))
        elif verdict is Refusal.YES:
            for name in [*values, _LINK_TYPES] if self.checks_link_types else values:
                yield Problem(
                    rule="own-check-failed",
                    input=name,
                    server_error="custom_validation_failed",
                    spec=specs.get(name),
                    value=values.get(name),
                )


def validator_of(node_class: NodeClass, version: Version) -> Validator | None:
    """What is known of a class's own check at a release, or None."""
    for entry in by_class("validators").get(node_class.name, ()):
        holds = tuple(entry.get("since", (0, 0, 0))) <= version < tuple(entry.get("until", (999, 0, 0)))
        if holds and entry["pack"] == node_class.pack:
            return Validator(entry)
    return None


def _seen(spec: InputSpec, value: Any) -> Any:
    """The value as the class's check is given it: converted, and None for what another node will deliver."""
    if is_link(value):
        return None
    try:
        return converted(spec.type, unwrapped(value))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return unwrapped(value)
