"""Foreign words on a terminal: an error text must not move the cursor, clear the screen or end in a traceback."""

from __future__ import annotations

import re

__all__ = ["printable"]

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but tab and newline, marks that turn the direction of text, and halves of surrogate pairs."""


def printable(text: str) -> str:
    """The text with what is no visible character spelled out as Python spells it."""
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
