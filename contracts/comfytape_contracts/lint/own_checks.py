"""What the classes' own checks ask, one function a kind; each was read in the source of the class."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_contracts.inventory import InputSpec, Inventory

__all__ = ["OWN_CHECKS", "Asked", "Refusal"]


_ANNOTATIONS = ("[input]", "[output]", "[temp]")
"""Endings that name another folder (ComfyUI folder_paths.py annotated_filepath)."""


class Refusal(Enum):
    """What a check says: it refuses, it does not, or it cannot be told from outside."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Asked(NamedTuple):
    """What a check is given: its entry of knowledge, its main input, all it takes, the types of links.

    ``inventory`` tells of the server's input folder, for classes that list none of its files themselves.
    """

    entry: Mapping[str, Any]
    subject: str
    spec: InputSpec | None
    values: Mapping[str, Any]
    received: Mapping[str, Any]
    inventory: Inventory


def _accepts(_asked: Asked) -> Refusal:
    return Refusal.NO


def _file(asked: Asked) -> Refusal:
    """A file of the input folder must exist. Subfolders and annotations such as ``[output]`` are not listed."""
    value = asked.values[asked.subject]
    if value in asked.entry.get("blank", ()):
        return Refusal.NO
    if not isinstance(value, str):
        raise TypeError("expected a file name")
    files = (asked.spec.choices if asked.spec is not None else None) or asked.inventory.input_files
    if files is not None and value in files:
        return Refusal.NO
    hidden = (
        value in ("", ".", "..")
        or "/" in value
        or value.endswith(_ANNOTATIONS)
        or ("\\" in value and asked.inventory.has_backslashes)
    )
    return Refusal.YES if files is not None and not hidden else Refusal.UNSURE


def _not_all_zero(asked: Asked) -> Refusal:
    moving = any(not math.isclose(value, 0.0) for value in asked.values.values())
    return Refusal.NO if moving else Refusal.YES


def _aspect_ratio(asked: Asked) -> Refusal:
    """``W:H`` between 1:4 and 4:1."""
    try:
        width, height = (int(part) for part in asked.values[asked.subject].split(":"))
        fits = 0.25 <= width / height <= 4
    except (AttributeError, ValueError, ZeroDivisionError):
        fits = False
    if not fits and asked.entry.get("raises"):
        raise ValueError("no aspect ratio")
    return Refusal.NO if fits else Refusal.YES


def _link_type(asked: Asked) -> Refusal:
    return Refusal.NO if asked.received[asked.subject] in asked.entry["types"] else Refusal.YES


OWN_CHECKS: Mapping[str, Callable[[Asked], Refusal]] = {
    "accepts": _accepts,
    "aspect-ratio": _aspect_ratio,
    "file": _file,
    "link-type": _link_type,
    "not-all-zero": _not_all_zero,
}
"""By ``kind`` of ``knowledge/validators.json``."""
