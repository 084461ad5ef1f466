"""What stands where a secret was: a constant word, so equal inputs stay equal and a second pass changes nothing."""

from __future__ import annotations

import re

__all__ = ["PLACEHOLDER", "is_masked", "mask_for", "same_length_mask"]

# Letters only: valid unescaped in a header, a query, a JSON string, base64, HTML and YAML alike.
PLACEHOLDER = "REDACTED"

_WORD = PLACEHOLDER.encode()
_NUMERIC = re.compile(rb"[-+.eE0-9]*[0-9][-+.eE0-9]*")
_DIGITS = bytes.maketrans(b"0123456789", b"9999999999")


def same_length_mask(length: int) -> bytes:
    """The placeholder repeated and cut to ``length`` bytes, for places where offsets must not move."""
    return (_WORD * (length // len(_WORD) + 1))[:length]


def is_masked(value: str) -> bool:
    """Whether ``value`` is something this package wrote, and so no secret."""
    raw = value.encode("utf-8", "surrogatepass")
    return bool(raw) and (raw == same_length_mask(len(raw)) or raw == _numeric_mask(raw))


def mask_for(secret: bytes, length: int, *, fixed: bool) -> bytes:
    """What replaces ``secret``, found in a span of ``length`` bytes.

    A value that could stand as a bare number in JSON stays one: its digits become nines. ``fixed`` asks for
    ``length`` bytes exactly.
    """
    number = _numeric_mask(secret)
    if number is not None and len(secret) == length:
        return number
    return same_length_mask(length) if fixed else _WORD


def _numeric_mask(raw: bytes) -> bytes | None:
    return raw.translate(_DIGITS) if _NUMERIC.fullmatch(raw) else None
