"""YAML that comes from strangers: nothing is run, nothing is multiplied, and what is ambiguous is refused."""

from __future__ import annotations

from typing import Any

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

__all__ = ["yaml_document"]

DEPTH = 64
"""A vcrpy cassette is 6 levels deep; the rest is room for JSON that aiohttp's recordings hold as YAML."""

EXPANDED = 1 << 30
"""Characters that a document may have when every alias is written out."""

MERGE = "tag:yaml.org,2002:merge"
PYTHON = "tag:yaml.org,2002:python/"


class TooMuchError(yaml.YAMLError):
    """A document that is refused for what it would become."""

    def __init__(self, what: str, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        super().__init__(f"{what}, line {line}")


class CassetteLoader(Loader):
    """A safe loader that refuses merge keys (they multiply) and keys that are there twice (one would be lost)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See PyYAML's; raises ConstructorError."""
        seen = set()
        for key, _ in node.value:
            if key.tag == MERGE:
                raise yaml.constructor.ConstructorError(None, None, "merge keys (<<) are refused", key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value[:80]!r} is there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def joined(loader: Any, node: yaml.Node) -> bytes:
    """The bytes of a file-like or iterated request body, as vcrpy writes them (Request.body, 6 to 9): no object."""
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
    mapping = loader.construct_mapping(node, deep=True)
    held = mapping.get("state") or mapping.get("args") or [b""]
    first = held[0] if isinstance(held, list) and held else b""
    parts = first if isinstance(first, list) else [first]
    return b"".join(part.encode() if isinstance(part, str) else part for part in parts if isinstance(part, str | bytes))


def text(loader: Any, node: yaml.Node) -> str:
    """A string that Python 2 called so."""
    read: str = loader.construct_scalar(node)
    return read


def sequence(loader: Any, node: yaml.Node) -> list[Any]:
    """A tuple as a list."""
    listed: list[Any] = loader.construct_sequence(node, deep=True)
    return listed


CassetteLoader.add_constructor(f"{PYTHON}tuple", sequence)
for name in ("new:_io.BytesIO", "apply:builtins.iter"):
    CassetteLoader.add_constructor(f"{PYTHON}object/{name}", joined)
for name in ("str", "unicode"):
    CassetteLoader.add_constructor(PYTHON + name, text)


def yaml_document(source: str) -> Any:
    """The document that ``source`` is.

    Raises:
        ValueError: it is no YAML, holds several documents, tags that would make objects, merge keys, a key twice,
            aliases that grow past 1 GiB, or more than 64 levels; the message names the line.
    """
    try:
        weigh(source)
        return yaml.load(source, Loader=CassetteLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        what = ", ".join(words for words in (error.context, error.problem) if words)
        raise ValueError(f"{what}{f', line {mark.line + 1}' if mark else ''}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        # PyYAML takes a value for what its tag says it is: `!!timestamp x` and `!!bool x` end in errors of any kind.
        raise ValueError(f"a value is not what its tag says ({error})") from error


def expanded(alias: yaml.AliasEvent, opened: list[tuple[str | None, int]], anchors: dict[str, int]) -> int:
    """Characters that an alias stands for; one to nothing is named by the loader."""
    if any(anchor == alias.anchor for anchor, _ in opened):
        raise TooMuchError("an alias to what it stands in", alias)
    return anchors.get(alias.anchor or "", 0) + 1


def weigh(source: str) -> None:
    """Refuse what grows or is too deep, from the parser's events alone, before anything is built."""
    opened: list[tuple[str | None, int]] = []
    anchors: dict[str, int] = {}
    total = 0
    for event in yaml.parse(source, Loader=Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, total))
            if len(opened) > DEPTH:
                raise TooMuchError(f"more than {DEPTH} levels", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                anchors[anchor] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += len(event.value) + 1
            if event.anchor:
                anchors[event.anchor] = len(event.value) + 1
        elif isinstance(event, yaml.AliasEvent):
            total += expanded(event, opened, anchors)
        if total > EXPANDED:
            raise TooMuchError("aliases that grow without end", event)
