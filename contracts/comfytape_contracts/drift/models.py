"""What changed in the model folders: files gone and new, folders gone and new, sizes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.workflow import Workflow, unwrap

__all__ = ["ModelFolders", "model_records", "names_in_workflows"]

ModelFolders = Mapping[str, Mapping[str, int | None]]
"""Folder to file name to bytes, None where unknown (``/models/{folder}``, ``/experiment/models/{folder}``)."""

_RENAMED = {"unet": "diffusion_models", "clip": "text_encoders"}
"""Old names of folders (ComfyUI folder_paths.py map_legacy)."""


def model_records(
    before: ModelFolders,
    after: ModelFolders,
    folders: tuple[Collection[str], Collection[str]] = ((), ()),
) -> list[ChangeRecord]:
    """Changes between the model folders of two moments.

    Files are compared in folders that both sides were asked for. ``folders`` are the names that ``/models`` lists
    before and after; where a side has none, nothing is said about whole folders.
    """
    old, new = _current(before), _current(after)
    records = [record for folder in old if folder in new for record in _file_records(folder, old[folder], new[folder])]
    ours, theirs = ({_RENAMED.get(name, name) for name in side} for side in folders)
    if ours and theirs:
        records += [ChangeRecord("model-folder-removed", ("models", name), name) for name in sorted(ours - theirs)]
        records += [ChangeRecord("model-folder-added", ("models", name), None, name) for name in sorted(theirs - ours)]
    return records


def names_in_workflows(workflows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Every text that some input of the given workflows has: the file names among them are what is used."""
    return frozenset(
        value
        for workflow in workflows
        for node in Workflow.from_graph(unwrap(workflow).graph).nodes.values()
        for value in node.inputs.values()
        if isinstance(value, str)
    )


def _current(folders: ModelFolders) -> dict[str, Mapping[str, int | None]]:
    return {_RENAMED.get(name, name): files for name, files in folders.items()}


def _file_records(folder: str, old: Mapping[str, int | None], new: Mapping[str, int | None]) -> Iterator[ChangeRecord]:
    for name, size in old.items():
        if name not in new:
            yield ChangeRecord("model-removed", ("models", folder, name), name)
            continue
        other = new[name]
        if size is not None and other is not None and size != other:
            rule = "model-shrunk" if other < size else "model-grown"
            yield ChangeRecord(rule, ("models", folder, name), size, other)
    for name in new:
        if name not in old:
            yield ChangeRecord("model-added", ("models", folder, name), None, name)
