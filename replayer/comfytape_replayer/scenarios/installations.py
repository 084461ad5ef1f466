"""ComfyUI installations that lack something: jobs are then judged by what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_replayer.scenarios.failing import MODEL_SUFFIXES
from comfytape_replayer.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INSTALLATIONS", "without_models", "without_packs"]


def without_packs(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """The classes that are ComfyUI's own; a pack's have a ``python_module`` below ``custom_nodes``."""
    return {
        name: node
        for name, node in inventory.items()
        if not str(node.get("python_module", "") if isinstance(node, dict) else "").startswith("custom_nodes.")
    }


def without_models(inventory: Mapping[str, Any]) -> dict[str, Any]:
    """The same classes, with every list of model files empty."""
    return {name: emptied(node) if isinstance(node, dict) else node for name, node in inventory.items()}


def emptied(node: Mapping[str, Any]) -> dict[str, Any]:
    """One class without model files."""
    inputs = node.get("input")
    if not isinstance(inputs, dict):
        return dict(node)
    changed = {
        category: {name: without_files(spec) for name, spec in specs.items()} if isinstance(specs, dict) else specs
        for category, specs in inputs.items()
    }
    return {**node, "input": changed}


def without_files(raw: Any) -> Any:
    """One input's spec, its options emptied where they are model files: V1 ``[[…], {…}]``, V3 ``["COMBO", {…}]``."""
    if not isinstance(raw, list) or not raw:
        return raw
    beside = raw[1] if len(raw) > 1 and isinstance(raw[1], dict) else {}
    choices = beside.get("options") if raw[0] == "COMBO" else raw[0]
    if not isinstance(choices, list) or not any(map(is_model, choices)):
        return raw
    return ["COMBO", {**beside, "options": []}] if raw[0] == "COMBO" else [[], *raw[1:]]


def is_model(choice: Any) -> bool:
    """Whether an option is a model file, by its ending."""
    return isinstance(choice, str) and choice.lower().endswith(MODEL_SUFFIXES)


INSTALLATIONS = (
    Scenario(
        name="pack-import-failed",
        imitates="IMPORT FAILED in ComfyUI's log: every class of the packs vanishes, and HTTP stays 200 (RES4LYF "
        "of 2026 on ComfyUI 0.3.64).",
        inventory=without_packs,
    ),
    Scenario(
        name="model-missing",
        imitates="The volume is not attached or its folders are misnamed: the model lists are empty (worker-comfyui "
        "issues 48, 72, 91).",
        inventory=without_models,
    ),
)
