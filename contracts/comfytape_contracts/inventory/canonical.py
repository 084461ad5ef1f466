"""When two JSON values of an inventory mean the same, so that ways of writing never count as changes.

From real pairs of ComfyUI 0.3.30 to 0.33.0: V3 nodes state what V1 nodes leave out (null against false, empty lists),
8 and 8.0 are one number, and files that passed through JavaScript hold 2^64−1 as 18446744073709552000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["is_blank", "is_number", "mapping", "number", "same", "sequence"]

_DEEPEST = 60
"""Values nested deeper are compared as they stand; the deepest real one (a dynamic input) goes 12 levels down."""


def is_blank(value: Any) -> bool:
    """Null, false, the empty text, and lists and objects without content; zero is a value."""
    if value is None or value is False:
        return True
    if isinstance(value, str | Mapping):
        return not value
    return isinstance(value, list | tuple) and all(item is None or item is False for item in value)


def is_number(value: Any) -> bool:
    """Whether a value is a number and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: Any) -> float | None:
    """A number as JavaScript would keep it; None for anything else. An integer too large for that is infinite."""
    if not is_number(value):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def same(old: Any, new: Any, *, depth: int = 0) -> bool:
    """Whether two values mean the same."""
    try:
        if old is new or old == new:
            return True
    except RecursionError:
        return False
    if is_number(old) and is_number(new):
        ours, theirs = number(old), number(new)
        return ours == theirs or (ours != ours and theirs != theirs)  # noqa: PLR0124 - only NaN differs from itself
    if is_blank(old) and is_blank(new):
        return True
    if depth > _DEEPEST:
        return False
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(same(a, b, depth=depth + 1) for a, b in zip(old, new, strict=True))
    if isinstance(old, dict) and isinstance(new, dict):
        return all(same(old.get(key), new.get(key), depth=depth + 1) for key in {**old, **new})
    return False


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or the empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """A list, or the empty one in place of anything else."""
    return value if isinstance(value, list) else []
