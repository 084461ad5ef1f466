"""A change record: one difference between two inventories, before anything is said about how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ChangeRecord"]


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change.

    Attributes:
        rule: id of the rule that names this kind of change.
        path: where: ``(class,)``, ``(class, "input", name, aspect…)``, ``(class, "output", slot, aspect…)``, or
            whatever else leads to the thing, outermost first. Inputs inside dynamic ones have dotted names.
        old: what was there, None where nothing was. JSON values.
        new: what is there now, None where nothing is.
        pack: who provides the thing (``ComfyUI`` for the core), None where unknown.
        cause: the pack that brought the change about, where it is another one than ``pack``.
    """

    rule: str
    path: tuple[str, ...]
    old: Any = None
    new: Any = None
    pack: str | None = None
    cause: str | None = None

    @property
    def class_type(self) -> str | None:
        """The node class, None for a change that is not about one."""
        return self.path[0] if self.path else None

    @property
    def input(self) -> str | None:
        """The input's full name, or None."""
        return self.path[2] if len(self.path) > 2 and self.path[1] == "input" else None

    @property
    def slot(self) -> int | None:
        """The output slot (in the inventory before, where it was there), or None."""
        return int(self.path[2]) if len(self.path) > 2 and self.path[1] == "output" else None
