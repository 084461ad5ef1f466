"""Keeps a test off the network: only the replay server may be connected to."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALLOW", "BLOCK", "LOOPBACK", "NetworkBlockedError", "only"]

BLOCK, LOOPBACK, ALLOW = "block", "loopback", "allow"
HERE = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104 - names that lead to this machine, not an address to bind


class NetworkBlockedError(RuntimeError):
    """A test tried to leave. Not an OSError, so that no client takes it for a failing network and tries again."""


@contextmanager
def only(url: str, policy: str = BLOCK) -> Iterator[None]:
    """Allow connections to the server at ``url`` alone; ``loopback`` allows this machine, ``allow`` everything."""
    if policy == ALLOW:
        yield
        return
    host, _, port = url.rpartition("//")[2].rpartition(":")
    allowed = (host.strip("[]"), int(port))
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(address: Any) -> None:
        """Refuse an address that is not the server's."""
        if not isinstance(address, tuple) or address[:2] == allowed:
            return
        if policy == LOOPBACK and str(address[0]).startswith(HERE):
            return
        raise NetworkBlockedError(
            f"this test is off the network: it tried {address[0]}:{address[1]}, allowed is {url}. Point the client at "
            "the replay server (comfytape_replay.url), or allow more: @pytest.mark.comfytape(..., network='loopback')"
        )

    def connected(sock: socket.socket, address: Any) -> None:
        check(address)
        connect(sock, address)

    def connected_ex(sock: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(sock, address)

    def resolved(name: Any, service: Any, *more: Any, **named: Any) -> Any:
        text = name.decode() if isinstance(name, bytes) else name
        if text is not None and text != allowed[0] and not text.startswith(HERE):
            check((text, service))
        return resolve(name, service, *more, **named)

    patched: Any = socket.socket
    module: Any = socket
    patched.connect, patched.connect_ex = connected, connected_ex
    module.getaddrinfo = resolved
    try:
        yield
    finally:
        patched.connect, patched.connect_ex = connect, connect_ex
        module.getaddrinfo = resolve
