"""Which model files a workflow names, and in which folder each must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SMALLEST_MODEL", "model_files", "size_words"]

SMALLEST_MODEL = 1024
"""Bytes below which a file is no model: a safetensors header alone is larger. A git-lfs pointer has some 130."""


def model_files(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(folder, file name) for every literal value of a loader input that core ComfyUI fills from a model folder.

    Source: ComfyUI nodes.py and comfy_extras, as kept with its date in ``knowledge/model_folders.json``. A loader of a
    custom pack is not in it, so its files are not found here.
    """
    folders: Mapping[str, str] = load("model_folders")["folders"]
    for node in workflow.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        for name, value in inputs.items() if isinstance(inputs, dict) else ():
            folder = folders.get(f"{node.get('class_type')}.{name}")
            if folder is not None and isinstance(value, str):
                yield folder, value


def size_words(size: int, expected: int | None = None) -> str:
    """What a wrong size says of a file: empty, a placeholder, cut off, or another file; both in bytes."""
    beside = f", expected {expected:,}" if expected is not None else ""
    if size == 0:
        return f"is empty: 0 bytes{beside}"
    if size < SMALLEST_MODEL:
        return f"has {size:,} bytes{beside}: a placeholder such as a git-lfs pointer or an error page, not the model"
    if expected is not None and size < expected:
        # Rounded down: a file that lacks one byte is not whole.
        return (
            f"has {size:,} bytes{beside}: it ends after {size * 1000 // expected / 10:g} %, cut off, or is another file"
        )
    return f"has {size:,} bytes{beside}: another file under this name"
