"""From a class's declared inputs to the sockets and widgets of a fresh node.

Sources: ComfyUI_frontend 1.36.14, src/services/litegraphService.ts (addInputs: all sockets first, then all
widgets, each with a socket of its own), src/scripts/widgets.ts and the composables it lists.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert import dynamic
from comfytape_contracts.convert.graph import Node, Slot
from comfytape_contracts.convert.javascript import UNDEFINED, to_number, to_text, truthy
from comfytape_contracts.convert.widget import Cell, FileCell, FixedCell, KeptTextCell, NumberRange, TextCell, Widget

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_contracts.convert.definition import InputSpec, NodeDefinition

__all__ = ["WIDGET_TYPES", "add_input", "add_widget", "build"]

_SAVING_CLASSES = frozenset(
    {
        "CLIPSave",
        "LoraSave",
        "ModelSave",
        "SaveAnimatedPNG",
        "SaveAnimatedWEBP",
        "SaveAudio",
        "SaveGLB",
        "SaveImage",
        "SaveLatent",
        "SaveVideo",
        "SaveWEBM",
        "VAESave",
    }
)
"""Classes whose ``filename_prefix`` may name other widgets (src/extensions/core/saveImageExtraOutput.ts)."""
_SEEDS = ("seed", "noise_seed")


def build(node: Node, definition: NodeDefinition) -> None:
    """Gives a fresh node the inputs, outputs and widgets of its class."""
    node.definition = definition
    for spec in definition.ordered:
        _add_socket(node, spec)
    for spec in definition.ordered:
        _add_widget_input(node, spec)
    node.outputs.extend(Slot(output.name, output.type) for output in definition.outputs)
    for widget in node.widgets:
        widget.dynamic = widget.dynamic or _resolves_choices(definition, widget)
    if definition.name == "PreviewAny":
        if not node.graph.modern:
            _add_previews(node)
    elif definition.name == "CustomCombo" and node.widgets:
        dynamic.start_options(node)
    elif definition.name in _SAVING_CLASSES:
        prefix = node.widget("filename_prefix")
        if prefix is not None:
            prefix.replaced = True
    if definition.name not in _SAVING_CLASSES:
        node.properties.setdefault("Node name for S&R", definition.name)


def add_input(node: Node, spec: InputSpec) -> None:
    """Adds one input with whatever it brings (addNodeInput)."""
    _add_socket(node, spec)
    _add_widget_input(node, spec)


def _has_control(spec: InputSpec) -> bool:
    """Whether a number has the widget that changes it after each run, and so a value more in the file."""
    control = spec.options.get("control_after_generate")
    return spec.name in _SEEDS if control is None else truthy(control)


def _add_socket(node: Node, spec: InputSpec) -> None:
    if spec.widget_type in WIDGET_TYPES and not spec.has("forceInput"):
        return
    if spec.type == "COMFY_AUTOGROW_V3":
        dynamic.start_autogrow(node, spec, add_input)
    elif spec.type == "COMFY_MATCHTYPE_V3":
        dynamic.start_matching(node, spec, add_input)
    else:
        node.inputs.append(Slot(spec.name, spec.type))


def _add_widget_input(node: Node, spec: InputSpec) -> None:
    if spec.widget_type not in WIDGET_TYPES or spec.has("forceInput"):
        return
    add_widget(node, spec, spec.name)
    node.inputs.append(Slot(spec.name, spec.type, widget=spec.name))


def add_widget(node: Node, spec: InputSpec, name: str) -> None:
    """Adds the widgets of one input, without a socket."""
    WIDGET_TYPES[spec.widget_type](node, spec, name)


def _add_int(node: Node, spec: InputSpec, name: str) -> None:
    default = spec.options.get("default")
    step = _number(spec, "step", 1.0)
    limits = NumberRange(_number(spec, "min", 0.0), _number(spec, "max", 2048.0), step or 1.0, whole=True)
    node.widgets.append(Widget(name, "number", Cell(0 if default is None else default), range=limits))
    if _has_control(spec):
        _add_control(node, spec, filtered=False)


def _add_float(node: Node, spec: InputSpec, name: str) -> None:
    default = spec.options.get("default")
    step = _number(spec, "step", 0.5)
    digits = max(0, -math.floor(math.log10(step))) if 0 < step < math.inf else 0
    grain = _number(spec, "round", 0.0)
    if not grain and digits:
        grain = 10.0**-digits
    limits = NumberRange(
        _number(spec, "min", 0.0), _number(spec, "max", 2048.0), step, whole=False, digits=digits, grain=grain
    )
    node.widgets.append(Widget(name, "number", Cell(0 if default is None else default), range=limits))
    if spec.has("control_after_generate"):
        _add_control(node, spec, filtered=False)


def _number(spec: InputSpec, option: str, default: float) -> float:
    value = spec.options.get(option)
    number = default if value is None else to_number(value)
    return default if math.isnan(number) else number


def _add_control(node: Node, spec: InputSpec, *, filtered: bool) -> None:
    """The widgets that choose the next value: in the file, never in the prompt."""
    control = spec.options.get("control_after_generate")
    prefix = spec.options.get("control_prefix")
    named = isinstance(prefix, str) and prefix
    name = f"{prefix} control_after_generate" if named else "control_after_generate"
    name = control if isinstance(control, str) and control else name
    node.widgets.append(Widget(name, "combo", Cell("randomize"), prompted=False))
    if filtered:
        label = f"{prefix} control_filter_list" if named else "control_filter_list"
        node.widgets.append(Widget(label, "string", Cell(""), prompted=False))


def _add_text(node: Node, spec: InputSpec, name: str) -> None:
    default = spec.options.get("default")
    default = "" if default is None else default
    if spec.has("multiline"):
        node.widgets.append(Widget(name, "customtext", _text_cell(node, default), shared=True))
    else:
        node.widgets.append(Widget(name, "text", Cell(default)))


def _text_cell(node: Node, value: Any) -> Cell:
    return KeptTextCell(value) if node.graph.modern else TextCell(value)


def _add_markdown(node: Node, spec: InputSpec, name: str) -> None:
    del spec  # the page's text area starts empty, whatever the default says
    node.widgets.append(Widget(name, "markdown", TextCell(), shared=True))


def _add_boolean(node: Node, spec: InputSpec, name: str) -> None:
    default = spec.options.get("default")
    node.widgets.append(Widget(name, "toggle", Cell(False if default is None else default)))


def _add_combo(node: Node, spec: InputSpec, name: str) -> None:
    if spec.has("multi_select"):
        node.widgets.append(Widget(name, "custom", Cell([]), shared=True))
        if spec.has("control_after_generate"):
            _add_control(node, spec, filtered=False)
        return
    default: Any = UNDEFINED
    if spec.has("default"):
        default = spec.options["default"]
    elif spec.choices:
        default = spec.choices[0]
    elif spec.has("remote"):
        default = "Loading..."
    node.widgets.append(Widget(name, "combo", Cell(default)))
    if spec.has("remote"):
        node.widgets.append(Widget("Auto-refresh after generation", "toggle", Cell(False), prompted=False))
        remote = spec.options["remote"]
        if isinstance(remote, dict) and truthy(remote.get("refresh_button")):
            node.widgets.append(Widget("refresh", "button", Cell("refresh")))
    if spec.has("control_after_generate"):
        _add_control(node, spec, filtered=True)


def _add_dynamic_combo(node: Node, spec: InputSpec, name: str) -> None:
    dynamic.start_combo(node, spec, name, add_input)


def _add_file_upload(node: Node, spec: InputSpec, name: str) -> None:
    target = node.widget(to_text(spec.options.get("imageInputName")))
    if target is not None:
        folder = spec.options.get("image_folder")
        target.cell = FileCell(
            target.value, folder="input" if folder is None else folder, batch=spec.has("allow_batch")
        )
    node.widgets.append(Widget(name, "button", Cell("image"), prompted=False))


def _add_audio_upload(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "button", Cell(""), prompted=False))


def _add_audio_player(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "audioui", FixedCell(""), saved=False, prompted=not node.graph.modern))


def _add_audio_recorder(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "audioui", FixedCell(""), rendered="recorded by the browser"))
    node.widgets.append(Widget(name, "button", Cell(""), prompted=False))


def _add_model_viewer(node: Node, spec: InputSpec, name: str) -> None:
    del spec, name  # always called "image"
    node.widgets.append(Widget("image", "load3d", FixedCell("")))


def _add_model_loader(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "load3d", FixedCell(""), rendered="a 3D view that the browser draws"))


def _add_webcam(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "webcam", FixedCell(""), rendered="a picture that the browser's camera takes"))


def _add_plain(kind: str, option: str, fallback: Any) -> Callable[[Node, InputSpec, str], None]:
    """Widgets whose default lies in ``options.options`` (COLOR, TEXTAREA, …)."""

    def add(node: Node, spec: InputSpec, name: str) -> None:
        nested = spec.options.get("options")
        default = nested.get(option) if isinstance(nested, dict) else None
        node.widgets.append(Widget(name, kind, Cell(default if truthy(default) else fallback)))

    return add


def _add_comparison(node: Node, spec: InputSpec, name: str) -> None:
    del spec
    node.widgets.append(Widget(name, "imagecompare", Cell(["", ""]), saved=not node.graph.modern))


def _add_object(kind: str, fallback: Any) -> Callable[[Node, InputSpec, str], None]:
    """Widgets of newer frontends whose value is an object or a list."""

    def add(node: Node, spec: InputSpec, name: str) -> None:
        default = spec.options.get("default")
        node.widgets.append(Widget(name, kind, Cell(fallback if default is None else default)))

    return add


def _add_box(node: Node, spec: InputSpec, name: str) -> None:
    """A box, and its four numbers, which are saved but not sent."""
    box = {"x": 0, "y": 0, "width": 512, "height": 512}
    _add_object("boundingbox", box)(node, spec, name)
    value = node.widgets[-1].value
    for side in box:
        number = value.get(side) if isinstance(value, dict) else None
        node.widgets.append(Widget(side, "number", Cell(number), prompted=False))


def _add_previews(node: Node) -> None:
    """The two read-only texts and the switch of "Preview as Text" (src/extensions/core/previewAny.ts)."""
    for kind in ("markdown", "customtext"):
        node.widgets.append(Widget("preview", kind, TextCell(), saved=False, shared=True))
    node.widgets.append(Widget("previewMode", "toggle", Cell(False)))


def _resolves_choices(definition: NodeDefinition, widget: Widget) -> bool:
    spec = definition.spec(widget.name)
    return spec is not None and spec.type == "STRING" and spec.options.get("dynamicPrompts") is True


WIDGET_TYPES: dict[str, Callable[[Node, InputSpec, str], None]] = {
    "AUDIOUPLOAD": _add_audio_upload,
    "AUDIO_RECORD": _add_audio_recorder,
    "AUDIO_UI": _add_audio_player,
    "BOOLEAN": _add_boolean,
    "BOUNDING_BOX": _add_box,
    "BOUNDING_BOXES": _add_object("boundingboxes", []),
    "CHART": _add_plain("chart", "data", {}),
    "COLOR": _add_plain("color", "default", "#000000"),
    "COLORS": _add_object("colors", []),
    "COMBO": _add_combo,
    "COMFY_DYNAMICCOMBO_V3": _add_dynamic_combo,
    "CURVE": _add_object("curve", {"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"}),
    "FLOAT": _add_float,
    "GALLERIA": _add_plain("galleria", "images", []),
    "IMAGECOMPARE": _add_comparison,
    "IMAGEUPLOAD": _add_file_upload,
    "INT": _add_int,
    "LOAD_3D": _add_model_loader,
    "MARKDOWN": _add_markdown,
    "PAINTER": _add_object("painter", ""),
    "PREVIEW_3D": _add_model_viewer,
    "RANGE": _add_object("range", {"min": 0, "max": 1}),
    "STRING": _add_text,
    "TEXTAREA": _add_plain("textarea", "default", ""),
    "WEBCAM": _add_webcam,
}
"""Input types that are shown as a widget; every other type is a socket only."""
