"""HTTP for an ASGI application: uvicorn's protocol on a socket of our own. The only module that imports ``uvicorn``.

uvicorn's own ``Server`` looks ten times a second whether it shall stop and sleeps when it does; tests start and stop
many servers, so listening and stopping are done here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from comfytape_cassettes import UsageError
from comfytape_replayer.answer import Answer, last_answer
from comfytape_replayer.tunnel import Tunnel

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_replayer.websocket import WebSocket

    Upgrade = Callable[[Mapping[str, Any]], WebSocket | Tunnel | Answer]

__all__ = ["Listener", "bound", "new_loop"]

BACKLOG = 2048
GRACE_S = 0.5
"""How long a stop waits for requests that are being answered."""


HEAD_LIMIT = 64 << 10
"""Bytes of a request line and its headers."""
MESSAGE_LIMIT = 128 << 20
"""Bytes of a whole request; ComfyUI takes uploads of 100 MiB."""
ARRIVAL_S = 30.0
"""Seconds in which a request must have arrived, from its first byte; a new connection may be silent as long."""
SWEEP_S = 2.0
DOORS = 8
"""uvloop takes one new connection in a turn of its loop, and a turn answers every busy client: beside a hundred of
them a newcomer waited for seconds. A socket that is listened on by several handles lets as many in."""

AtOnce = Callable[[bytes, Sequence[tuple[bytes, bytes]]], list[bytes] | None]


class Answered:
    """Stands where uvicorn keeps the request that is being answered: this one is answered already."""

    response_complete = True
    message_event = asyncio.Event()


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with limits, and with a short way for what the application can answer at once.

    Its access log is off: that belongs to the program that we run in.
    """

    cycle: Any
    """The request that is being answered; uvicorn has None there before the first."""

    def __init__(
        self, config: Config, server_state: ServerState, loop: asyncio.AbstractEventLoop, app: Any = None
    ) -> None:
        super().__init__(config, server_state, {}, loop)
        self.access_log = False
        self.at_once: AtOnce | None = getattr(app, "at_once", None)
        self.upgrade: Upgrade | None = getattr(app, "upgrade", None)
        # uvicorn asks only whether there is one.
        self.ws_protocol_class = asyncio.Protocol if self.upgrade is not None else None
        self.waits_since: float | None = loop.time()
        self.in_head = True
        self.received = 0

    def data_received(self, data: bytes) -> None:
        """Take what came, and no more than a request may have."""
        self.received += len(data)
        super().data_received(data)
        if self.waits_since is not None and self.received > (HEAD_LIMIT if self.in_head else MESSAGE_LIMIT):
            self.refuse(b"431 Request Header Fields Too Large" if self.in_head else b"413 Content Too Large")

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self.waits_since, self.in_head, self.received = self.loop.time(), True, 0

    def on_headers_complete(self) -> None:
        """Answer at once, or let the application be called."""
        self.in_head = False
        if self.at_once is not None and (self.cycle is None or self.cycle.response_complete):
            parser = self.parser
            plain = parser.get_method() == b"GET" and parser.get_http_version() == "1.1"
            if plain and parser.should_keep_alive() and not parser.should_upgrade() and not self.flow.write_paused:
                answer = self.at_once(self.url, self.headers)
                if answer is not None:
                    self.cycle = Answered
                    self.transport.writelines(answer)
                    self.on_response_complete()
                    return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request's last byte."""
        super().on_message_complete()
        self.waits_since = None

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to a websocket, or say why not; the application decides."""
        from comfytape_replayer.websocket import accept_of  # noqa: PLC0415 - most never listen

        if self.upgrade is None or not (self.cycle is None or self.cycle.response_complete):
            return self.refuse(b"400 Bad Request")
        accept = accept_of(dict(self.headers))
        if accept is None:
            return self.refuse(b"426 Upgrade Required\r\nsec-websocket-version: 13")
        target = urlsplit(self.url)
        path = unquote_to_bytes(target.path).decode("utf-8", "replace")
        found = self.upgrade({**self.scope, "path": path, "raw_path": target.path, "query_string": target.query})
        if isinstance(found, Answer):
            self.transport.write(last_answer(found, self.server_state.default_headers))
            return self.transport.close()
        if not isinstance(found, Tunnel):  # there, the server behind answers
            own = b"".join(b"%s: %s\r\n" % pair for pair in self.server_state.default_headers)
            head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            self.transport.writelines([head, own, b"sec-websocket-accept: ", accept, b"\r\n\r\n"])
        self.connections.discard(self)
        connections: set[Any] = self.connections  # a stop asks nothing of one that a websocket cannot do
        connections.add(found)
        self.transport.set_protocol(found)
        return found.connection_made(self.transport)

    def refuse(self, status: bytes) -> None:
        """Answer what is no request, and hang up."""
        if not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % status)
            self.transport.close()

    def drop_late(self, now: float) -> None:
        """Hang up on a client that is not done with its request in time."""
        if self.waits_since is not None and now - self.waits_since > ARRIVAL_S:
            self.refuse(b"408 Request Timeout")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the application the connection, in the state of each request: a fault may cut it."""
        super().connection_made(transport)
        self.app_state["comfytape.transport"] = transport


class Listener:
    """An application that listens on a bound socket within a running event loop.

    An application may have ``at_once(url, headers)``: the whole answer to a GET in pieces, or None to be called as ASGI
    has it; and ``upgrade(scope)``: a websocket for a client that asks for one, a tunnel to where there is one, or the
    answer that refuses it.
    ``server`` is what each answer's ``Server`` header says.
    """

    def __init__(
        self, app: Any, sock: socket.socket, *, server: str = "", cert: Path | None = None, key: Path | None = None
    ) -> None:
        self.app = app
        self.sweeping: asyncio.TimerHandle | None = None
        self.config = Config(
            app, http="httptools", ws="none", loop="none", lifespan="off", interface="asgi3", log_config=None,
            server_header=False, proxy_headers=False, headers=[("server", server)] if server else None,
            timeout_keep_alive=75, ssl_certfile=cert, ssl_keyfile=key,
        )  # fmt: skip
        self.sock = sock
        self.state = ServerState()
        self.servers: list[asyncio.Server] = []

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
        doors = [self.sock]
        if not isinstance(loop, asyncio.BaseEventLoop):  # Python's own takes all who wait
            doors += [self.sock.dup() for _ in range(DOORS - 1)]
        for door in doors:
            server = await loop.create_server(
                lambda: Protocol(self.config, self.state, loop, self.app),
                sock=door,
                ssl=self.config.ssl,
                backlog=BACKLOG,
            )
            self.servers.append(server)
        self.sweep(loop)

    def sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look now and then for clients that are too slow: one timer for all costs a request nothing."""
        for connection in list(self.state.connections):
            if isinstance(connection, Protocol):
                connection.drop_late(loop.time())
        self.sweeping = loop.call_later(SWEEP_S, self.sweep, loop)

    async def stop(self) -> None:
        """Take no more connections, let running answers end, close the rest; an application may have ``aclose()``."""
        if self.sweeping is not None:
            self.sweeping.cancel()
        for server in self.servers:
            server.close()
        for connection in list(self.state.connections):
            connection.shutdown()
        if self.state.tasks:
            await asyncio.wait(set(self.state.tasks), timeout=GRACE_S)
        for task in list(self.state.tasks):
            task.cancel()
        for connection in list(self.state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        aclose: Callable[[], Awaitable[None]] | None = getattr(self.app, "aclose", None)
        if aclose is not None:
            await aclose()


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
