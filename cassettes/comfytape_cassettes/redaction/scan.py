"""The search for secrets in bytes that are about to be kept, or were: for ``comfytape scan`` and after each recording.

It shares what to look for with redaction, and nothing of how: it decodes whole layers instead of mapping views, so
that a mistake in one is caught by the other.
"""

from __future__ import annotations

import binascii
import html
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from comfytape_cassettes.redaction.formats import FORMATS
from comfytape_cassettes.redaction.placeholder import is_masked
from comfytape_cassettes.redaction.values import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_cassettes.redaction.secrets import Secrets

__all__ = ["Leak", "scan"]

_DEPTH = 6
_BUDGET = 512 << 20
_CODE = re.compile(rb"[A-Za-z0-9+/_-]{24,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*")
_LONG_CODE = re.compile(rb"[A-Za-z0-9+/_-]{4096}")
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_UNICODE = re.compile(rb"\\u00([0-7][0-9a-fA-F])|\\x([0-7][0-9a-fA-F])")
_SIMPLE = re.compile(rb"\\([\"\\/'])")
_CONTROL = re.compile(rb"\\[nrtbf]")


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret that is there, never itself shown.

    ``offset`` is into the bytes given to ``scan`` (of the container, if it was encoded); ``layers`` says how it was
    wrapped; ``context`` is what stands before and after it.
    """

    kind: str
    offset: int
    layers: tuple[str, ...]
    context: str


@dataclass(slots=True)
class _Search:
    needles: tuple[tuple[bytes, str], ...]
    patterns: tuple[re.Pattern[bytes], ...]
    budget: int
    seen: set[bytes]

    def look(self, data: bytes, offset: int, layers: tuple[str, ...]) -> Iterator[Leak]:
        """Leaks in ``data`` and in what it encodes; ``offset`` is where its outermost container stands."""
        outer = not layers
        text = _LONG_CODE.sub(b"\x00" * 4096, data)
        for start, end, kind in self.matches(data, text):
            yield Leak(kind, start if outer else offset, layers, _context(text, start, end))
        if len(layers) >= _DEPTH:
            return
        for start, name, inner in _layers(data, text, self.budget):
            digest = zlib.crc32(inner).to_bytes(4, "big") + len(inner).to_bytes(8, "big")
            if digest in self.seen:
                continue
            self.seen.add(digest)
            self.budget -= len(inner)
            if self.budget < 0:
                yield Leak("unsearched", start if outer else offset, (*layers, name), "more than can be decoded")
                return
            yield from self.look(inner, start if outer else offset, (*layers, name))

    def matches(self, data: bytes, text: bytes) -> Iterator[tuple[int, int, str]]:
        """(start, end, kind) of what stands in ``data`` itself; formats are looked for in ``text``."""
        for needle, style in self.needles:
            start = data.find(needle)
            if start >= 0:
                yield start, start + len(needle), f"known-value ({style})" if style != "plain" else "known-value"
        for known in FORMATS:
            yield from known.find(text)
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                if not is_masked(match[0].decode("latin-1")):
                    yield *match.span(), "user-pattern"


def scan(data: bytes, secrets: Secrets) -> list[Leak]:
    """Every secret that ``data`` holds in any layer: escapes, base64, gzip, zlib, PNG text, UTF-16.

    Bounded in depth and in decoded bytes (512 MiB); past that, a leak of kind ``unsearched`` says so.
    """
    needles = tuple((spelling.needle, spelling.style) for secret in secrets for spelling in spellings(secret.value))
    search = _Search(needles, secrets.patterns, _BUDGET, set())
    return list(dict.fromkeys(search.look(data, 0, ())))


def _layers(data: bytes, text: bytes, budget: int) -> Iterator[tuple[int, str, bytes]]:
    """(offset, name, bytes) of what ``data`` encodes."""
    yield from _escapes(text)
    yield from _codes(data)
    for start, inner in _inflated(data, budget):
        yield start, "compressed", inner
    if b"\x00" in data:
        wide = b"\n".join(match[0][::2] for match in _WIDE.finditer(data))
        if wide:
            yield 0, "utf-16", wide


def _escapes(text: bytes) -> Iterator[tuple[int, str, bytes]]:
    if b"\\" in text:
        plain = _CONTROL.sub(b"\n", _SIMPLE.sub(rb"\1", _UNICODE.sub(_unit, text)))
        if plain != text:
            yield 0, "backslashes", plain
    if b"%" in text and (plain := unquote_to_bytes(text)) != text:
        yield 0, "percent-encoding", plain
    if b"&" in text and (plain := html.unescape(text.decode("latin-1")).encode("utf-8", "replace")) != text:
        yield 0, "HTML entities", plain


def _unit(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex((match[1] or match[2]).decode())


def _codes(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Base64 and hex runs, at the four places where a group of four may begin; short ones side by side."""
    short: list[list[bytes]] = [[], [], [], []]
    hexes: list[bytes] = []
    for match in _CODE.finditer(data):
        run = re.sub(rb"\s+", b"", match[0]).replace(b"-", b"+").replace(b"_", b"/")
        if len(run) >= 4096:
            yield match.start(), "base64", _base64(run)
            continue
        for shift in range(4):
            short[shift].append(_base64(run[shift:]))
        if len(run) % 2 == 0 and re.fullmatch(rb"[0-9a-fA-F]+", run):
            hexes.append(binascii.unhexlify(run))
    for parts in (*short, hexes):
        for part in parts:
            if part[:2] == b"\x1f\x8b" or part[:1] == b"x":
                yield 0, "base64", part
        if parts:
            yield 0, "base64", b"\n".join([b"", *parts])


def _base64(run: bytes) -> bytes:
    run = run[: len(run) - 1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def _inflated(data: bytes, budget: int) -> Iterator[tuple[int, bytes]]:
    """gzip anywhere, zlib at the start, and the compressed text chunks of PNGs anywhere."""
    starts = [] if data[:1] != b"x" else [0]
    starts += [match.start() for match in re.finditer(rb"\x1f\x8b\x08", data)]
    for match in re.finditer(rb"(?:zTXt|iTXt|iCCP)", data):
        # The stream begins after a keyword and its flags: wherever a zlib header stands in the next 256 bytes.
        head = data[match.end() : match.end() + 256]
        starts += [match.end() + at.start() for at in re.finditer(rb"x[\x01\x5e\x9c\xda]", head)]
    for start in starts[:10_000]:
        stream = zlib.decompressobj(47)
        try:
            inner = stream.decompress(data[start:], max(budget, 1))
        except zlib.error:
            continue
        if inner:
            yield start, inner


def _context(text: bytes, start: int, end: int) -> str:
    """What surrounds a leak, cut at the leak itself and with nothing but plain words left of the rest."""
    before = re.sub(rb"[^\x20-\x7e]", b".", text[max(0, start - 24) : start]).decode()
    after = re.sub(rb"[^\x20-\x7e]", b".", text[end : end + 12]).decode()
    return f"{before}[{end - start} bytes]{after}"
