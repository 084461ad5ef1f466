"""Reading UTF-16 as the ASCII it spells, wherever it stands: EXIF comments and Windows programs write it."""

from __future__ import annotations

import re

from comfytape_cassettes.redaction.view import View, substituted

__all__ = ["narrowed"]

# Both byte orders: big-endian text reads as little-endian text one byte later.
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){16,}")


def narrowed(view: View) -> View | None:
    """``view`` with runs of UTF-16 ASCII read as ASCII, or None if there are none."""
    if view.data.count(b"\x00") < 16:
        return None
    pieces = [
        (at, at + 2, view.data[at : at + 1])
        for match in _WIDE.finditer(view.data)
        for at in range(match.start(), match.end(), 2)
    ]
    return substituted(view, pieces) if pieces else None
