"""What changed in the options of a combo, whichever of its two forms it has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.inventory.canonical import is_number, number, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.inventory import InputSpec

__all__ = ["list_changes", "option_changes", "token"]


def option_changes(at: tuple[str, ...], old: InputSpec, new: InputSpec, pack: str | None) -> Iterator[ChangeRecord]:
    """Changes of a combo: its form, one choice or several, its options and their order.

    Options that are files of the input folder (``image_upload``, ``image_folder`` and their like) are content and
    never compared.
    """
    if old.is_v1_combo != new.is_v1_combo:
        rule = "combo-form-v1" if new.is_v1_combo else "combo-form-v3"
        yield ChangeRecord(rule, (*at, "form"), _form(old), _form(new), pack)
    several = bool(old.options.get("multiselect")), bool(new.options.get("multiselect"))
    if several[0] != several[1]:
        rule = "combo-takes-several" if several[1] else "combo-takes-one"
        yield ChangeRecord(rule, (*at, "multiselect"), *several, pack)
    if not _is_content(old) and not _is_content(new):
        files = old.is_file or new.is_file
        yield from list_changes((*at, "options"), old.choices or [], new.choices or [], pack, files=files)


def list_changes(
    at: tuple[str, ...], old: list[Any], new: list[Any], pack: str | None, *, files: bool = False
) -> Iterator[ChangeRecord]:
    """Options gone, options new, and, where nothing else differs, another order. ``files``: they are model files."""
    if same(old, new):
        return
    ours, theirs = {token(item): item for item in old}, {token(item): item for item in new}
    gone = [item for key, item in ours.items() if key not in theirs]
    come = [item for key, item in theirs.items() if key not in ours]
    if gone:
        yield ChangeRecord("model-option-removed" if files else "option-removed", at, gone, None, pack)
    if come:
        yield ChangeRecord("model-option-added" if files else "option-added", at, None, come, pack)
    if not files and [key for key in ours if key in theirs] != [key for key in theirs if key in ours]:
        yield ChangeRecord("option-order-changed", (*at, "order"), old, new, pack)


def token(option: Any) -> Any:
    """Something hashable that is equal for options that the server takes for equal."""
    if type(option) is str:
        return option
    if is_number(option):
        return number(option)
    return ("json", json.dumps(option, sort_keys=True, default=str))


def _form(spec: InputSpec) -> str:
    return "list" if spec.is_v1_combo else "COMBO"


def _is_content(spec: InputSpec) -> bool:
    return spec.is_upload or bool(spec.options.get("image_folder"))
