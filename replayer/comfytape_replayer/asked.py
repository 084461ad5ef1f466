"""What a client asks: an ASGI scope with its body, read within a limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = ["Asked", "TooLargeError"]


class TooLargeError(Exception):
    """The body is larger than the operation takes."""


class Asked:
    """One request. ``body`` is filled by ``read``."""

    __slots__ = ("body", "method", "path", "query", "scope")

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope["query_string"].decode("latin-1")
        self.body = b""

    def header(self, name: bytes) -> str:
        """The first value of a header, named in lower case; "" where it is absent."""
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), "")

    def parameter(self, name: str) -> str:
        """A query parameter, or ""."""
        return parse_qs(self.query).get(name, [""])[0]

    @property
    def url(self) -> str:
        """Path and query, quoted, as routes are read from."""
        path = quote(self.path, safe="/:@!$&'()*+,;=~-._")
        return f"{path}?{self.query}" if self.query else path

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''}"[:300]

    async def read(self, receive: Callable[[], Awaitable[Mapping[str, Any]]], limit: int) -> None:
        """Read the body.

        Raises:
            TooLargeError: it is larger than ``limit`` bytes.
        """
        announced = self.header(b"content-length")
        if announced.isdigit() and int(announced) > limit:
            raise TooLargeError
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                break
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise TooLargeError
            parts.append(part)
            if not message.get("more_body"):
                break
        self.body = b"".join(parts)

    def json(self) -> Any:
        """The body parsed; None where it is not JSON or nested too deeply."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None
