"""Reading UTF-16 as the ASCII it spells, wherever it stands: EXIF comments and Windows programs write it."""

from __future__ import annotations

from comfytape_cassettes.redaction.placeholder import same_length_mask
from comfytape_cassettes.redaction.view import View, substituted

__all__ = ["narrowed", "wide_mask"]

# One C pass marks printable bytes, line ends and NULs, then memmem finds where they alternate. Both byte orders:
# big-endian text reads as little-endian text one byte later.
_MARKS = bytes(97 if 32 <= byte < 127 or byte in b"\t\n\r" else 110 if byte == 0 else 32 for byte in range(256))
_LEAST = b"an" * 16


def narrowed(view: View) -> View:
    """``view`` with runs of UTF-16 ASCII read as ASCII."""
    if b"\x00" not in view.data:
        return view
    marks = view.data.translate(_MARKS)
    pieces = []
    position = marks.find(_LEAST)
    while position >= 0:
        while marks.startswith(b"an", position):
            pieces.append((position, position + 2, view.data[position : position + 1]))
            position += 2
        position = marks.find(_LEAST, position)
    return substituted(view, pieces) if pieces else view


def wide_mask(source: bytes) -> bytes:
    """The placeholder over ``source``, its NULs kept where they are."""
    letters = iter(same_length_mask(len(source)))
    return bytes(byte and next(letters) for byte in source)
