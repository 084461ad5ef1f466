"""PNG (and APNG) metadata: ComfyUI writes the whole prompt into it.

``tEXt`` prompt and workflow (nodes.py SaveImage), a private ``comf`` chunk in APNGs (comfy_extras/nodes_images.py),
``zTXt``, ``iTXt`` and ``eXIf`` from other tools; layout as in the PNG specification, third edition, sections 5 and 11.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from comfytape_cassettes.redaction.packing import unpacked

__all__ = ["SIGNATURE", "chunks", "redacted_png"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"

Clean = Callable[[bytes, bool], bytes]
"""(bytes, keep their length?) to the same without secrets."""

_PICTURE = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT", b"fcTL", b"acTL", b"tRNS", b"gAMA", b"pHYs", b"sRGB"}
)


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of each chunk's content; stops at the end, at IEND or where the lengths stop making sense."""
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if position + 12 + length > len(data) or not kind.isalpha():
            return
        yield kind, position + 8, position + 8 + length
        position += 12 + length
        if kind == b"IEND":
            return


def redacted_png(data: bytes, clean: Clean) -> bytes:
    """``data`` with its text chunks cleaned, lengths and CRCs made to fit, and all that is pixels untouched."""
    parts = []
    done, last = 0, len(SIGNATURE)
    for kind, start, end in chunks(data):
        last = end + 4
        if kind in _PICTURE:
            continue
        content = data[start:end]
        fresh = _cleaned_chunk(kind, content, clean)
        if fresh != content:
            crc = zlib.crc32(kind + fresh).to_bytes(4, "big")
            parts += [data[done : start - 8], len(fresh).to_bytes(4, "big"), kind, fresh, crc]
            done = last
    rest = data[last:]
    return b"".join([*parts, data[done:last], clean(rest, True) if rest else rest])


def _cleaned_chunk(kind: bytes, content: bytes, clean: Clean) -> bytes:
    begin = _packed_from(kind, content)
    stream = unpacked(content[begin:]) if begin else None
    if stream is None:
        return clean(content, True)
    head = clean(content[:begin], True)
    plain = clean(stream.plain, False)
    return head + (stream.packed(plain) if plain != stream.plain else content[begin:])


def _packed_from(kind: bytes, content: bytes) -> int:
    """Where the compressed part of a zTXt, iTXt or iCCP chunk begins, or 0 if none does."""
    keyword = content.find(b"\x00")
    if keyword < 0:
        return 0
    if kind in (b"zTXt", b"iCCP"):
        return keyword + 2
    if kind == b"iTXt" and content[keyword + 1 : keyword + 2] == b"\x01":
        translated = content.find(b"\x00", content.find(b"\x00", keyword + 3) + 1)
        return translated + 1 if translated > 0 else 0
    return 0
