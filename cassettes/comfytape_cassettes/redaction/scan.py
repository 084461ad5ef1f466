"""The search for secrets in bytes that are about to be kept, or were: for ``comfytape scan`` and after each recording.

It shares what to look for with redaction, and little of how: it decodes whole layers instead of mapping views back,
so that a mistake in one is caught by the other.
"""

from __future__ import annotations

import hashlib
import html
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from comfytape_cassettes.redaction.formats import formats_in, parameters_in, passwords_in
from comfytape_cassettes.redaction.placeholder import is_masked
from comfytape_cassettes.redaction.runs import BLOB, decoded_run, joined_runs, printable_runs, runs
from comfytape_cassettes.redaction.values import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_cassettes.redaction.secrets import Secrets

__all__ = ["BUDGET", "Leak", "scan"]

BUDGET = 128 << 20
"""Bytes that all layers of one file may decode to. What is not searched is reported, never passed over."""

_DEPTH = 8
_SHORT = 24
_SURROUNDINGS = 24
_BACKSLASHES = re.compile(rb"(?:\\u[0-9a-fA-F]{4})+|\\x[0-9a-fA-F]{2}|\\[\"\\/'nrtbf]")
_COLOUR = re.compile(rb"\x1b\[[0-9;:?]{0,40}[A-Za-z]")
_TEXT_CHUNK = re.compile(rb"zTXt|iTXt|iCCP")
_ZLIB = re.compile(rb"x[\x01\x5e\x9c\xda]")
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that is there, never itself shown.

    ``offset`` is into the bytes given to ``scan`` (of the container, if it was encoded); ``layers`` says how it was
    wrapped; ``context`` is what stands before and after it, with a count of bytes in its place. ``kind`` is
    ``unsearched`` where the budget ended.
    """

    kind: str
    offset: int
    layers: tuple[str, ...] = ()
    context: str = ""


@dataclass(slots=True)
class _Search:
    needles: tuple[tuple[bytes, str], ...]
    patterns: tuple[re.Pattern[bytes], ...]
    budget: int
    seen: set[bytes] = field(default_factory=set)

    def look(self, data: bytes, offset: int, layers: tuple[str, ...]) -> Iterator[Leak]:
        """Leaks in ``data`` and in what it encodes; ``offset`` is where its outermost container stands."""
        text = _readable(data)
        blobs = joined_runs(text, runs(text, BLOB))
        for start, end in reversed(blobs):
            text = text[:start] + b"\x00" + text[end:]
        for source, start, end, kind in self._matches(data, text):
            yield Leak(kind, offset if layers else start, layers, _context(source, start, end))
        if len(layers) >= _DEPTH:
            return
        for start, name, inner in _layers(data, text, self.budget):
            if not self._is_new(inner):
                continue
            self.budget -= len(inner)
            if self.budget < 0:
                yield Leak("unsearched", offset if layers else start, (*layers, name))
                return
            yield from self.look(inner, offset if layers else start, (*layers, name))

    def _is_new(self, inner: bytes) -> bool:
        digest = hashlib.blake2b(inner, digest_size=16).digest()
        if digest in self.seen:
            return False
        self.seen.add(digest)
        return True

    def _matches(self, data: bytes, text: bytes) -> Iterator[tuple[bytes, int, int, str]]:
        """(searched bytes, start, end, kind): values anywhere, formats and patterns in what is readable."""
        for needle, style in self.needles:
            start = data.find(needle)
            if start >= 0:
                kind = "known-value" if style == "plain" else f"known-value ({style})"
                yield data, start, start + len(needle), kind
        for start, end, kind in (*formats_in(text), *parameters_in(text), *passwords_in(text)):
            yield text, start, end, kind
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                if not is_masked(match[0].decode("latin-1")):
                    yield text, *match.span(), "user-pattern"


def scan(data: bytes, secrets: Secrets) -> list[Leak]:
    """Every secret that ``data`` holds in any layer: escapes, base64, hex, gzip, zlib, PNG text, UTF-16.

    Bounded in depth (8) and in decoded bytes (``BUDGET``). Offsets of formats in binary files are approximate: they
    are offsets among the readable parts.
    """
    needles = tuple((spelling.needle, spelling.style) for secret in secrets for spelling in spellings(secret.value))
    search = _Search(needles, secrets.patterns, BUDGET)
    return sorted(dict.fromkeys(search.look(data, 0, ())), key=lambda leak: (leak.offset, leak.kind))


def _readable(data: bytes) -> bytes:
    """``data`` if it is text; else its printable parts, a NUL between them."""
    if b"\x00" not in data:
        try:
            data.decode()
        except UnicodeDecodeError:
            pass
        else:
            return data
    return b"\x00".join(data[start:end] for start, end in printable_runs(data, 6))


def _layers(data: bytes, text: bytes, budget: int) -> Iterator[tuple[int, str, bytes]]:
    """(offset, name, bytes) of what ``data`` encodes; ``text`` is its readable part without long base64."""
    plain = _unescaped(text)
    if plain != text:
        yield 0, "escapes", plain
    yield from _codes(data)
    yield from _inflated(data, budget)
    if b"\x00" in data and (wide := b"\n".join(match[0][::2] for match in _WIDE.finditer(data))):
        yield 0, "utf-16", wide


def _unescaped(text: bytes) -> bytes:
    if b"\x1b[" in text:
        text = _COLOUR.sub(b"\x00", text)
    if b"\\" in text:
        text = _BACKSLASHES.sub(_backslashes, text)
    if b"%" in text:
        text = unquote_to_bytes(text)
    if b"&" in text:
        text = html.unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return text


def _backslashes(match: re.Match[bytes]) -> bytes:
    escape = match[0].decode()
    if escape[1] == "u":
        units = bytes.fromhex(escape.replace("\\u", ""))
        return units.decode("utf-16-be", "replace").encode()
    if escape[1] == "x":
        return bytes.fromhex(escape[2:])
    return b"\n" if escape[1] in "nrtbf" else escape[1:].encode()


def _codes(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Base64 and hex runs; short ones at all four places where a group may begin, side by side."""
    pools: tuple[list[bytes], ...] = ([b""], [b""], [b""], [b""])
    hexes = [b""]
    for start, end in joined_runs(data, runs(data, _SHORT)):
        run = data[start:end]
        if len(run) >= BLOB:
            yield start, "base64", decoded_run(run)
            continue
        for shift, pool in enumerate(pools):
            pool.append(decoded_run(run[shift:]))
        if pools[0][-1][:2] == b"\x1f\x8b" or pools[0][-1][:1] == b"x":
            yield start, "base64", pools[0][-1]
        if len(run) % 2 == 0 and run.isalnum():
            try:
                hexes.append(bytes.fromhex(run.decode()))
            except ValueError:
                continue
    for pool in pools:
        yield 0, "base64", b"\n".join(pool)
    yield 0, "hex", b"\n".join(hexes)


