"""Which model files a workflow names, and in which folder each must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["model_files"]


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
