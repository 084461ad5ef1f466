"""Headers, URLs and bodies of messages as other tools keep them, made consistent: what they say is then true."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Headers
from comfytape_cassettes.media import is_picture

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_headers", "checked_status", "checked_times", "checked_url", "fitted", "is_encoded"]

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
LONGEST_MS = 1e12
"""Thirty years: what is longer is no time that anybody waited."""


def checked_url(url: Any) -> str:
    """A URL without control characters.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(url, str) or not url or CONTROL.search(url):
        raise ValueError(f"expected a URL, got {str(url)[:80]!r}")
    urlsplit(url)  # refuses what is no URL
    return url


def checked_status(status: Any) -> int:
    """A status as HTTP has them.

    Raises:
        ValueError: it is not a whole number from 100 to 999.
    """
    number = int(status)
    if not 100 <= number <= 999:
        raise ValueError(f"expected a status from 100 to 999, got {number}")
    return number


def checked_times(started: Any, elapsed: Any) -> tuple[float, float]:
    """Milliseconds, rounded to microseconds.

    Raises:
        ValueError: not finite, or longer than anybody waited.
    """
    pair = (float(started), float(elapsed))
    if not all(isfinite(value) and abs(value) <= LONGEST_MS for value in pair):
        raise ValueError(f"expected milliseconds, got {pair}")
    return round(pair[0], 3), round(max(pair[1], 0.0), 3)


def checked_headers(pairs: Iterable[tuple[Any, Any]]) -> Headers:
    """Header pairs, less HTTP/2 pseudo headers; browsers join several Set-Cookie with line breaks.

    Raises:
        ValueError: a name or a value holds control characters, which would end the header on replay.
    """
    kept: list[tuple[str, str]] = []
    for name, value in pairs:
        if str(name).startswith(":"):
            continue
        values = str(value).splitlines() or [""] if str(name).lower() == "set-cookie" else [str(value)]
        for each in values:
            if not str(name) or CONTROL.search(str(name)) or CONTROL.search(each):
                raise ValueError(f"the header {str(name)[:80]!r} holds control characters")
            kept.append((str(name), each))
    return Headers(tuple(kept))


def is_encoded(body: bytes, content_encoding: str) -> bool:
    """Whether a body is still under the encoding that its header names; many tools keep the header and drop the rest.

    gzip and deflate are tried. Of br and zstd, which Python's standard library cannot undo, what reads as text or
    begins as a picture is taken for decoded.
    """
    try:
        decode_content(body, content_encoding)
    except CassetteError:
        known = {part.strip().lower() for part in content_encoding.split(",")} <= {"gzip", "x-gzip", "deflate"}
        if known or is_picture(body):
            return False
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return True
        return False
    return True


def fitted(headers: Headers, body: bytes) -> Headers:
    """Headers that are true of a body: no encoding that was undone, and a length that fits, each in its place."""
    encoding = headers.get("content-encoding")
    if body and encoding and not is_encoded(body, encoding):
        headers = headers.without("content-encoding")
    length = str(len(body))
    return Headers(
        tuple((name, length if body and name.lower() == "content-length" else v) for name, v in headers.items)
    )
