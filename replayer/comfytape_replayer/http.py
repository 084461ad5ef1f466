"""HTTP for an ASGI application: uvicorn's protocol on a socket of our own. The only module that imports ``uvicorn``.

uvicorn's own ``Server`` looks ten times a second whether it shall stop and sleeps when it does; tests start and stop
many servers, so listening and stopping are done here.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Listener", "bound", "new_loop"]

BACKLOG = 2048
GRACE_S = 0.5
"""How long a stop waits for requests that are being answered."""


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol without its access log, which belongs to the program that we run in."""

    def __init__(self, config: Config, server_state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, server_state, {}, loop)
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the application the connection, in the state of each request: a fault may cut it."""
        super().connection_made(transport)
        self.app_state["comfytape.transport"] = transport


class Listener:
    """An application that listens on a bound socket within a running event loop."""

    def __init__(self, app: Any, sock: socket.socket, *, cert: Path | None = None, key: Path | None = None) -> None:
        self.config = Config(
            app, http="httptools", ws="none", loop="none", lifespan="off", interface="asgi3", log_config=None,
            server_header=False, timeout_keep_alive=75, ssl_certfile=cert, ssl_keyfile=key,
        )  # fmt: skip
        self.sock = sock
        self.state = ServerState()
        self.server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to answer."""
        try:
            self.config.load()
        except OSError as error:  # ssl.SSLError is one, and so is a file that is not there
            raise UsageError(
                f"the certificate {self.config.ssl_certfile} cannot be used: {error}",
                hint="--tls-cert and --tls-key name PEM files that belong together",
            ) from error
        self.state.default_headers = list(self.config.encoded_headers)
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(
            lambda: Protocol(self.config, self.state, loop), sock=self.sock, ssl=self.config.ssl, backlog=BACKLOG
        )

    async def stop(self) -> None:
        """Take no more connections, let running answers end, close the rest."""
        if self.server is not None:
            self.server.close()
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(set(self.state.tasks), timeout=GRACE_S)
        for task in list(self.state.tasks):
            task.cancel()
        for connection in list(self.state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes a free one.

    Raises:
        UsageError: the address is not ours or is in use.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error}", hint="--port 0 takes a free port; --host names this machine"
        ) from error
    sock.setblocking(False)
    return sock


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's event loop where it installs, else Python's own."""
    factory: Callable[[], asyncio.AbstractEventLoop]
    try:
        from uvloop import new_event_loop as factory  # noqa: PLC0415 - it does not exist on every platform
    except ImportError:
        factory = asyncio.new_event_loop
    return factory()
