"""Undoing one layer of text escapes: JSON and Python backslashes, percent-encoding, HTML entities, terminal colours.

All at once: whoever nests them (a URL in JSON in HTML) is followed layer by layer until nothing changes.
"""

from __future__ import annotations

import re
from html.entities import html5

from comfytape_cassettes.redaction.view import View, substituted

__all__ = ["LAYERS", "unescaped", "unescaped_bytes"]

LAYERS = 8
"""How many layers are undone. RunPod's worker puts JSON in a string in JSON: three; the rest is reserve."""

# Python's \x and \' beside JSON's own (RFC 8259 section 7): error texts hold reprs of requests.
_BACKSLASH = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}"
    rb"|x[0-9a-fA-F]{2}|[\"\\/bfnrt'])"
)
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}")
_ENTITY = re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,10});")
# ECMA-48 section 5.4: a log's colours end in a letter, and a token right behind it would seem to go on from it.
_COLOUR = re.compile(rb"\x1b\[[0-9;:?]{0,40}[A-Za-z]")
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def unescaped(view: View, *, json_only: bool = False) -> View | None:
    """``view`` with one layer undone (``json_only``: of backslashes alone), or None if it has no escapes."""
    data = view.data
    found: list[tuple[int, int, bytes]] = []
    if b"\\" in data:
        found += [(*match.span(), _backslash(match[0])) for match in _BACKSLASH.finditer(data)]
    if b"%" in data and not json_only:
        found += [(*match.span(), bytes.fromhex(match[0][1:].decode())) for match in _PERCENT.finditer(data)]
    if b"&" in data and not json_only:
        found += [(*match.span(), text) for match in _ENTITY.finditer(data) if (text := _entity(match[0])) is not None]
    if b"\x1b[" in data:
        found += [(*match.span(), b"\x00") for match in _COLOUR.finditer(data)]
    if not found:
        return None
    found.sort()
    return substituted(view, found)


def unescaped_bytes(data: bytes) -> bytes:
    """``data`` with every layer undone."""
    view = View(data)
    for _ in range(LAYERS):
        inner = unescaped(view)
        if inner is None:
            break
        view = View(inner.data)
    return view.data


def _backslash(escape: bytes) -> bytes:
    kind = escape[1:2]
    if kind == b"x":
        return bytes.fromhex(escape[2:].decode())
    if kind == b"U":
        return _character(int.from_bytes(bytes.fromhex(escape[2:].decode()), "big"))
    if kind == b"u":
        unit = int(escape[2:6], 16)
        if len(escape) == 12:
            return _character(0x10000 + ((unit - 0xD800) << 10) + int(escape[8:12], 16) - 0xDC00)
        return _character(unit)
    return _LETTERS.get(kind, kind)


def _entity(entity: bytes) -> bytes | None:
    name = entity[1:-1]
    if name[:1] != b"#":
        text = html5.get(name.decode() + ";")
        return None if text is None else text.encode()
    number = int(b"0" + name[1:], 0) if name[1:2] in b"xX" else int(name[1:])
    return _character(number) if number <= 0x10FFFF else None


def _character(number: int) -> bytes:
    return chr(number).encode("utf-8", "surrogatepass")
