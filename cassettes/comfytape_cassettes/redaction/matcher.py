"""Where one reading of some bytes holds a known value, a known format or a user pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.formats import FORMATS
from comfytape_cassettes.redaction.placeholder import is_masked, mask_for, same_length_mask
from comfytape_cassettes.redaction.values import spellings
from comfytape_cassettes.redaction.view import View, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_cassettes.redaction.secrets import Secrets

__all__ = ["Hit", "Matcher"]

# Every format holds a run of 16 characters of the base64 alphabet, an equals sign, or an at sign with a URL before
# it; so formats need to be looked for only around those, which is a fraction of most answers.
_BEFORE_RUN, _AFTER_RUN = 96, 96
_BEFORE_SIGN, _AFTER_SIGN = 320, 160


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
        if self.style.startswith("utf-16"):
            return same_length_mask(length // 2).decode().encode(self.style)
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

    def shapes(self, data: bytes, spans: list[tuple[int, int]]) -> Iterator[Hit]:
        """Known formats; ``spans`` are the runs of 16 characters or more of the base64 alphabet in ``data``."""
        windows = _windows(data, spans)
        if not windows:
            return
        text = windows.data
        for known in FORMATS:
            for start, end, kind in known.find(text):
                yield Hit(*_within(windows, start, end), kind)

    def custom(self, data: bytes) -> Iterator[Hit]:
        """Matches of the user's own patterns."""
        for pattern in self._patterns:
            for match in pattern.finditer(data):
                if match[0] and not is_masked(match[0].decode("latin-1")):
                    yield Hit(*match.span(), "user-pattern")


def _within(windows: View, start: int, end: int) -> tuple[int, int]:
    return windows.source(start, end)


def _windows(data: bytes, spans: list[tuple[int, int]]) -> View | None:
    """``data`` less what is far from any run or sign, or None if nothing is left."""
    near = [(start - _BEFORE_RUN, end + _AFTER_RUN) for start, end in spans]
    for sign in (b"=", b"@"):
        position = data.find(sign)
        while position >= 0:
            near.append((position - _BEFORE_SIGN, position + _AFTER_SIGN))
            position = data.find(sign, position + 1)
    if not near:
        return None
    near.sort()
    gaps: list[tuple[int, int, bytes]] = []
    done = 0
    for start, end in near:
        if start > done:
            gaps.append((done, start, b"\x00"))
        done = max(done, end)
    if done < len(data):
        gaps.append((done, len(data), b"\x00"))
    return substituted(View(data), gaps)
