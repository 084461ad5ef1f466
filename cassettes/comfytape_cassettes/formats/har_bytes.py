"""The bytes behind a text in a HAR: writers decode them, and do not always say how."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from comfytape_cassettes.media import is_picture

__all__ = ["content_of", "posted"]


def content_of(content: dict[str, Any], message: dict[str, Any]) -> bytes:
    """A body's bytes; ``encoding: base64`` is how HAR spells binary.

    Raises:
        ValueError: its base64 does not decode.
    """
    text = content.get("text") or ""
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"its base64 content does not decode: {error}") from error
    return encoded(str(text), content.get("size"), str(content.get("mimeType") or type_of(message)))


def posted(request: dict[str, Any]) -> bytes:
    """A request's bytes; some writers use ``encoding: base64`` here too, and forms may come as ``params`` alone."""
    post = request.get("postData")
    if not post:
        return b""
    if post.get("text") or not post.get("params"):
        return content_of({"size": request.get("bodySize"), **post}, request)
    return "&".join(f"{p.get('name', '')}={p.get('value', '')}" for p in post["params"]).encode()


def encoded(text: str, size: Any, content_type: str) -> bytes:
    """The bytes that a writer decoded to ``text``; ``size`` is how many it says there were.

    mitmproxy 11 and 12 give a picture as text when most of its first bytes are printable, decoded as Latin-1, and
    other bytes that are no UTF-8 with surrogates (mitmproxy/addons/savehar.py,
    mitmproxy/net/http/headers.py infer_content_encoding).
    """
    plain = in_charset(text, "utf-8")
    # An ASCII text has the same bytes in all of them.
    if plain is not None and (text.isascii() or len(plain) == size):
        return plain
    latin = in_charset(text, "latin-1")
    if latin is not None and is_picture(latin):
        return latin
    for charset in (charset_of(content_type), "latin-1"):
        data = in_charset(text, charset) if charset else None
        if data is not None and len(data) == size:
            return data
    if plain is not None:
        return plain
    escaped = in_charset(text, "utf-8", "surrogateescape")
    return escaped if escaped is not None else text.encode("utf-8", "surrogatepass")


def in_charset(text: str, charset: str, errors: str = "strict") -> bytes | None:
    """The bytes, or None where the charset is unknown or cannot spell the text."""
    try:
        return text.encode(charset, errors)
    except (UnicodeError, LookupError):
        return None


def charset_of(content_type: str) -> str:
    """The charset that a content type names, or ""."""
    named = [part.strip() for part in content_type.split(";")[1:]]
    return next((part[8:].strip("\"' ") for part in named if part.lower().startswith("charset=")), "")


def type_of(message: dict[str, Any]) -> str:
    """The content type in a message's headers."""
    headers = message.get("headers") or []
    return next((str(h["value"]) for h in headers if str(h["name"]).lower() == "content-type"), "")
