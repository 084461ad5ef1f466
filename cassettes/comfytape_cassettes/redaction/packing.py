"""gzip, zlib and raw deflate within limits: reading, and writing back so that equal input gives equal bytes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

__all__ = ["NESTED_LIMIT", "Packed", "is_packed", "unpacked"]

NESTED_LIMIT = 64 << 20
"""Bytes that a compressed part may grow to; RunPod's largest answer is 20 MB (docs.runpod.io, send-requests)."""

GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Packed:
    """What compressed bytes hold, which of zlib's windows read them, and what followed their end."""

    plain: bytes
    window: int
    rest: bytes

    def packed(self, plain: bytes) -> bytes:
        """``plain`` compressed as this was (gzip with no name and no time), and what followed."""
        stream = zlib.compressobj(6, zlib.DEFLATED, self.window)
        return stream.compress(plain) + stream.flush() + self.rest


def is_packed(data: bytes) -> bool:
    """Whether ``data`` begins as gzip or zlib does (RFC 1952 section 2.3, RFC 1950 section 2.2)."""
    if data[:3] == b"\x1f\x8b\x08":
        return True
    return len(data) > 8 and data[0] & 0x8F == 0x08 and int.from_bytes(data[:2], "big") % 31 == 0


def unpacked(data: bytes, window: int | None = None, *, limit: int = NESTED_LIMIT) -> Packed | None:
    """What ``data`` holds, or None if it is damaged, cut short or grows past ``limit`` bytes.

    Without ``window`` the header decides. Several gzip members in a row read as one.
    """
    if window is None:
        window = GZIP if data[:2] == b"\x1f\x8b" else ZLIB
    parts: list[bytes] = []
    left, rest = limit, data
    while rest and (not parts or (window == GZIP and rest[:3] == b"\x1f\x8b\x08")):
        stream = zlib.decompressobj(window)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error:
            return None
        left -= len(part)
        if left < 0 or not stream.eof:
            return None
        parts.append(part)
        rest = stream.unused_data
    return Packed(b"".join(parts), window, rest) if parts else None