def _inflated(data: bytes, budget: int) -> Iterator[tuple[int, str, bytes]]:
    """What gzip anywhere, zlib at the start, and the compressed text chunks of PNGs anywhere hold, cut short or not."""
    starts = [0] if _ZLIB.match(data) else []
    position = data.find(b"\x1f\x8b\x08")
    while position >= 0 and len(starts) < 1000:
        starts.append(position)
        position = data.find(b"\x1f\x8b\x08", position + 3)
    for match in _TEXT_CHUNK.finditer(data):
        # The stream begins after a keyword and its flags: wherever a zlib header stands in the next 256 bytes.
        starts += [at.start() for at in _ZLIB.finditer(data, match.end(), match.end() + 256)]
    for start in starts:
        stream = zlib.decompressobj(47)
        try:
            inner = stream.decompress(memoryview(data)[start:], max(budget, 0) + 1)
        except zlib.error:
            continue
        if inner:
            yield start, "compressed", inner


def _context(text: bytes, start: int, end: int) -> str:
    before = text[max(0, start - _SURROUNDINGS) : start]
    after = text[end : end + _SURROUNDINGS // 2]
    return f"{_shown(before)}[{end - start} bytes]{_shown(after)}"


def _shown(part: bytes) -> str:
    """Words around a leak; digits and what is not printable are dropped, since they may belong to another secret."""
    return re.sub(rb"[^\x20-\x2f\x3a-\x7e]", b".", part).decode()
