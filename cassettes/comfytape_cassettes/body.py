"""Bodies: bytes that may still be on disk, and the three ways in which the index spells them.

``"text"``                                  short UTF-8 text, in the index itself
``{"file": "bodies/3f….json"}``             everything else, in a file named by its content
either, with ``"lifted": ["8c….png", …]``   the text holds placeholders where base64 images stood; each image is a file

Lossless or not at all: a spelling is used only after it was undone and compared with the bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.media import is_picture, suffix_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "EMPTY",
    "INLINE_LIMIT",
    "REMEDY",
    "Body",
    "BodySource",
    "body_files",
    "content_name",
    "picture_named",
    "spell",
]

INLINE_LIMIT = 4096
"""Bytes of text up to which a body stays in the index, so that a review sees it."""

REMEDY = "restore it from git, or record or import it again"
PLACEHOLDER = "comfytape-body:"
PLACEHOLDER_PATTERN = re.compile(PLACEHOLDER + r"([0-9a-f]{32}\.[a-z0-9]+)")
BASE64_RUN = re.compile(r'(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{300,}+={0,2}+(?=\\*")')
"""A whole base64 string up to its closing quote: one in pieces (escaped slashes, line breaks) is half a picture."""


class BodySource(Protocol):
    """Where body files are read from."""

    def read(self, name: str) -> bytes:
        """The bytes of ``bodies/<name>``, verified against the name."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Bytes of a request or response, read when asked for. Two bodies are equal when their bytes are."""

    spec: Any
    source: BodySource | None = None
    where: str = ""
    """Which exchange it belongs to, for errors."""

    @classmethod
    def of(cls, data: bytes) -> Body:
        """A body that is in memory."""
        return cls(data)

    def __eq__(self, other: object) -> bool:
        """Equal spellings are equal bytes, since spelling is deterministic; otherwise the bytes decide."""
        if not isinstance(other, Body):
            return NotImplemented
        return self.spec == other.spec or self.raw() == other.raw()

    def __hash__(self) -> int:
        return hash(self.raw())

    def raw(self) -> bytes:
        """The bytes.

        Raises:
            CassetteError: a body file is missing or does not match its name; the message names file and exchange.
        """
        if isinstance(self.spec, bytes):
            return self.spec
        if self.spec is None:
            return b""
        place = f" ({self.where})" if self.where else ""
        try:
            return self.spec.encode() if isinstance(self.spec, str) else restore(self.spec, self.read_file)
        except CassetteError as error:
            raise CassetteError(f"{error}{place}", hint=error.hint) from error
        except UnicodeError as error:
            raise CassetteError(f"a body cannot be restored: {error}{place}", hint=REMEDY) from error

    def outline(self) -> bytes | None:
        """The bytes with a placeholder for each picture that is a file of its own; None where there is no such picture.

        ``picture_named`` tells which file a placeholder stands for, ``read_file`` gives its bytes.

        Raises:
            CassetteError: a body file is missing or does not match its name.
        """
        if not isinstance(self.spec, dict) or not self.spec.get("lifted"):
            return None
        return Body({name: part for name, part in self.spec.items() if name != "lifted"}, self.source, self.where).raw()

    def read_file(self, name: str) -> bytes:
        """One body file through this body's source."""
        if self.source is None:
            raise CassetteError(f"body file {name} is named, but this body belongs to no folder", hint=REMEDY)
        return self.source.read(name)

    def decoded(self, content_encoding: str) -> bytes:
        """The bytes with a Content-Encoding undone.

        Raises:
            CassetteError: unknown encoding, damaged data, or more than 64 MiB of output.
        """
        data = self.raw()
        try:
            return decode_content(data, content_encoding)
        except CassetteError as error:
            raise CassetteError(f"{error} ({self.where})" if self.where else str(error), hint=error.hint) from error

    def text(self) -> str:
        """The bytes as UTF-8; what is not UTF-8 becomes U+FFFD, since this is a view and never written back."""
        return self.raw().decode("utf-8", "replace")

    def json(self) -> Any:
        """The bytes as JSON (NaN and big integers kept, as Python's parser does).

        Raises:
            ValueError: it is not JSON, or is nested too deeply.
        """
        try:
            return json.loads(self.raw())
        except RecursionError as error:
            raise ValueError("JSON is nested too deeply") from error

    def files(self) -> Iterator[str]:
        """Names of the body files this body needs."""
        yield from body_files(self.spec)

    def __bool__(self) -> bool:
        return bool(self.raw()) if isinstance(self.spec, bytes) else self.spec not in (None, "")


