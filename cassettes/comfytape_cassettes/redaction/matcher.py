"""Where one reading of some bytes holds a known value, a known format or a user pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.formats import formats_in, parameters_in, passwords_in
from comfytape_cassettes.redaction.placeholder import is_masked, mask_for, same_length_mask
from comfytape_cassettes.redaction.values import spellings
from comfytape_cassettes.redaction.view import View, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_cassettes.redaction.secrets import Secrets

__all__ = ["Hit", "Matcher"]

# Tokens are looked for only around runs, which are a fraction of most answers. Before a run: the longest header that
# belongs to it (PEM's). After it: one character, for look-ahead.
_BEFORE_RUN, _AFTER_RUN = 48, 1


@dataclass(frozen=True, slots=True)
class Hit:
    """``data[start:end]`` is a secret of ``kind``, spelled in ``style``."""

    start: int
    end: int
    kind: str
    style: str = "plain"

    def mask(self, spelled: bytes, length: int, *, fixed: bool) -> bytes:
        """What replaces this hit, which reads ``spelled`` here and has ``length`` bytes in the source."""
        if self.style == "hex":
            return (b"58" * length)[:length]
        if self.style == "base64":
            return same_length_mask(length)
        return mask_for(spelled, length, fixed=fixed)


class Matcher:
    """The search for one set of secrets. Immutable, so threads may share it."""

    __slots__ = ("_needles", "_patterns")

    def __init__(self, secrets: Secrets) -> None:
        self._needles = tuple(spelling for secret in secrets for spelling in spellings(secret.value))
        self._patterns = secrets.patterns

    def values(self, data: bytes, *, inside_json: bool = False) -> Iterator[Hit]:
        """Known values in any spelling. Inside JSON text, a match with a bare quote would span two strings."""
        for spelling in self._needles:
            needle = spelling.needle
            if inside_json and b'"' in needle:
                continue
            position = data.find(needle)
            while position >= 0:
                yield Hit(position, position + len(needle), "known-value", spelling.style)
                position = data.find(needle, position + len(needle))

    def quotes_in(self, data: bytes) -> bool:
        """Whether a known value that has a quote in it stands here as it is."""
        return any(b'"' in spelling.needle and spelling.needle in data for spelling in self._needles)

    def shapes(self, data: bytes, spans: list[tuple[int, int]]) -> Iterator[Hit]:
        """Known formats; ``spans`` are the runs of ``LEAST`` characters or more in ``data``."""
        for start, end, kind in (*parameters_in(data), *passwords_in(data)):
            yield Hit(start, end, kind)
        if spans:
            near = _windows(data, spans)
            for start, end, kind in formats_in(near.data):
                yield Hit(*near.source(start, end), kind)

    def custom(self, data: bytes) -> Iterator[Hit]:
        """Matches of the user's own patterns."""
        for pattern in self._patterns:
            for match in pattern.finditer(data):
                if match[0] and not is_masked(match[0].decode("latin-1")):
                    yield Hit(*match.span(), "user-pattern")


def _windows(data: bytes, spans: list[tuple[int, int]]) -> View:
    """``data`` less what is far from any of ``spans``."""
    gaps: list[tuple[int, int, bytes]] = []
    done = 0
    for start, end in spans:
        if start - _BEFORE_RUN > done:
            gaps.append((done, start - _BEFORE_RUN, b"\x00"))
        done = end + _AFTER_RUN
    if done < len(data):
        gaps.append((done, len(data), b"\x00"))
    return substituted(View(data), gaps)
