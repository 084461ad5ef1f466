"""A websocket through the proxy: after its handshake, bytes go both ways as they are.

What is said on it is not kept. ComfyUI tells its websockets of the prompts that came by HTTP, and those are recorded: a
replay tells of them itself.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_replayer.answer import last_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfytape_replayer.answer import Answer

__all__ = ["Tunnel"]

REACHED_S = 30.0
"""Seconds in which the server behind must take the connection."""


class End(asyncio.Protocol):
    """One end of a tunnel: what comes in here goes out at the other, no faster than it is read there."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a connection."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Nobody reads here: take nothing in at the other end."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """One end is gone, and so is the other once it has sent what it had."""
        self.transport = None
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Tunnel(End):
    """The client's end, which opens the one to the server.

    Args:
        url: what is asked for at the server (``http`` or ``https``).
        headers: the client's, less those about its connection.
        failed: hears why the server was not reached, and says what the client is answered.
    """

    def __init__(self, url: str, headers: Iterable[tuple[str, str]], failed: Callable[[str], Answer]) -> None:
        super().__init__()
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.port = parts.port or (443 if self.tls else 80)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        pairs = [("Host", parts.netloc), *headers, ("Connection", "Upgrade"), ("Upgrade", "websocket")]
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
        self.head = "\r\n".join((*lines, "", "")).encode("latin-1")
        self.failed = failed
        self.reaching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over the client's connection, and reach for the server."""
        super().connection_made(transport)
        transport.pause_reading()
        self.reaching = asyncio.get_running_loop().create_task(self.reach())

    async def reach(self) -> None:
        """Connect, send the handshake on, and let bytes pass."""
        far = End()
        try:
            async with asyncio.timeout(REACHED_S):
                await asyncio.get_running_loop().create_connection(lambda: far, self.host, self.port, ssl=self.tls)
        except OSError as error:  # TimeoutError and ssl.SSLError are such
            answer = self.failed(str(error) or f"no connection within {REACHED_S:g} s")
            if self.transport is not None:
                self.transport.write(last_answer(answer))
                self.transport.close()
            return
        self.other, far.other = far, self
        if far.transport is not None:
            far.transport.write(self.head)
        if self.transport is not None:
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; nobody needs to be reached any more."""
        if self.reaching is not None:
            self.reaching.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The proxy stops."""
        if self.transport is not None:
            self.transport.close()
