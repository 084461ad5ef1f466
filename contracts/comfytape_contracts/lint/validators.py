"""Classes that check their own inputs, which ``/object_info`` does not show: kept as knowledge, class by class.

A class with ``VALIDATE_INPUTS`` (V1) or ``validate_inputs`` (V3) is asked about the inputs it names as parameters,
and the server's own range and option checks do not apply to those (ComfyUI execution.py validate_inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import load
from comfytape_contracts.lint.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_contracts.inventory import InputSpec, NodeClass, Version

__all__ = ["Validator", "validator_of"]

_FAILED = "custom_validation_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """What is known about a class's own check.

    Attributes:
        parameters: inputs it takes over.
        needed: parameters without a default: left out, the check itself raises.
        takes_all: it takes over every input.
        kind: ``file`` (a file of the input folder must exist), ``one-of`` (one of ``parameters[1:]`` must be given),
            ``types`` (it checks the types of links itself), ``accepts`` (always content), ``unknown``.
        subject: the input that ``file`` looks at.
    """

    parameters: frozenset[str]
    needed: frozenset[str]
    takes_all: bool
    kind: str
    subject: str = ""
    blank: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    def skips(self, name: str) -> bool:
        """Whether range and options are not checked for this input."""
        return self.takes_all or name in self.parameters

    @property
    def checks_link_types(self) -> bool:
        """Whether the class judges the types of its links itself."""
        return "input_types" in self.parameters

    def judge(self, specs: Mapping[str, InputSpec], given: Any) -> Iterable[Problem]:
        """What the class's own check says.

        Raises:
            TypeError: the check itself raises on this, and the server with it.
        """
        asked = [name for name in specs if name in given and self.skips(name)]
        if not self.needed <= {*asked, "input_types"}:
            raise TypeError("the check lacks an argument")
        if self.kind == "file":
            return self._judge_file(asked, specs, given)
        if self.kind == "one-of" and not any(name in given for name in self.either):
            return [_failed(name, specs[name], given[name]) for name in asked]
        return ()

    def _judge_file(self, asked: list[str], specs: Mapping[str, InputSpec], given: Any) -> Iterable[Problem]:
        if self.subject not in asked:
            return ()
        spec, value = specs[self.subject], given[self.subject]
        if isinstance(value, list) and len(value) == 2:
            value = None  # the check sees None for what another node will deliver
        if value in self.blank:
            return ()
        if not isinstance(value, str):
            raise TypeError("the check expects a file name")
        if value in (spec.choices or ()):
            return ()
        if value in ("", ".", "..") or any(mark in value for mark in ("/", "\\", "[")):
            return [Problem(rule="file-not-listed", input=self.subject, spec=spec, value=value)]
        return [_failed(name, specs[name], given[name]) for name in asked]


def _failed(name: str, spec: InputSpec, value: Any) -> Problem:
    return Problem(rule="own-check-failed", input=name, server_error=_FAILED, spec=spec, value=value)


def validator_of(node_class: NodeClass, version: Version) -> Validator | None:
    """What is known of a class's own check at a release, or None."""
    for entry in _known().get(node_class.name, ()):
        holds = tuple(entry.get("since", (0, 0, 0))) <= version < tuple(entry.get("until", (999, 0, 0)))
        if holds and entry["pack"] == node_class.pack:
            return _validator(entry)
    return None


def _validator(entry: Mapping[str, Any]) -> Validator:
    return Validator(
        parameters=frozenset(entry["parameters"]),
        needed=frozenset(entry["needed"]),
        takes_all=entry.get("takes_all", False),
        kind=entry["kind"],
        subject=entry.get("subject", ""),
        blank=tuple(entry.get("blank", ())),
        either=tuple(entry.get("either", ())),
    )


@cache
def _known() -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in load("validators")["classes"]:
        found.setdefault(entry["class"], []).append(entry)
    return found
