"""What the given workflows use: classes, inputs, output slots. Built once, asked for every change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.drift.change import ChangeRecord

__all__ = ["Usage", "Use"]


@dataclass(frozen=True, slots=True)
class Use:
    """A place that uses something: the node and, where it is about one, the input."""

    node_id: str
    class_type: str
    title: str | None = None
    input: str | None = None

    @property
    def place(self) -> str:
        """The place in words."""
        name = f" ‘{self.title}’" if self.title else ""
        return f"node {self.node_id}{name}" + (f", {self.input}" if self.input else "")


class Usage:
    """What one workflow uses."""

    def __init__(self, graph: Mapping[str, Any]) -> None:
        self._classes: dict[str, list[Use]] = defaultdict(list)
        self._inputs: dict[tuple[str, str], list[Use]] = defaultdict(list)
        self._slots: dict[tuple[str, int], list[Use]] = defaultdict(list)
        nodes = Workflow.from_graph(graph).nodes
        for node in nodes.values():
            self._classes[node.class_type].append(Use(node.id, node.class_type, node.title))
            for name in node.inputs:
                self._inputs[node.class_type, str(name)].append(Use(node.id, node.class_type, node.title, str(name)))
            for name, link in node.links():
                source = nodes.get(link.source)
                if source is not None and isinstance(link.slot, int):
                    use = Use(node.id, node.class_type, node.title, name)
                    self._slots[source.class_type, link.slot].append(use)

    def of(self, record: ChangeRecord) -> list[Use]:
        """The places that use what a record is about; empty where none does.

        An input is used where the workflow supplies it, one that is new wherever its class is; an output where its
        slot is linked; a pack where any of its classes is; anything else where the class is.
        """
        if record.path[0] in ("pack", "*") and len(record.path) == 2:
            return [use for name in _classes_of(record) for use in self._classes.get(name, ())]
        class_type = record.class_type or ""
        if record.slot is not None and record.rule != "output-added":
            return self._slots.get((class_type, record.slot), [])
        if record.input is not None and record.old is not None:
            return self._inputs.get((class_type, record.input), [])
        if record.input is not None and record.rule not in _NEW_INPUTS:
            return self._inputs.get((class_type, record.input), [])
        return self._classes.get(class_type, [])


_NEW_INPUTS = ("required-input-added", "optional-input-added", "hidden-input-added")


def _classes_of(record: ChangeRecord) -> list[str]:
    names = record.old["classes"] if isinstance(record.old, dict) else record.old or record.new
    return names if isinstance(names, list) else []
