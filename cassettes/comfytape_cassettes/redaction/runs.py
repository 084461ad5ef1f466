"""Runs of the base64 alphabet: finding them quickly, reading them, and writing them back as they were spelled."""

from __future__ import annotations

import binascii
import re

__all__ = ["BLOB", "decoded_run", "encoded_run", "joined_runs", "printable_runs", "runs", "unfolded"]

BLOB = 4096
"""A run this long is data: its text is not read as words, its decoded bytes are."""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
# One C pass marks the alphabet, so that a run is found by memmem and ended by memchr: ten times a regex's speed.
_MARKS = bytes(97 if byte in _ALPHABET else 32 for byte in range(256))
_PRINTABLE = bytes(97 if 32 <= byte < 127 or byte in b"\t\r\n" else 32 for byte in range(256))
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_FOLD = re.compile(rb"\r?\n[ \t]*")


def runs(data: bytes, least: int) -> list[tuple[int, int]]:
    """Spans of at least ``least`` characters of the base64 alphabets (standard and URL-safe), padding left out."""
    return _marked(data.translate(_MARKS), least)


def printable_runs(data: bytes, least: int) -> list[tuple[int, int]]:
    """Spans of at least ``least`` bytes that can be text: printable ASCII, tabs and line ends."""
    return _marked(data.translate(_PRINTABLE), least)


def _marked(marks: bytes, least: int) -> list[tuple[int, int]]:
    needle = b"a" * least
    found = []
    position = 0
    while (start := marks.find(needle, position)) >= 0:
        end = marks.find(b" ", start)
        position = len(marks) if end < 0 else end
        found.append((start, position))
    return found


def joined_runs(data: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """``spans`` with those joined that one wrapped base64 text (MIME, PEM) was folded into."""
    joined: list[tuple[int, int]] = []
    width = 0
    for start, end in spans:
        if joined and end - start <= width >= 60 and _FOLD.fullmatch(data, joined[-1][1], start):
            joined[-1] = (joined[-1][0], end)
            width = end - start
        else:
            joined.append((start, end))
            width = end - start
    return joined


def decoded_run(run: bytes) -> bytes:
    """The bytes that a run spells; a cut-off last character is dropped, line ends inside are skipped."""
    text = unfolded(run).translate(_TO_STANDARD)
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


def unfolded(run: bytes) -> bytes:
    """``run`` without the line ends inside it."""
    return _FOLD.sub(b"", run) if b"\n" in run else run


def encoded_run(data: bytes, like: bytes) -> bytes:
    """``data`` in the spelling of ``like`` (a run with its padding): alphabet, padding, line length."""
    text = binascii.b2a_base64(data, newline=False)
    urlsafe = b"-" in like or b"_" in like
    if urlsafe:
        text = text.translate(_TO_URLSAFE)
    unpadded = unfolded(like)
    if not like.endswith(b"=") and (urlsafe or len(unpadded) % 4):
        text = text.rstrip(b"=")
    fold = _FOLD.search(like) if b"\n" in like else None
    if fold is None:
        return text
    width = fold.start()
    return fold[0].join(text[at : at + width] for at in range(0, len(text), width))
