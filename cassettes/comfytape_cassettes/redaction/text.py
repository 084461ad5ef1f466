"""Redaction of text of any kind: byte-level replacement of what is found in any layer of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.containers import is_container
from comfytape_cassettes.redaction.escapes import LAYERS, unescaped
from comfytape_cassettes.redaction.packing import is_packed
from comfytape_cassettes.redaction.placeholder import PLACEHOLDER, same_length_mask
from comfytape_cassettes.redaction.runs import BLOB, decoded_run, encoded_run, joined_runs, runs
from comfytape_cassettes.redaction.tracebacks import stable_parts
from comfytape_cassettes.redaction.utf16 import narrowed
from comfytape_cassettes.redaction.view import View, substituted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from comfytape_cassettes.redaction.matcher import Hit, Matcher

__all__ = ["DEPTH", "Edit", "redact_text_bytes"]

DEPTH = 6
"""How deep encodings may nest (an image in base64 in JSON in gzip is three); deeper ones stay as they are."""

_SHORTEST_CODE = 24  # base64 characters: the shortest known format has 18 bytes, and known values need no decoding
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
        for layer in range(LAYERS):
            assert view is not None
            long = joined_runs(view.data, runs(view.data, BLOB)) if len(view.data) >= BLOB else []
            yield from self._codes(view, data, long)
            view = substituted(view, [(start, end, b"\x00") for start, end in long])
            yield from self._reading(view, data, inside_json=layer == 0 and data.lstrip()[:1] in (b"{", b"["))
            view = unescaped(view)
            if view is None:
                break

    def _reading(self, view: View, data: bytes, *, inside_json: bool) -> Iterator[Edit]:
        text = view.data
        for hit in self.matcher.values(text, inside_json=inside_json):
            yield self._edit(view, hit)
        words = runs(text, 16)
        for hit in (*self.matcher.shapes(text, words), *self.matcher.custom(text)):
            yield self._edit(view, hit)
        wide = narrowed(view)
        if wide is not None:
            for hit in self.matcher.shapes(wide.data, runs(wide.data, 16)):
                start, end = wide.source(hit.start, hit.end)
                yield Edit(start, end, same_length_mask((end - start) // 2).decode().encode("utf-16-le"))
        if not self.fixed:
            for start, end, replacement in stable_parts(text):
                yield Edit(*view.source(start, end), replacement, secret=False)
        codes = joined_runs(text, [span for span in words if span[1] - span[0] >= _SHORTEST_CODE])
        if codes and self._promising(text, codes):
            yield from self._codes(view, data, codes)

    def _promising(self, text: bytes, codes: list[tuple[int, int]]) -> bool:
        """Whether any of many short runs can hold something: one look at all of them, decoded side by side."""
        if self.depth >= DEPTH:
            return False
        plain = [decoded_run(text[start:end]) for start, end in codes]
        if any(is_packed(part) or is_container(part) for part in plain):
            return True
        pool = b"\n".join([b"", *plain])
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
            text = encoded_run(clean, spelled)
            if b"%" in data[begin:stop]:
                text = text.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
            if self.fixed and len(text) != stop - begin:
                text = same_length_mask(stop - begin)
            yield Edit(begin, stop, text)

    def _edit(self, view: View, hit: Hit) -> Edit:
        start, end = view.source(hit.start, hit.end)
        return Edit(start, end, hit.mask(view.data[hit.start : hit.end], end - start, fixed=self.fixed))


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
