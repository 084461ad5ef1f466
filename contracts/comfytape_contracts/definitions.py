"""A fingerprint for each node pack over its node definitions: what stands in for a version where nobody tells one."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory import CORE, NodeClass
from comfytape_contracts.inventory.canonical import is_blank, is_number, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.inventory import InputSpec

__all__ = ["definitions_of"]

WORDS = frozenset({
    "tooltip", "display_name", "placeholder", "display", "advanced", "image_upload", "video_upload", "file_upload",
    "audio_upload",
})  # fmt: skip
"""Options of an input that change nothing of what a prompt may say."""


ABOUT_FILES = re.compile("ckpt|checkpoint|clip|vae|lora|unet|model|net|encoder|embedding|file|image|video|audio")
"""Names of inputs that list files. Beside them a list may hold names of its own (``.none``, ``taesd``), so that by its
options alone it cannot be told from others on a server without files."""


def definitions_of(inventory: Mapping[str, Any]) -> dict[str, str]:
    """``sha256:…`` by pack, the core left out, over the classes of a whole ``/object_info``.

    It covers names of classes, inputs with their types, limits, defaults and options, and outputs. It leaves out texts
    for people, the order of inputs, lists of files (they are the server's content), and the two ways of writing the
    same thing that ComfyUI has had (V1 and V3 nodes).
    """
    packs: dict[str, dict[str, Any]] = {}
    for name, raw in inventory.items():
        node = NodeClass(name, raw) if isinstance(raw, dict) else None
        if node is not None and node.pack not in (None, CORE):
            packs.setdefault(str(node.pack), {})[name] = definition(node)
    return {pack: digest(classes) for pack, classes in sorted(packs.items())}


def digest(value: Any) -> str:
    """Of a canonical JSON text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def definition(node: NodeClass) -> dict[str, Any]:
    """What a prompt depends on of one class."""
    return {
        "inputs": {spec.name: [spec.category, *one_input(spec)] for spec in node.specs()},
        "outputs": [canonical(output) for output in node.outputs or []],
        "lists": canonical(node.raw.get("output_is_list")),
        "output_node": node.is_output,
    }


def one_input(spec: InputSpec) -> list[Any]:
    """Type, options of a combo in alphabetical order, and limits."""
    left = {k: canonical(v) for k, v in spec.options.items() if k not in WORDS and k != "options" and not is_blank(v)}
    if spec.choices is None:
        return [spec.type_name, canonical(left)]
    if spec.is_file or not spec.choices or ABOUT_FILES.search(spec.name):
        # An empty list is one of files, too: those of a folder in which nothing lies.
        return ["COMBO", "files"]
    return ["COMBO", sorted(json.dumps(canonical(c), sort_keys=True) for c in spec.choices), canonical(left)]


def canonical(value: Any) -> Any:
    """The same for 8 and 8.0, for null, false and nothing, at every depth that JSON reaches."""
    if is_number(value):
        return number(value)
    if is_blank(value):
        return None
    if isinstance(value, dict):
        return {str(key): canonical(each) for key, each in value.items() if not is_blank(each)}
    if isinstance(value, list):
        return [canonical(each) for each in value]
    return value
