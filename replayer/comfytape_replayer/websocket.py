"""A websocket's server side (RFC 6455): text to the client, bounded messages from it, no extensions.

uvicorn has none of its own and would need ``websockets`` or ``wsproto``; a replay speaks short JSON texts one way,
which is less than either's glue.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["WebSocket", "accept_of"]

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server appends to the client's key (RFC 6455, section 1.3)."""

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_LIMIT = 4 << 20
"""Bytes of a message, as aiohttp takes them for ComfyUI (web_ws.py, max_msg_size)."""
UNREAD_LIMIT = 16 << 20
"""Bytes that may wait for a client that does not read; then it is cut off."""

BROKEN, NOT_TEXT, TOO_LARGE, GONE = 1002, 1007, 1009, 1001
CLOSING_S = 2.0
"""How long a client has to answer a close."""


def accept_of(headers: Mapping[bytes, bytes]) -> bytes | None:
    """``Sec-WebSocket-Accept`` for a handshake's headers, or None where they are none of RFC 6455's."""
    key = headers.get(b"sec-websocket-key", b"").strip()
    try:
        sound = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return None
    if not sound or headers.get(b"sec-websocket-version", b"").strip() != b"13":
        return None
    return base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest())


class FrameError(Exception):
    """What came is no frame that a client may send; ``code`` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class WebSocket(asyncio.Protocol):
    """One connection after its handshake.

    Args:
        opened: called with it once it can be spoken on.
        heard: gets it with each text.
        ended: called with it once, when the connection is gone.
    """

    def __init__(
        self, opened: Callable[[WebSocket], None], heard: Callable[[WebSocket, str], None],
        ended: Callable[[WebSocket], None],
    ) -> None:  # fmt: skip
        self.opened = opened
        self.heard = heard
        self.ended = ended
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.message = bytearray()
        self.opcode: int | None = None
        self.closing = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take over a transport on which the handshake was answered."""
        self.transport = transport
        self.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Tell whose connection it was."""
        self.transport = None
        self.ended(self)

    def data_received(self, data: bytes) -> None:
        """Take frames apart as they come."""
        self.buffer += data
        try:
            while self.transport is not None and (frame := self.frame()) is not None:
                self.take(*frame)
        except FrameError as error:
            self.close(error.code)
            self.hang_up()

    def frame(self) -> tuple[bool, int, bytes] | None:
        """The next whole frame: whether it ends its message, its kind, what it holds. None until it is there."""
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        last, opcode, length, at = bool(buffer[0] & 0x80), buffer[0] & 15, buffer[1] & 127, 2
        control = opcode >= CLOSE
        if buffer[0] & 0x70 or not buffer[1] & 0x80 or opcode not in (CONTINUED, TEXT, BINARY, CLOSE, PING, PONG):
            raise FrameError(BROKEN)  # an extension nobody agreed on, no mask, an unknown kind
        if control and (length > 125 or not last):
            raise FrameError(BROKEN)
        if length > 125:
            at += 2 if length == 126 else 8
            if len(buffer) < at:
                return None
            length = int.from_bytes(buffer[2:at], "big")
        if length + len(self.message) > MESSAGE_LIMIT + 125 * control:
            raise FrameError(TOO_LARGE)
        end = at + 4 + length
        if len(buffer) < end:
            return None
        payload = unmasked(bytes(buffer[at + 4 : end]), bytes(buffer[at : at + 4]))
        del buffer[:end]
        return last, opcode, payload

    def take(self, last: bool, opcode: int, payload: bytes) -> None:
        """Answer a control frame, or put a message together."""
        if opcode == CLOSE:
            self.close(int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1000)
            self.hang_up()
        elif opcode == PING:
            self.send(PONG, payload)
        elif opcode != PONG:
            if (opcode == CONTINUED) != (self.opcode is not None):
                raise FrameError(BROKEN)
            self.opcode = self.opcode if opcode == CONTINUED else opcode
            self.message += payload
            if last:
                self.complete()

    def complete(self) -> None:
        """Hand a whole text on; binary messages mean nothing to ComfyUI."""
        message, opcode = bytes(self.message), self.opcode
        self.message.clear()
        self.opcode = None
        if opcode != TEXT:
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            raise FrameError(NOT_TEXT) from None
        self.heard(self, text)

    def say(self, text: str) -> None:
        """Send a text."""
        self.send(TEXT, text.encode())

    def send(self, opcode: int, payload: bytes) -> None:
        """Send a frame; nothing once the connection closes."""
        if self.transport is None or self.closing or self.transport.is_closing():
            return
        length = len(payload)
        if length <= 125:
            head = bytes((0x80 | opcode, length))
        elif length < 1 << 16:
            head = bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
        else:
            head = bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")
        self.transport.write(head + payload)
        if self.transport.get_write_buffer_size() > UNREAD_LIMIT:
            self.transport.abort()

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye; the client answers, or is cut off."""
        self.send(CLOSE, code.to_bytes(2, "big") + reason.encode()[:120])
        self.closing = True
        asyncio.get_running_loop().call_later(CLOSING_S, self.hang_up)

    def hang_up(self) -> None:
        """Close the connection once what was said is sent."""
        if self.transport is not None:
            self.transport.close()

    def shutdown(self) -> None:
        """The server stops."""
        self.close(GONE)
        self.hang_up()


def unmasked(payload: bytes, mask: bytes) -> bytes:
    """A client's bytes less their mask."""
    length = len(payload)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")
