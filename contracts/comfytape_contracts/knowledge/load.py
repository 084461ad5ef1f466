"""Reading the JSON files beside this module."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["by_class", "load"]


@cache
def load(name: str) -> Any:
    """The document ``knowledge/NAME.json``; read once. Do not change what it returns."""
    return json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


@cache
def by_class(name: str) -> Mapping[str, list[Mapping[str, Any]]]:
    """The ``classes`` of a document, by the class each entry is about."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in load(name)["classes"]:
        found.setdefault(entry["class"], []).append(entry)
    return found
