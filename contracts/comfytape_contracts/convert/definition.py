"""Node definitions as the frontend sees them: the inventory plus what the frontend's own extensions add.

Sources: ComfyUI_frontend 1.36.14, src/schemas/nodeDef/migration.ts (the flattening), src/stores/nodeDefStore.ts
(``defaultInput``), src/workbench/utils/nodeDefOrderingUtil.ts (``input_order``), src/extensions/core/uploadAudio.ts,
uploadImage.ts, load3d.ts and saveMesh.ts (inputs that exist in the browser only).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from comfytape_contracts.convert.javascript import ordered_keys, to_text, truthy

__all__ = ["InputSpec", "NodeDefinition", "OutputSpec", "read_definition", "read_spec"]

_AUDIO_CLASSES = frozenset(
    {"LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced"}
)
_MESH_CLASSES = frozenset({"Preview3D", "SaveGLB"})
_UPLOADS = ("image_upload", "video_upload", "animated_image_upload")


@dataclass(frozen=True)
class InputSpec:
    """One declared input. ``choices`` is the combo's list; ``options`` everything else the class said."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Any, ...] = ()
    optional: bool = False

    def has(self, option: str) -> bool:
        """Whether an option is set, in JavaScript's sense."""
        return truthy(self.options.get(option))

    @property
    def widget_type(self) -> str:
        """The type that decides which widget it gets (``widgetType`` on multi-type inputs)."""
        given = self.options.get("widgetType")
        return given if isinstance(given, str) and given else self.type


@dataclass(frozen=True)
class OutputSpec:
    """One output slot."""

    name: str
    type: Any


@dataclass(frozen=True)
class NodeDefinition:
    """A class of the inventory. ``declared`` is in the order of declaration, ``ordered`` in that of ``input_order``."""

    name: str
    title: str
    declared: tuple[InputSpec, ...]
    ordered: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    match_groups: tuple[Any, ...] = ()

    def spec(self, name: str) -> InputSpec | None:
        """The declared input of that name."""
        return next((spec for spec in self.declared if spec.name == name), None)


def read_spec(name: str, raw: Any, *, optional: bool = False) -> InputSpec:
    """One entry of ``input.required`` or ``.optional``: ``[type]``, ``[type, options]``, ``[[choices], options]``."""
    parts = raw if isinstance(raw, list | tuple) else [raw]
    kind = parts[0] if parts else None
    options = parts[1] if len(parts) > 1 and isinstance(parts[1], Mapping) else {}
    if isinstance(kind, list | tuple):
        return InputSpec(name, "COMBO", options, tuple(kind), optional)
    if kind == "COMBO":
        choices = options.get("options")
        return InputSpec(name, "COMBO", options, tuple(choices) if isinstance(choices, list) else (), optional)
    return InputSpec(name, kind if isinstance(kind, str) else "UNKNOWN", options, (), optional)


def read_definition(name: str, info: Mapping[str, Any]) -> NodeDefinition:
    """One class of a parsed ``/object_info``. Tolerant: what is not of the expected form counts as absent."""
    inputs = _mapping(info.get("input"))
    required = dict(_mapping(inputs.get("required")))
    optional = _mapping(inputs.get("optional"))
    _add_browser_inputs(name, required)
    specs = {key: read_spec(key, required[key]) for key in ordered_keys(required)}
    for key in ordered_keys(optional):
        spec = read_spec(key, optional[key], optional=True)
        if spec.has("defaultInput"):
            spec = InputSpec(key, spec.type, {**spec.options, "forceInput": True}, spec.choices, optional=True)
        specs[key] = spec
    display = info.get("display_name")
    return NodeDefinition(
        name=name,
        title=display if isinstance(display, str) and display else name,
        declared=tuple(specs.values()),
        ordered=_ordered(specs, info.get("input_order")),
        outputs=_outputs(info),
        match_groups=tuple(_sequence(info.get("output_matchtypes"))),
    )


def _add_browser_inputs(name: str, required: dict[str, Any]) -> None:
    if name in _AUDIO_CLASSES:
        required["audioUI"] = ["AUDIO_UI", {}]
    if name in _MESH_CLASSES:
        required["image"] = ["PREVIEW_3D"]
    audio = required.get("audio")
    if audio is not None and read_spec("audio", audio).options.get("audio_upload") is True:
        required["upload"] = ["AUDIOUPLOAD", {}]
    for key in ordered_keys(required):
        spec = read_spec(key, required[key])
        if spec.type == "COMBO" and any(spec.options.get(option) is True for option in _UPLOADS):
            required["upload"] = ["IMAGEUPLOAD", {**spec.options, "imageInputName": key}]
            break


def _ordered(specs: dict[str, InputSpec], order: Any) -> tuple[InputSpec, ...]:
    if not isinstance(order, Mapping):
        return tuple(specs.values())
    chosen: list[InputSpec] = []
    for group, optional in (("required", False), ("optional", True)):
        for name in _sequence(order.get(group)):
            spec = specs.get(name) if isinstance(name, str) else None
            if spec is not None and spec.optional is optional:
                chosen.append(spec)
    named = {spec.name for spec in chosen}
    return (*chosen, *(spec for spec in specs.values() if spec.name not in named))


def _outputs(info: Mapping[str, Any]) -> tuple[OutputSpec, ...]:
    names = _sequence(info.get("output_name"))
    outputs = []
    for index, kind in enumerate(_sequence(info.get("output"))):
        name = names[index] if index < len(names) else None
        shown = "*" if kind == "COMFY_MATCHTYPE_V3" else "COMBO" if isinstance(kind, list) else kind
        outputs.append(OutputSpec(to_text(name) if truthy(name) else f"output_{index}", shown))
    return tuple(outputs)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
