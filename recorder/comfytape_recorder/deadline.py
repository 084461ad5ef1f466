"""A limit for a whole exchange: requests' own limits are for one read, and a server that drips never meets them.

A guard is set for the calling thread; the connection that the thread then uses is shut down when its time is over,
though headers or body are still coming in.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from types import TracebackType

    from urllib3.poolmanager import PoolManager, ProxyManager

__all__ = ["Guard", "GuardedAdapter"]

OWNERSHIP = threading.Lock()
"""Held while a connection changes hands or is cut: a pooled one must not be cut for its former user."""

ACTIVE = threading.local()


class Guard:
    """Cuts the connection of the calling thread after ``seconds``, or when ``cut`` is called; a context manager."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.expired = False
        self.connection: Guarded | None = None
        self.sock: Any = None
        self.over = False

    def __enter__(self) -> Self:
        ACTIVE.guard = self
        WATCHDOG.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over = True
        ACTIVE.guard = None
        with OWNERSHIP:
            if self.connection is not None and self.connection.guard is self:
                self.connection.guard = None

    def adopt(self, connection: Guarded) -> None:
        """Watch a connection from now on."""
        with OWNERSHIP:
            # The connection forgets its socket when the body will end with it; the socket is what must be cut.
            self.connection, self.sock = connection, connection.sock
            connection.guard = self
            if self.expired:
                shut(self.sock)

    def cut(self) -> None:
        """End the exchange now: whoever reads sees the end of the connection."""
        with OWNERSHIP:
            self.expired = True
            if self.connection is not None and self.connection.guard is self:
                shut(self.sock)


class Watchdog:
    """Cuts guards whose time is over; one thread for all, since starting one for each exchange costs too much."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: list[tuple[float, int, Guard]] = []
        self.counter = itertools.count()
        self.thread: threading.Thread | None = None

    def watch(self, guard: Guard) -> None:
        """Cut the guard when its seconds are over, unless it is over before."""
        with self.changed:
            entry = (time.monotonic() + guard.seconds, next(self.counter), guard)
            heapq.heappush(self.waiting, entry)
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="deadlines", daemon=True)
                self.thread.start()
            elif self.waiting[0] is entry:
                self.changed.notify()

    def run(self) -> None:
        """Wait for the next deadline, for ever."""
        while True:
            with self.changed:
                while not self.waiting or self.waiting[0][0] > time.monotonic():
                    self.changed.wait(self.waiting[0][0] - time.monotonic() if self.waiting else None)
                guard = heapq.heappop(self.waiting)[2]
            if not guard.over:
                guard.cut()


WATCHDOG = Watchdog()


class Guarded:
    """A connection of urllib3 that tells the active guard about itself."""

    guard: Guard | None = None
    sock: Any

    def connect(self) -> None:
        """Connect; from here on the limit of the exchange holds, not that of connecting."""
        super().connect()  # type: ignore[misc]
        self.offer()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request; a connection that is already open is offered here."""
        self.offer()
        super().request(*args, **kwargs)  # type: ignore[misc]

    def offer(self) -> None:
        """Hand an open connection to the active guard. Sending may take as long as the exchange."""
        guard = getattr(ACTIVE, "guard", None)
        if guard is not None and self.sock is not None:
            self.sock.settimeout(guard.seconds)
            guard.adopt(self)


def shut(sock: socket.socket) -> None:
    """Shut a socket down; a TLS socket's own method would tear TLS from under the reading thread."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class GuardedHTTPConnection(Guarded, HTTPConnection):
    """http://."""


class GuardedHTTPSConnection(Guarded, HTTPSConnection):
    """https://."""


class GuardedHTTPPool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = GuardedHTTPConnection


class GuardedHTTPSPool(HTTPSConnectionPool):
    """Connections to one host, over TLS."""

    ConnectionCls = GuardedHTTPSConnection


class GuardedAdapter(HTTPAdapter):
    """An adapter of requests whose connections heed guards, through a proxy too."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See ``HTTPAdapter``."""
        super().init_poolmanager(*args, **kwargs)
        guarded(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """See ``HTTPAdapter``."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        guarded(manager)
        return manager


def guarded(manager: PoolManager) -> None:
    """Let a pool manager open guarded connections."""
    manager.pool_classes_by_scheme = {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}
