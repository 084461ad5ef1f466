"""What checking one workflow found, before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.inventory import InputSpec

__all__ = ["CRASH", "INNER_CRASH", "Judgement", "Problem"]

CRASH = "exception_during_validation"
"""Error type where checking an output node itself raised."""
INNER_CRASH = "exception_during_inner_validation"
"""Error type where checking a node upstream of an output raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem at one place.

    Attributes:
        rule: id of the rule that names it.
        node_id, input: the place; None where it is the workflow as a whole.
        server_error: the error type that ``POST /prompt`` answers with, None where it says nothing about this.
        masked: the server would answer with ``server_error`` but stops at something else before it gets here.
        spec: the input's description.
        value: what the workflow has there.
        facts: anything more that the words need.
    """

    rule: str
    node_id: str | None = None
    input: str | None = None
    server_error: str | None = None
    masked: bool = False
    spec: InputSpec | None = None
    value: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def behind_another(self) -> Problem:
        """The same problem, hidden from the server by another."""
        return replace(self, masked=True, server_error=None) if self.server_error else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What ``POST /prompt`` answers.

    Attributes:
        status: 200, 400, or 500 where the server itself fails on the document.
        error: type of the top-level error, None at 200 and 500.
        problems: all that was found, in the order of the workflow.
        good: output nodes that would run.
        dropped: output nodes that would not.
        reached: nodes that were checked, each upstream of some output.
    """

    status: int
    error: str | None
    problems: tuple[Problem, ...]
    good: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    reached: frozenset[str] = frozenset()
