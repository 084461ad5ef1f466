"""Finding values in JSON by path together with the bytes that spell them, so that nothing has to be re-serialised."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Place", "Step", "places"]

Step = tuple[str, ...]
"""A path from the root: member names, ``*`` for any member or item."""

Members = Generator[tuple[str, int], int, int]

_DECODER = JSONDecoder(strict=False)
_SPACE = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Place:
    """A value at one of the paths asked for: the span that spells it (a string's quotes included) and its names."""

    start: int
    end: int
    path: Step
    value: Any = field(repr=False)
    names: tuple[str, ...] = field(repr=False)


def places(data: bytes, paths: Iterable[Step]) -> list[Place]:
    """Values at ``paths``, every duplicate of a repeated key included; empty if ``data`` is not JSON.

    Strings in ``value`` are decoded as Latin-1 (a byte a character), so that offsets are offsets in ``data``.
    """
    text = data.decode("latin-1")
    found: list[Place] = []
    try:
        _walk(text, _skip(text, 0), [(path, 0) for path in paths], (), found)
    except (ValueError, IndexError, RecursionError):
        # What was found before the text stopped being JSON still counts: a truncated answer has secrets too.
        return found
    return found


def _walk(text: str, start: int, active: list[tuple[Step, int]], names: tuple[str, ...], found: list[Place]) -> int:
    """Read one value; returns the offset after it."""
    complete = [path for path, done in active if done == len(path)]
    onward = [(path, done) for path, done in active if done < len(path)]
    if complete or not onward or text[start] not in "{[":
        value, end = _DECODER.raw_decode(text, start)
        if complete:
            found.append(Place(start, end, complete[0], value, names))
        return end
    members = _members(text, start) if text[start] == "{" else _items(text, start)
    return _descend(members, text, onward, names, found)


def _descend(
    members: Members,
    text: str,
    onward: list[tuple[Step, int]],
    names: tuple[str, ...],
    found: list[Place],
) -> int:
    try:
        name, at = next(members)
        while True:
            inner = [(path, done + 1) for path, done in onward if path[done] in ("*", name)]
            name, at = members.send(_walk(text, at, inner, (*names, name), found))
    except StopIteration as stop:
        return int(stop.value)


def _members(text: str, start: int) -> Members:
    """(name, offset of the value) of each member; it is sent the offset after each value and returns the end."""
    position = _skip(text, start + 1)
    while text[position] != "}":
        if text[position] != '"':
            raise ValueError("a member name was expected")
        name, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] != ":":
            raise ValueError("a colon was expected")
        position = _skip(text, (yield name, _skip(text, position + 1)))
        position = _after_comma(text, position, "}")
    return position + 1


def _items(text: str, start: int) -> Members:
    """As ``_members``, for an array; an item's name is its index."""
    position = _skip(text, start + 1)
    index = 0
    while text[position] != "]":
        position = _skip(text, (yield str(index), position))
        position = _after_comma(text, position, "]")
        index += 1
    return position + 1


def _after_comma(text: str, position: int, close: str) -> int:
    if text[position] == ",":
        return _skip(text, position + 1)
    if text[position] != close:
        raise ValueError(f"a comma or {close} was expected")
    return position


def _skip(text: str, position: int) -> int:
    while text[position] in _SPACE:
        position += 1
    return position
