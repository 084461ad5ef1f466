"""Values and places as a person reads them, short and printable whatever is in them."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["listed", "shown"]

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlevel = 3
_SHORT.maxlist = _SHORT.maxdict = 4
_SHORT.maxlong = 40


def shown(value: Any) -> str:
    """A value in a few characters, as Python writes it; JSON's words for null, true and false."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return _SHORT.repr(value)
    except (ValueError, RecursionError):  # an integer beyond Python's limit for printing
        return f"a {type(value).__name__} too large to print"


def listed(options: Sequence[Any], most: int = 8) -> str:
    """Options for a person: all of a few, else some and how many more."""
    if not options:
        return "nothing (the list is empty)"
    some = ", ".join(shown(option) for option in options[:most])
    rest = len(options) - most
    return f"{some} and {rest} more" if rest > 0 else some
