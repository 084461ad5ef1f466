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
        UsageError: no such file, not YAML, a key given twice, an alias (``*name``: they can blow a small file up), or
            over 4 MiB; the message names file and line.
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
        refuse_aliases(text, path)
        root = yaml.compose(text, Loader=Loader)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error}", hint="save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply to be a file that people wrote") from error
    lines: dict[tuple[Any, ...], int] = {}
    try:
        data = plain(root, (), lines, path) if root is not None else None
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply to be a file that people wrote") from error
    return YamlFile(path, data, lines)


def refuse_aliases(text: str, path: Path) -> None:
    """An alias repeats what an anchor named; nine lines of them can stand for gigabytes."""
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise UsageError(f"{path}:{line}: aliases (*{event.anchor}) are not allowed", hint="write the value out")


def plain(node: Any, at: tuple[Any, ...], lines: dict[tuple[Any, ...], int], path: Path) -> Any:
    """A composed node as plain Python values, noting lines on the way."""
    lines[at] = node.start_mark.line + 1
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
    except (yaml.YAMLError, ValueError) as error:
        line = node.start_mark.line + 1
        raise UsageError(f"{path}:{line}: this value cannot be read: {' '.join(str(error).split())}") from error
