"""YAML files that come in pull requests: read without running code, without aliases, with the line of every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from comfytape_cassettes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["YamlFile", "read_yaml"]

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SIZE_LIMIT = 4 << 20
DEPTH_LIMIT = 64
"""Levels of nesting: libyaml's composer recurses in C and kills the process long before Python would complain."""

PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML document and where its values stand; ``lines`` maps a path of keys and indexes to a line from 1."""

    path: Path
    data: Any
    lines: Mapping[tuple[Any, ...], int]

    def line(self, path: tuple[Any, ...]) -> int | None:
        """The line of a value, or of the nearest thing around it that is in the file."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML document.

    Raises:
        UsageError: no such file, not YAML, a key given twice, an alias (``*name``: they can blow a small file up),
            nested over 64 levels deep, or over 4 MiB; the message names file and line.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT:
        raise UsageError(f"{path} is larger than {SIZE_LIMIT >> 20} MiB: not a file that people wrote")
    try:
        text = raw.decode("utf-8-sig")
        refuse_bombs(text, path)
        root = yaml.compose(text, Loader=Loader)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}:{line}: not UTF-8 text: byte 0x{raw[error.start]:02x} {error.reason}", hint="save it as UTF-8"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise UsageError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {words}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UsageError(
            f"{path}:{line}: not YAML: the character {chr(error.character)!r} is not allowed in a text file"
        ) from error
    lines: dict[tuple[Any, ...], int] = {}
    data = plain(root, (), lines, path) if root is not None else None
    return YamlFile(path, data, lines)


def refuse_bombs(text: str, path: Path) -> None:
    """Refuse aliases, for nine lines of them can stand for gigabytes, and nesting that no person writes."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(f"{path}:{line}: aliases (*{event.anchor}) are not allowed", hint="write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise UsageError(f"{path}:{line}: nested over {DEPTH_LIMIT} levels deep: not a file that people wrote")


def plain(node: Any, at: tuple[Any, ...], lines: dict[tuple[Any, ...], int], path: Path) -> Any:
    """A composed node as plain Python values, noting lines on the way."""
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.CollectionNode) and node.tag not in PLAIN_TAGS:
        raise UsageError(f"{path}:{lines[at]}: this value cannot be read: the tag {node.tag} is not allowed")
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = scalar(key_node, path)
            if key in found:
                raise UsageError(f"{path}:{key_node.start_mark.line + 1}: the key {key!r} is given twice")
            found[key] = plain(value_node, (*at, key), lines, path)
            lines[(*at, key)] = key_node.start_mark.line + 1
        return found
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, (*at, number), lines, path) for number, item in enumerate(node.value)]
    return scalar(node, path)


def scalar(node: Any, path: Path) -> Any:
    """A scalar as YAML 1.1 types it, less the tags that build objects."""
    loader = yaml.SafeLoader("")
    try:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.YAMLError("a key must be a plain word")
        return loader.construct_object(node)
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML takes a value for what its tag says it is: `!!timestamp x` and `!!bool x` end in errors of any kind.
        line = node.start_mark.line + 1
        raise UsageError(f"{path}:{line}: this value cannot be read: {' '.join(str(error).split())}") from error
