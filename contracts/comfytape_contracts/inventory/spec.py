"""One input of a node class, as ``/object_info`` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["MODEL_SUFFIXES", "InputSpec"]

MODEL_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".sft", ".pkl", ".onnx")
"""Endings of model files: ComfyUI folder_paths.py supported_pt_extensions, with ``.gguf`` and ``.onnx`` of packs."""

_LOOKED_AT = 10
"""Options looked at: loaders list their files first, and names of their own, such as pixel_space, after them."""

_UPLOADS = ("image_upload", "video_upload", "file_upload", "audio_upload", "animated_image_upload")


@dataclass(frozen=True)
class InputSpec:
    """A name, its category and the raw spec: ``[type]`` or ``[type, options]``.

    ``type`` is a string such as ``INT``, ``MODEL`` or ``*``, or the list of options of an old-style (V1) combo.
    V3 combos are ``["COMBO", {"options": [...]}]``. Hidden inputs are a bare string in V1 nodes.
    """

    name: str
    category: str
    raw: Any

    @cached_property
    def type(self) -> Any:
        """First element of the spec, whatever it is; None where there is none."""
        if isinstance(self.raw, list | tuple):
            return self.raw[0] if self.raw else None
        return self.raw

    @cached_property
    def options(self) -> Mapping[str, Any]:
        """Second element of the spec; empty where there is none or it is no object."""
        if isinstance(self.raw, list | tuple) and len(self.raw) > 1 and isinstance(self.raw[1], Mapping):
            return self.raw[1]
        return {}

    @property
    def is_v1_combo(self) -> bool:
        """True for a combo whose options are the type itself."""
        return isinstance(self.type, list)

    @property
    def is_v3_combo(self) -> bool:
        """True for ``COMBO``, the form that V3 nodes use."""
        return bool(self.type == "COMBO")

    @cached_property
    def choices(self) -> list[Any] | None:
        """The options of a combo of either form, or None. A remote combo has none of its own: an empty list."""
        if isinstance(self.type, list):
            return self.type
        if self.type == "COMBO":
            options = self.options.get("options", [])
            return options if isinstance(options, list) else None
        return None

    @property
    def is_upload(self) -> bool:
        """True where the options are files of the server's input folder."""
        return bool(self.options) and any(bool(self.options.get(key)) for key in _UPLOADS)

    @cached_property
    def is_file(self) -> bool:
        """True where the options are files: models by their endings, or uploads."""
        if self.is_upload:
            return True
        some = (self.choices or [])[:_LOOKED_AT]
        return any(isinstance(choice, str) and choice.lower().endswith(MODEL_SUFFIXES) for choice in some)

    @property
    def is_widget(self) -> bool:
        """True where the editor shows a field instead of, or beside, a socket."""
        return self.choices is not None or self.type in ("INT", "FLOAT", "STRING", "BOOLEAN")

    @property
    def type_name(self) -> str:
        """The type in words: ``INT``, or ``COMBO`` for a list of options."""
        return "COMBO" if isinstance(self.type, list) else str(self.type)
