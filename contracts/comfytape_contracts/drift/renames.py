"""Telling a rename from something gone and something new."""

from __future__ import annotations

import difflib
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["one_to_one"]

Thing = TypeVar("Thing")


def one_to_one(
    gone: Mapping[str, Thing], come: Mapping[str, Thing], signature: Callable[[Thing], Any]
) -> dict[str, str]:
    """Old name to new name, for things whose signatures agree.

    Where several share a signature, only names that are much alike are paired: two sliders of the same range are
    not one slider renamed.
    """
    if not gone or not come:
        return {}
    ours, theirs = _by_signature(gone, signature), _by_signature(come, signature)
    found: dict[str, str] = {}
    for key, names in ours.items():
        others = theirs.get(key, [])
        if len(names) == 1 and len(others) == 1:
            found[names[0]] = others[0]
            continue
        for name in names:
            free = [other for other in others if other not in found.values()]
            near = difflib.get_close_matches(name, free, n=1, cutoff=0.8)
            if near:
                found[name] = near[0]
    return found


def _by_signature(things: Mapping[str, Thing], signature: Callable[[Thing], Any]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = defaultdict(list)
    for name, thing in things.items():
        found[signature(thing)].append(name)
    return found
