"""A whole inventory: ``/object_info`` parsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory.node_class import NodeClass

if TYPE_CHECKING:
    from comfytape_contracts.inventory.spec import InputSpec

__all__ = ["Inventory"]


class Inventory:
    """Node classes by name. Entries that are no objects are left out; reading never raises."""

    def __init__(self, raw: Any) -> None:
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        self._classes: dict[str, NodeClass] = {}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and isinstance(self.raw.get(name), Mapping)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[NodeClass]:
        for name in self.raw:
            found = self.get(name)
            if found is not None:
                yield found

    def get(self, name: object) -> NodeClass | None:
        """A class by name, or None."""
        if not isinstance(name, str):
            return None
        found = self._classes.get(name)
        if found is None and name in self:
            found = self._classes[name] = NodeClass(name, self.raw[name])
        return found

    @cached_property
    def packs(self) -> Mapping[str, tuple[str, ...]]:
        """Class names by the pack that provides them, unknown packs left out."""
        packs: dict[str, list[str]] = defaultdict(list)
        for node_class in self:
            if node_class.pack is not None:
                packs[node_class.pack].append(node_class.name)
        return {pack: tuple(names) for pack, names in packs.items()}

    @cached_property
    def produced_types(self) -> frozenset[str]:
        """Every single type that some output delivers; ``*`` and unions left out."""
        return frozenset(
            kind
            for node_class in self
            for kind in node_class.outputs or ()
            if isinstance(kind, str) and kind != "*" and "," not in kind
        )

    @property
    def input_files(self) -> list[Any] | None:
        """Files of the server's input folder, as LoadImage lists them; None where that class is not there."""
        loader = self.get("LoadImage")
        spec = loader.inputs.get("image") if loader is not None else None
        return spec.choices if spec is not None else None

    @cached_property
    def has_backslashes(self) -> bool:
        """Whether some file is listed with a backslash: the server then runs on Windows."""
        return any("\\" in file for files in self.file_lists.values() for file in files)

    @cached_property
    def file_lists(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Every list of files that some input offers, by class and input: where a file could be loaded instead."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        for node_class in self:
            for spec in node_class.specs():
                if spec.is_file:
                    found[node_class.name, spec.name] = _texts(spec)
        return found


def _texts(spec: InputSpec) -> tuple[str, ...]:
    return tuple(choice for choice in spec.choices or () if isinstance(choice, str))
