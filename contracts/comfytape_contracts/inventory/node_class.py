"""One node class of an inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from comfytape_contracts.inventory.spec import InputSpec

__all__ = ["CORE", "NodeClass", "pack_of"]

CORE = "ComfyUI"
"""The name under which classes of ComfyUI itself are reported."""

_V3_KEYS = ("output_tooltips", "deprecated", "experimental", "api_node")
"""V3 nodes always state these, V1 nodes only what is true (ComfyUI server.py node_info, _io.py NodeInfoV1)."""


def pack_of(module: Any) -> str | None:
    """The pack that a ``python_module`` belongs to: ``custom_nodes.RES4LYF`` is RES4LYF, ``nodes`` is ComfyUI."""
    if not isinstance(module, str) or not module:
        return None
    parts = module.split(".")
    if parts[0] == "custom_nodes" and len(parts) > 1:
        return ".".join(parts[1:])
    return CORE if parts[0] in ("nodes", "comfy_extras", "comfy_api_nodes") else parts[0]


@dataclass(frozen=True)
class NodeClass:
    """A class by name with its raw ``/object_info`` entry, read leniently."""

    name: str
    raw: Mapping[str, Any]

    @property
    def is_v3(self) -> bool:
        """Whether the class is written against ComfyUI's V3 schema; only those have dynamic inputs."""
        return all(key in self.raw for key in _V3_KEYS)

    @property
    def is_output(self) -> bool:
        """Whether ``POST /prompt`` starts from this node."""
        return self.raw.get("output_node") is True

    @property
    def pack(self) -> str | None:
        """The pack that provides it, ``ComfyUI`` for the core, None where the inventory does not say."""
        return pack_of(self.raw.get("python_module"))

    @property
    def outputs(self) -> list[Any] | None:
        """Output types by slot (a list stands for a combo's options), or None where unreadable."""
        outputs = self.raw.get("output")
        return outputs if isinstance(outputs, list) else None

    @property
    def input_groups(self) -> Mapping[str, Any]:
        """The raw ``input`` object: required, optional, hidden."""
        groups = self.raw.get("input")
        return groups if isinstance(groups, Mapping) else {}

    def specs(self, *categories: str) -> Iterator[InputSpec]:
        """The inputs of the given categories, by default required and optional, in their order."""
        for category in categories or ("required", "optional"):
            group = self.input_groups.get(category)
            for name, raw in group.items() if isinstance(group, Mapping) else ():
                yield InputSpec(str(name), category, raw)

    @cached_property
    def inputs(self) -> Mapping[str, InputSpec]:
        """Required and optional inputs by name; a name in both is required."""
        found: dict[str, InputSpec] = {}
        for spec in self.specs():
            found.setdefault(spec.name, spec)
        return found

    @cached_property
    def hidden(self) -> frozenset[str]:
        """Names that the server fills in itself."""
        return frozenset(spec.name for spec in self.specs("hidden"))