EMPTY = Body(None)


def content_name(data: bytes, suffix: str) -> str:
    """The file name for these bytes: 128 bits of SHA-256 in hex, and a suffix that lets people and GitHub open it."""
    return f"{hashlib.sha256(data).hexdigest()[:32]}.{suffix}"


def body_files(spec: Any) -> Iterator[str]:
    """Names of the body files that a spelling refers to."""
    if isinstance(spec, dict):
        if isinstance(spec.get("file"), str):
            yield spec["file"].removeprefix("bodies/")
        yield from (name for name in spec.get("lifted", ()) if isinstance(name, str))


def picture_named(text: str) -> str | None:
    """The file for which a placeholder stands; None where the text is no placeholder, or more than one.

    Raises:
        ValueError: there is a placeholder in it, among other text.
    """
    if PLACEHOLDER not in text:
        return None
    found = PLACEHOLDER_PATTERN.fullmatch(text)
    if found is None:
        raise ValueError("a placeholder among other text")
    return found[1]


def spell(data: bytes, content_type: str, put: Callable[[str, bytes], None]) -> Any:
    """The index spelling of a body; files go out through ``put(name, bytes)`` before the spelling is returned."""
    if not data:
        return None
    lifted, parts = lift(data)
    for name, part in parts.items():
        put(name, part)
    spec = place(lifted, content_type, put)
    if parts:
        spec = {**(spec if isinstance(spec, dict) else {"string": spec}), "lifted": list(parts)}
    return spec


def place(data: bytes, content_type: str, put: Callable[[str, bytes], None]) -> Any:
    """Short text stays where it is; the rest becomes a file."""
    if len(data) <= INLINE_LIMIT:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    name = content_name(data, suffix_of(data, content_type))
    put(name, data)
    return {"file": f"bodies/{name}"}


def lift(data: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Take base64 pictures out of a text body, or leave it as it is when that could not be undone exactly."""
    if data.lstrip()[:1] not in (b"{", b"[", b'"') or PLACEHOLDER.encode() in data:
        return data, {}
    try:
        text = data.decode("ascii", "strict") if data.isascii() else data.decode("utf-8")
    except UnicodeDecodeError:
        return data, {}
    parts: dict[str, bytes] = {}

    def replaced(run: re.Match[str]) -> str:
        picture = picture_in(run[0])
        if picture is None:
            return run[0]
        name = content_name(picture, suffix_of(picture, ""))
        parts[name] = picture
        return PLACEHOLDER + name

    lifted = BASE64_RUN.sub(replaced, text).encode()
    if not parts or lower(lifted, parts.__getitem__) != data:
        return data, {}
    return lifted, parts


def picture_in(run: str) -> bytes | None:
    """The picture that a base64 run spells canonically, or None."""
    try:
        picture = base64.b64decode(run, validate=True)
    except binascii.Error:
        return None
    canonical = base64.b64encode(picture).decode() == run
    return picture if canonical and is_picture(picture) else None


def lower(lifted: bytes, read: Callable[[str], bytes]) -> bytes:
    """Put the pictures back: the inverse of ``lift``."""
    return PLACEHOLDER_PATTERN.sub(lambda found: base64.b64encode(read(found[1])).decode(), lifted.decode()).encode()


def restore(spec: dict[str, Any], read: Callable[[str], bytes]) -> bytes:
    """The bytes that a dict spelling stands for."""
    text = spec.get("string")
    data = text.encode() if isinstance(text, str) else read(spec["file"].removeprefix("bodies/"))
    return lower(data, read) if spec.get("lifted") else data
