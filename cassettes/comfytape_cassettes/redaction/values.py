"""The spellings in which a known value is searched for, beside the escapes that views undo."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.escapes import unescaped_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spelling", "base64_cores", "spellings"]


@dataclass(frozen=True, slots=True)
class Spelling:
    """``needle`` spells (part of) a value; ``style`` is plain, utf-16, base64 or hex."""

    needle: bytes
    style: str


@lru_cache(maxsize=1 << 16)
def spellings(value: str) -> tuple[Spelling, ...]:
    """Every spelling of ``value``, plain ones first, none twice."""
    found: dict[bytes, Spelling] = {}
    for needle, style in _spelled(value):
        found.setdefault(needle, Spelling(needle, style))
    return tuple(found.values())


def _spelled(value: str) -> Iterator[tuple[bytes, str]]:
    raw = value.encode("utf-8", "surrogatepass")
    yield raw, "plain"
    # A value that itself looks escaped loses that when the text around it is unescaped.
    yield unescaped_bytes(raw), "plain"
    yield raw.replace(b" ", b"+"), "plain"
    if not value.isascii():
        yield value.encode("latin-1", "replace"), "plain"
    for order in ("utf-16-le", "utf-16-be"):
        yield value.encode(order, "surrogatepass"), "utf-16"
    for core in base64_cores(raw):
        yield core, "base64"
        yield core.replace(b"+", b"-").replace(b"/", b"_"), "base64"
    yield binascii.hexlify(raw), "hex"
    yield binascii.hexlify(raw).upper(), "hex"


def base64_cores(raw: bytes) -> Iterator[bytes]:
    """What base64 makes of ``raw`` at each of the three alignments, less the characters shared with neighbours."""
    for shift, first in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(bytes(shift) + raw)
        yield text[first : (shift + len(raw)) * 8 // 6]
