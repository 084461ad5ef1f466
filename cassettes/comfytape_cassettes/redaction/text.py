"""Redaction of text of any kind: byte-level replacement of what is found in any layer of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.escapes import LAYERS, unescaped
from comfytape_cassettes.redaction.formats import LEAST
from comfytape_cassettes.redaction.placeholder import PLACEHOLDER, same_length_mask
from comfytape_cassettes.redaction.runs import (
    BLOB,
    decoded_run,
    encoded_run,
    joined_runs,
    printable_runs,
    runs,
    unfolded,
)
from comfytape_cassettes.redaction.tracebacks import stable_parts
from comfytape_cassettes.redaction.utf16 import narrowed, wide_mask
from comfytape_cassettes.redaction.view import View, substituted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comfytape_cassettes.redaction.matcher import Hit, Matcher

__all__ = ["DEPTH", "Edit", "redact_text_bytes"]

DEPTH = 6
"""How deep encodings may nest (an image in base64 in JSON in gzip is three); deeper ones stay as they are."""

_SHORTEST_WORD = 10  # printable bytes in a row that are read as text in binary
_SHORTEST_CODE = 24  # base64 characters: the shortest known format has 18 bytes, and known values need no decoding
# How gzip, zlib, PNG, JPEG, WEBP, GIF, Matroska and MP4 begin in base64.
_PACKED_CODES = (b"H4sI", b"eA", b"eJ", b"eN", b"iVBORw0K", b"/9j/", b"_9j_", b"UklGR", b"R0lGOD", b"GkXf", b"AAAA")
# Hex of a token; twice the shortest format. A digest is as long, so that all of them are decoded for one look.
_HEX = re.compile(rb"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{2}){%d,}(?![0-9A-Za-z])" % LEAST)
_ROUNDS = 4  # masking can bring nothing new to light but in contrived cases; each round then finds less


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """``data[start:end]`` becomes ``text``. ``secret`` edits win over those that only make paths stable."""

    start: int
    end: int
    text: bytes
    secret: bool = True


@dataclass(frozen=True, slots=True)
class TextPass:
    """One search through a text and all its layers. ``blob`` redacts decoded bytes (``fixed``: keeping length)."""

    matcher: Matcher
    blob: Callable[[bytes, int, bool], bytes]
    depth: int
    fixed: bool

    def edits(self, data: bytes) -> Iterator[Edit]:
        """What to replace in ``data``."""
        view: View | None = View(data)
        if self.fixed:
            # Binary: known values anywhere, everything else only where there are words.
            for hit in self.matcher.values(data):
                yield self._edit(View(data), data, hit)
            view = _words(narrowed(View(data)))
        structured = not self.fixed and self._is_json(data)
        for layer in range(LAYERS):
            if view is None:
                break
            long = joined_runs(view.data, runs(view.data, BLOB)) if len(view.data) >= BLOB else []
            yield from self._codes(view, data, long)
            yield from self._hexes(view, long)
            view = substituted(view, [(start, end, b"\x00") for start, end in long]) if long else view
            yield from self._reading(view, data, inside_json=structured and layer == 0)
            view = unescaped(view)

    def _is_json(self, data: bytes) -> bool:
        """Whether quotes are structure here. Text that only begins as JSON does is searched as any other."""
        if data.lstrip()[:1] not in (b"{", b"["):
            return False
        if not self.matcher.quotes_in(data):
            return True
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            return False
        return True

    def _reading(self, view: View, data: bytes, *, inside_json: bool) -> Iterator[Edit]:
        text = view.data
        words = runs(text, LEAST)
        for hits in (
            self.matcher.values(text, inside_json=inside_json),
            self.matcher.shapes(text, words),
            self.matcher.custom(text),
        ):
            for hit in hits:
                yield self._edit(view, data, hit)
        if not self.fixed:
            for start, end, replacement in stable_parts(text):
                yield Edit(*view.source(start, end), replacement, secret=False)
        codes = joined_runs(text, [span for span in words if _may_be_code(text[span[0] : span[1]])])
        if codes and self._promising(text, codes):
            yield from self._codes(view, data, codes)
        yield from self._hexes(view, words)

    def _promising(self, text: bytes, codes: list[tuple[int, int]]) -> bool:
        """Whether any of many short runs can hold something: one look at all of them, decoded side by side."""
        if self.depth >= DEPTH:
            return False
        if any(text.startswith(_PACKED_CODES, start) for start, _ in codes):
            return True
        pool = b"\n".join([b"", *(decoded_run(text[start:end]) for start, end in codes)])
        return self.blob(pool, self.depth + 1, True) != pool

    def _codes(self, view: View, data: bytes, spans: list[tuple[int, int]]) -> Iterator[Edit]:
        """Base64 runs whose decoded bytes hold something."""
        if self.depth >= DEPTH:
            return
        for start, end in spans:
            run = view.data[start:end]
            plain = decoded_run(run)
            clean = self.blob(plain, self.depth + 1, self.fixed)
            if clean == plain:
                continue
            padded = end + len(view.data[end : end + 2]) - len(view.data[end : end + 2].lstrip(b"="))
            spelled = view.data[start:padded]
            begin, stop = view.source(start, padded)
            if encoded_run(plain, spelled) != spelled:
                # It does not decode back to itself: no base64, or a careless one. Same length, edge to edge.
                yield Edit(begin, stop, same_length_mask(stop - begin))
                continue
            # Line ends that are themselves escaped in the source are left out, not written raw.
            text = encoded_run(clean, spelled if data[begin:stop] == spelled else unfolded(spelled))
            if b"%" in data[begin:stop]:
                text = text.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
            if self.fixed and len(text) != stop - begin:
                text = same_length_mask(stop - begin)
            yield Edit(begin, stop, text)

    def _hexes(self, view: View, spans: list[tuple[int, int]]) -> Iterator[Edit]:
        """Hex whose decoded bytes hold something; its length and case stay."""
        wide = [span for span in spans if span[1] - span[0] >= 2 * LEAST]
        if not wide or self.depth >= DEPTH:
            return
        found = [match.span() for start, end in wide for match in _HEX.finditer(view.data, start, end)]
        plains = [bytes.fromhex(view.data[start:end].decode()) for start, end in found]
        pool = b"\n".join([b"", *plains])
        if not found or self.blob(pool, self.depth + 1, True) == pool:
            return
        for (start, end), plain in zip(found, plains, strict=True):
            clean = self.blob(plain, self.depth + 1, True)
            if clean != plain:
                text = clean.hex().encode()
                spelled = view.data[start:end]
                begin, stop = view.source(start, end)
                fresh = text if spelled != spelled.upper() else text.upper()
                yield Edit(begin, stop, fresh if stop - begin == len(fresh) else same_length_mask(stop - begin))

    def _edit(self, view: View, data: bytes, hit: Hit) -> Edit:
        start, end = view.source(hit.start, hit.end)
        source = data[start:end]
        if self.fixed and b"\x00" in source:
            return Edit(start, end, wide_mask(source))
        return Edit(start, end, hit.mask(view.data[hit.start : hit.end], end - start, fixed=self.fixed))


def _may_be_code(run: bytes) -> bool:
    """Whether a run is long enough for base64 of a token, and not all of one case as identifiers are."""
    return len(run) >= _SHORTEST_CODE and not run.islower() and not run.isupper()


def _words(view: View) -> View | None:
    """``view`` less what cannot be text, or None if nothing is left."""
    spans = printable_runs(view.data, _SHORTEST_WORD)
    if not spans:
        return None
    gaps, done = [], 0
    for start, end in [*spans, (len(view.data), len(view.data))]:
        if start > done:
            gaps.append((done, start, b"\x00"))
        done = end
    return substituted(view, gaps)


def redact_text_bytes(
    data: bytes,
    matcher: Matcher,
    blob: Callable[[bytes, int, bool], bytes],
    *,
    depth: int = 0,
    fixed: bool = False,
) -> bytes:
    """``data`` with every secret masked; ``fixed`` keeps its length."""
    search = TextPass(matcher, blob, depth, fixed)
    for _ in range(_ROUNDS):
        edits = [edit for edit in search.edits(data) if data[edit.start : edit.end] != edit.text]
        if not edits:
            break
        data = applied(data, edits, fixed=fixed)
    return data


def applied(data: bytes, edits: list[Edit], *, fixed: bool) -> bytes:
    """``data`` with ``edits`` made; secrets that overlap are masked as one."""
    merged: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end, edit.text)):
        last = merged[-1] if merged else None
        if last is None or edit.start >= last.end:
            merged.append(edit)
        elif edit.secret and not last.secret:
            merged[-1] = edit
        elif edit.secret and edit.end > last.end:
            length = edit.end - last.start
            mask = same_length_mask(length) if fixed else PLACEHOLDER.encode()
            merged[-1] = Edit(last.start, edit.end, mask)
    parts, done = [], 0
    for edit in merged:
        parts += [data[done : edit.start], edit.text]
        done = edit.end
    return b"".join([*parts, data[done:]])
