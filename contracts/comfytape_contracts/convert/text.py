"""What the frontend does to texts as it writes the prompt: choices, comments, and names of other widgets.

Source: ComfyUI_frontend 1.36.14, packages/shared-frontend-utils/src/formatUtil.ts (processDynamicPrompt),
src/utils/searchAndReplace.ts (applyTextReplacements).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfytape_contracts.convert.javascript import UNDEFINED, to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.convert.graph import Node

__all__ = ["DEEPEST", "first_choice", "nesting", "with_replacements"]

DEEPEST = 100
"""How deep ``{a|{b|c}}`` may nest."""
_COMMENT = re.compile(r"/\*[\s\S]*?\*/|//[^\n\r\u2028\u2029]*")
_ESCAPED = re.compile(r"\\([{}|])")
_NAMED = re.compile(r"%([^%]+)%")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1F\x7F]')


def nesting(text: str) -> int:
    """The deepest nesting of braces."""
    depth = deepest = 0
    for character in text:
        if character == "{":
            depth += 1
            deepest = max(deepest, depth)
        elif character == "}":
            depth = max(depth - 1, 0)
    return deepest


def first_choice(text: str) -> str:
    """Resolves ``{a|b}`` and drops ``// …`` and ``/* … */``.

    The frontend picks a choice at random; a conversion must give the same result every time, so it picks the first.
    """
    text = _COMMENT.sub("", text)
    parts: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            parts.append("\\" + _escaped(text, position))
            position += 1
        elif character == "{":
            choice, position = _first_of_block(text, position)
            parts.append(first_choice(choice))
        else:
            parts.append(character)
    return _ESCAPED.sub(r"\1", "".join(parts))


def _escaped(text: str, position: int) -> str:
    return text[position] if position < len(text) else "undefined"


def _first_of_block(text: str, position: int) -> tuple[str, int]:
    """The first choice of a block that opened before ``position``, and where the block ends."""
    choice: list[str] = []
    depth = 0
    is_first = True
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            character += _escaped(text, position)
            position += 1
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                break
            depth -= 1
        elif character == "|" and not depth:
            is_first = False
        if is_first:
            choice.append(character)
    return "".join(choice), position


def with_replacements(text: str, nodes: Sequence[Node]) -> str:
    """Replaces ``%Node.widget%`` by that widget's value; everything else, dates included, stays as it is."""

    def replacement(match: re.Match[str]) -> str:
        node_name, dot, widget_name = match.group(1).partition(".")
        if not dot or "." in widget_name:
            return match.group()
        node = next((n for n in nodes if n.properties.get("Node name for S&R") == node_name), None)
        node = node or next((n for n in nodes if n.title == node_name), None)
        widget = node.widget(widget_name) if node is not None else None
        if widget is None:
            return match.group()
        value = widget.value
        return _UNSAFE.sub("_", "" if value is None or value is UNDEFINED else to_text(value))

    return _NAMED.sub(replacement, text)
