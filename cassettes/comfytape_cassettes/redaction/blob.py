"""Redaction of bytes by what they are: compressed, PNG, text, or any other binary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.packing import NESTED_LIMIT, is_packed, unpacked
from comfytape_cassettes.redaction.placeholder import same_length_mask
from comfytape_cassettes.redaction.png import SIGNATURE, redacted_png
from comfytape_cassettes.redaction.secrets import SHORTEST
from comfytape_cassettes.redaction.text import DEPTH, redact_text_bytes

if TYPE_CHECKING:
    from comfytape_cassettes.redaction.matcher import Matcher

__all__ = ["BlobCleaner"]


@dataclass(slots=True)
class BlobCleaner:
    """Cleans one body and what is nested in it; ``budget`` bounds the bytes that decompressing may give in all."""

    matcher: Matcher
    budget: int = field(default=NESTED_LIMIT)

    def clean(self, data: bytes, depth: int = 0, fixed: bool = False) -> bytes:
        """``data`` without secrets; ``fixed`` keeps its length."""
        if len(data) < SHORTEST:
            return data
        if depth < DEPTH and is_packed(data) and (fresh := self._packed(data, depth)) is not None:
            return same_length_mask(len(data)) if fixed and len(fresh) != len(data) else fresh
        if data.startswith(SIGNATURE):
            fresh = redacted_png(data, lambda part, keep: self._text(part, depth, fixed=keep))
            if not fixed or len(fresh) == len(data):
                return fresh
        # Everything else that is binary (WEBP, JPEG, GIF, MP4, WEBM, .latent) is cleaned in place: only readable
        # parts are searched for formats, and since lengths stay, so does the structure.
        return self._text(data, depth, fixed=fixed or not _is_text(data))

    def clean_text(self, data: bytes) -> bytes:
        """``data``, known to be text, without secrets."""
        return self._text(data, 0, fixed=False)

    def _packed(self, data: bytes, depth: int) -> bytes | None:
        stream = unpacked(data, limit=self.budget)
        if stream is None:
            return None
        self.budget -= len(stream.plain)
        plain = self.clean(stream.plain, depth + 1)
        return data if plain == stream.plain else stream.packed(plain)

    def _text(self, data: bytes, depth: int, *, fixed: bool) -> bytes:
        return redact_text_bytes(data, self.matcher, self.clean, depth=depth, fixed=fixed)


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
