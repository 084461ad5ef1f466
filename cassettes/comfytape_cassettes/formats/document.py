"""A file's bytes as a document: JSON, JSON lines or YAML, plain or packed, within limits."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.errors import CassetteError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Document", "json_values", "read_document"]

YAML_LIMIT = 256 << 20
"""Bytes of YAML: vcrpy itself needs a minute and 2 GB for as much."""

FILE_LIMIT = 1 << 30
"""Bytes of a file as it lies on the disk."""

SPACE = re.compile(r"\s*")
KINDS = "a HAR, a vcrpy cassette (YAML or JSON), webhook bodies of RunPod (JSON or JSON lines), or a cassette folder"


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds: the parsed ``value``, the ``text`` it was parsed from, and when the file was last changed."""

    value: Any
    text: str
    changed: float


def read_document(path: Path) -> Document:
    """Read a file of another tool.

    Raises:
        CassetteError: it is not there, not a file, too large, or neither JSON nor YAML; the message says where.
    """
    try:
        if path.exists() and not path.is_file():
            raise CassetteError(f"{path} is not a file", hint=f"give {KINDS}")
        state = path.stat()
        if state.st_size > FILE_LIMIT:
            raise CassetteError(f"{path} has {state.st_size} bytes; at most {FILE_LIMIT} are read")
        data = unpacked(path.read_bytes())
    except FileNotFoundError as error:
        raise CassetteError(f"there is no file {path}", hint=f"give the path of {KINDS}") from error
    except (OSError, ValueError) as error:
        raise CassetteError(f"{path} cannot be read: {error}", hint=f"give {KINDS}") from error
    try:
        text = text_of(data)
        return Document(parsed(text, len(data)), text, state.st_mtime)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise CassetteError(f"{path} cannot be read: {what}", hint=f"give {KINDS}") from error


def unpacked(data: bytes) -> bytes:
    """mitmproxy's ``.zhar`` is under zlib, and people put files through gzip."""
    if data[:4] == b"PK\x03\x04":
        raise ValueError("it is a .zip; unpack it first")
    try:
        if data[:2] == b"\x1f\x8b":
            return decode_content(data, "gzip")
        # What zlib writes first: 0x78 and a byte that makes both a multiple of 31. Text never does at level 1, 6 or 9.
        return decode_content(data, "deflate") if data[:2] in (b"x\x01", b"x\x9c", b"x\xda") else data
    except CassetteError as error:
        raise ValueError(str(error)) from error


def text_of(data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark, as PowerShell writes it."""
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def parsed(text: str, size: int) -> Any:
    """JSON where it begins as JSON does, else YAML."""
    begin = text.lstrip()[:1]
    if not begin:
        raise ValueError("it is empty")
    if begin in "{[":
        values = [value for value, _ in json_values(text)]
        return values[0] if len(values) == 1 else values
    if size > YAML_LIMIT:
        raise ValueError(f"{size} bytes of YAML; at most {YAML_LIMIT} are read")
    from comfytape_cassettes.formats.yaml_document import yaml_document  # noqa: PLC0415 - JSON pays nothing for it

    return yaml_document(text)


def json_values(text: str) -> list[tuple[Any, str]]:
    """All JSON values of a text, one or one a line, each with the characters that spell it.

    Raises:
        ValueError: something is no JSON (NaN and Infinity are none), or a key is there twice in an object.
    """
    decoder = json.JSONDecoder(parse_constant=refuse_constant, object_pairs_hook=once_each)
    values = []
    at = after_space(text, 0)
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        values.append((value, text[at:end]))
        at = after_space(text, end)
    return values


def after_space(text: str, at: int) -> int:
    """Where the next value begins."""
    found = SPACE.match(text, at)
    return found.end() if found else at


def refuse_constant(name: str) -> NoReturn:
    """Python's parser takes NaN and Infinity; JSON has neither (RFC 8259, 6)."""
    raise ValueError(f"{name} is no JSON number")


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which nothing is lost."""
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {double[:80]!r} is there twice in one object")
    return made
