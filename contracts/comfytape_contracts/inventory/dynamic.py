"""Dynamic inputs of V3 nodes: which inputs a node really has depends on what the workflow gives it.

Semantics of ComfyUI comfy_api/latest/_io.py parse_class_inputs and the ``_expand_schema_for_dynamic`` of Autogrow,
DynamicCombo and DynamicSlot, 0.8.0 to 0.33.0. Before 0.10.0 an Autogrow only knew the inputs that were given.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory.spec import InputSpec

if TYPE_CHECKING:
    from comfytape_contracts.inventory.node_class import NodeClass

__all__ = ["AUTOGROW", "DYNAMIC_COMBO", "DYNAMIC_SLOT", "live_inputs", "unmade_choices"]

AUTOGROW = "COMFY_AUTOGROW_V3"
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
DYNAMIC_SLOT = "COMFY_DYNAMICSLOT_V3"

_Group = tuple[Mapping[str, Any], tuple[str, ...]]
"""Inputs by category, and the ids of the dynamic inputs around them."""


def live_inputs(node_class: NodeClass, given: Any, *, autogrow_required: bool = True) -> dict[str, InputSpec]:
    """The inputs that a node has, given what the workflow supplies, by full (dotted) name.

    Args:
        node_class: the class.
        given: the node's ``inputs``; anything that can be asked ``in`` and indexed by name.
        autogrow_required: False for ComfyUI before 0.10.0, which asked for no autogrow input that was not given.

    Raises:
        TypeError, KeyError, AttributeError, IndexError: the description, or ``given``, is not what it should be;
            the server fails on the same.
    """
    if not node_class.is_v3:
        return dict(node_class.inputs)
    found: dict[str, dict[str, InputSpec]] = {"required": {}, "optional": {}}
    groups = {key: value for key, value in node_class.input_groups.items() if key != "hidden"}
    todo: list[_Group] = [(groups, ())]
    while todo:
        group, prefix = todo.pop(0)
        for category, specs in group.items():
            for name, raw in specs.items():
                kind = raw[0]
                path = (*prefix, name)
                if kind == AUTOGROW:
                    _autogrow(found, given, raw, path, required=autogrow_required)
                elif kind in (DYNAMIC_COMBO, DYNAMIC_SLOT):
                    todo.extend(_chosen(found, given, raw, path, category))
                else:
                    _add(found, category, ".".join(path), raw)
    return {**found["optional"], **found["required"]}


def _autogrow(
    found: dict[str, dict[str, InputSpec]], given: Container[str], raw: Any, path: tuple[str, ...], *, required: bool
) -> None:
    template = raw[1]["template"]
    least = template["min"]
    names = template["names"] if "names" in template else [f"{template['prefix']}{i}" for i in range(template["max"])]
    inner, needed = _template_input(template["input"]) if required else (_last_of_all(template["input"]), True)
    for index, name in enumerate(names):
        full = ".".join((*path, name))
        category = "required" if index < least and needed else "optional"
        if required or full in given:
            _add(found, category, full, inner)


def _template_input(groups: Mapping[str, Mapping[str, Any]]) -> tuple[Any, bool]:
    for category, specs in groups.items():
        for raw in specs.values():
            return raw, category == "required"
    raise KeyError("template without input")


def _last_of_all(groups: Mapping[str, Mapping[str, Any]]) -> Any:
    """As before 0.10.0: each group must hold an input, which an optional template's empty ``required`` does not."""
    return [list(specs.values())[0] for specs in groups.values()][-1]  # noqa: RUF015 - raises IndexError as the server


def _chosen(
    found: dict[str, dict[str, InputSpec]], given: Any, raw: Any, path: tuple[str, ...], category: str
) -> Iterator[_Group]:
    full = ".".join(path)
    if full not in given:
        return
    if raw[0] == DYNAMIC_SLOT:
        inner = raw[1]["inputs"]
    else:
        chosen = [option["inputs"] for option in raw[1]["options"] if option["key"] == given[full]]
        if not chosen:
            return
        inner = chosen[0]
    _add(found, category, full, raw)
    yield inner, path


def _add(found: dict[str, dict[str, InputSpec]], category: str, name: str, raw: Any) -> None:
    found[category][name] = InputSpec(name, category, raw)


def unmade_choices(node_class: NodeClass, given: Any) -> list[InputSpec]:
    """Required dynamic combos, by full name, that the workflow leaves out or sets to something that is no option.

    Inputs inside a choice that was made are looked at too.

    Raises:
        TypeError, KeyError, AttributeError, IndexError: as ``live_inputs``.
    """
    if not node_class.is_v3:
        return []
    found: list[InputSpec] = []
    made: dict[str, dict[str, InputSpec]] = {"required": {}, "optional": {}}
    todo: list[_Group] = [(node_class.input_groups, ())]
    while todo:
        group, prefix = todo.pop(0)
        for name, raw in (group.get("required") or {}).items():
            if raw[0] != DYNAMIC_COMBO:
                continue
            if prefix and name in node_class.inputs:
                continue  # the node takes it beside the choice as well: SaveVideo.codec since 0.33.0
            path = (*prefix, name)
            inner = list(_chosen(made, given, raw, path, "required"))
            if not inner:
                found.append(InputSpec(".".join(path), "required", raw))
            todo.extend(inner)
    return found
