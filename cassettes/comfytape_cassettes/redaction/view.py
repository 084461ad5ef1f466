"""A decoded reading of some bytes that remembers where each of its bytes came from.

Searching happens in views (unescaped, or with the bulk cut out); replacing happens in the source, so that
everything outside a secret stays as it was received.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["View", "substituted"]


@dataclass(frozen=True, slots=True)
class View:
    """``data`` as read; ``pieces`` are the spans in which it differs from ``parent``'s data.

    A piece is (offset here, offset there, length here, length there); between pieces the bytes are the same.
    """

    data: bytes = field(repr=False)
    parent: View | None = None
    pieces: tuple[tuple[int, int, int, int], ...] = field(default=(), repr=False)
    starts: tuple[int, ...] = field(default=(), repr=False)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the outermost source that reads as ``data[start:end]`` (not empty) here."""
        view: View = self
        while view.parent is not None:
            start, end = view._start(start), view._end(end)
            view = view.parent
        return start, end

    def _start(self, offset: int) -> int:
        index = bisect_right(self.starts, offset) - 1
        if index < 0:
            return offset
        here, there, length, source_length = self.pieces[index]
        if offset < here + length:
            return there
        return there + source_length + offset - here - length

    def _end(self, offset: int) -> int:
        index = bisect_right(self.starts, offset - 1) - 1
        if index < 0:
            return offset
        here, there, length, source_length = self.pieces[index]
        if offset <= here + length:
            return there + source_length
        return there + source_length + offset - here - length


def substituted(parent: View, replacements: Iterable[tuple[int, int, bytes]]) -> View:
    """``parent`` read with each (start, end, bytes) replaced; they are in order and do not overlap."""
    data = parent.data
    parts: list[bytes] = []
    pieces: list[tuple[int, int, int, int]] = []
    done = here = 0
    for start, end, text in replacements:
        parts.append(data[done:start])
        here += start - done
        pieces.append((here, start, len(text), end - start))
        parts.append(text)
        here += len(text)
        done = end
    parts.append(data[done:])
    return View(b"".join(parts), parent, tuple(pieces), tuple(piece[0] for piece in pieces))
