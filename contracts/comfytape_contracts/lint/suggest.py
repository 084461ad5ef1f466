"""What was probably meant: the nearest option, the same path with the other separator, the right folder."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_contracts.inventory import InputSpec, Inventory

__all__ = ["nearest", "where_else", "with_other_separator"]

_MOST = 5_000
"""Options looked through for the nearest; comparing more would take longer than linting may."""


def nearest(value: Any, options: Iterable[Any]) -> Any:
    """The option most like the value, or None where none is like it. Case counts little."""
    by_text = {str(option).casefold(): option for option in list(options)[:_MOST]}
    wanted = str(value)[:200].casefold()
    if wanted in by_text:
        return by_text[wanted]
    found = difflib.get_close_matches(wanted, by_text, n=1)
    return by_text[found[0]] if found else None


def with_other_separator(value: Any, options: Sequence[Any]) -> str | None:
    """The option that is the same path written with the server's own separator, or the same file name in a folder."""
    if not isinstance(value, str):
        return None
    parts = _parts(value)
    same_name = None
    for option in options:
        if isinstance(option, str) and option != value:
            theirs = _parts(option)
            if theirs == parts:
                return option
            if theirs[-1] == parts[-1] and same_name is None:
                same_name = option
    return same_name


def where_else(value: Any, spec: InputSpec, inventory: Inventory) -> list[str]:
    """Other loaders that do list this file, as ``Class.input``; none where this input lists it too."""
    if not isinstance(value, str):
        return []
    name = _parts(value)[-1]
    return [
        f"{class_name}.{input_name}"
        for (class_name, input_name), files in inventory.file_lists.items()
        if input_name != spec.name and any(file == value or _parts(file)[-1] == name for file in files)
    ]


def _parts(path: str) -> list[str]:
    return re.split(r"[/\\]+", path)
