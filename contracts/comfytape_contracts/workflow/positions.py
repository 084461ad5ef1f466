"""Where each node and input stands in the text of a workflow file."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["Positions"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,\n]')
_KEPT_DEPTH = 8
"""Keys nested deeper than this get no line: a node's input is four keys deep inside the widest known envelope."""


class Positions:
    """Line numbers, from 1, of the keys of a JSON text.

    A text that is no JSON gives whatever could be told; nothing here raises.
    """

    def __init__(self, lines: dict[tuple[str, ...], int]) -> None:
        self._lines = lines

    @classmethod
    def of(cls, text: str) -> Positions:
        """Scan a text once, in time linear in its length, without recursion."""
        scanner = _Scanner()
        for match in _TOKEN.finditer(text):
            scanner.feed(match.group())
        return cls(scanner.lines)

    def line(self, *path: str | None) -> int | None:
        """The line of the deepest key of the path that the text has; Nones end the path."""
        known = tuple(path[: path.index(None)] if None in path else path)
        for end in range(len(known), 0, -1):
            found = self._lines.get(known[:end])  # type: ignore[arg-type]
            if found is not None:
                return found
        return None


class _Scanner:
    """Keeps the path to the present place; lists hold a place on it without a key."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {}
        self._line = 1
        self._path: list[str | None] = []
        self._last: tuple[str, int] | None = None

    def feed(self, token: str) -> None:
        if token == "\n":
            self._line += 1
        elif token[0] == '"':
            self._last = (token, self._line)
            self._line += token.count("\n")
        elif token == ":":
            self._key()
        elif token in "{[":
            self._path.append(None)
            self._last = None
        elif token in "}]":
            if self._path:
                self._path.pop()
            self._last = None
        elif token == "," and self._path:
            self._path[-1] = None

    def _key(self) -> None:
        if self._last is None or not self._path:
            return
        token, line = self._last
        self._path[-1] = _text(token)
        self._last = None
        if len(self._path) <= _KEPT_DEPTH and None not in self._path:
            self.lines[tuple(part for part in self._path if part is not None)] = line


def _text(token: str) -> str:
    try:
        value: Any = json.loads(token, strict=False)
    except ValueError:
        return token[1:-1]
    return str(value)
