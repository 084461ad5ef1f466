"""An answer in which one id is exchanged for another: every other byte is the recording's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from comfytape_replayer.answer import SERVER, phrase_of

if TYPE_CHECKING:
    from comfytape_cassettes import Response

__all__ = ["Pieces", "Said", "header_pairs"]

SMALL = 1 << 16
"""Bytes up to which a piece is copied into one write; a larger one goes out as it is."""

SHORT = 4096
"""Bytes of a body that an answer keeps for itself: such bodies stand in the index, which is in memory anyway."""

UNSENT = frozenset(
    {
        "connection", "content-encoding", "content-length", "date", "keep-alive", "proxy-authenticate", "server",
        "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Recorded headers that described a connection, a moment or a server that is gone; the body is served decoded."""

PERMISSION = "access-control-"
"""What the real server allowed to pages of other sites is not for the replay to allow."""

CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Bytes that would end a header early."""


class Pieces:
    """Bodies cut at an id, kept in memory up to a limit in bytes; the least recently used goes first."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self.limit = limit
        self.size = 0
        self.kept: dict[Said, list[bytes]] = {}

    def of(self, said: Said) -> list[bytes]:
        """The pieces of an answer's body.

        Raises:
            CassetteError: a body file is missing or damaged.
        """
        if said.short is not None:
            return said.short
        pieces = self.kept.pop(said, None)
        if pieces is None:
            pieces = said.cut()
            if sum(map(len, pieces)) <= SHORT:
                said.short = pieces
                return pieces
            self.size += sum(map(len, pieces))
        self.kept[said] = pieces
        while self.size > self.limit and len(self.kept) > 1:
            self.size -= sum(map(len, self.kept.pop(next(iter(self.kept)))))
        return pieces


class Said:
    """A recorded answer about something that has an id: a job of RunPod, a prompt of ComfyUI.

    ``uses`` counts how often it was served.
    """

    __slots__ = ("pieces", "recorded_id", "response", "short", "starts", "uses", "wires")

    def __init__(self, response: Response, recorded_id: str, pieces: Pieces) -> None:
        self.response = response
        self.recorded_id = recorded_id.encode()
        self.pieces = pieces
        self.starts: dict[int, dict[str, Any]] = {}
        self.wires: dict[int, bytes] = {}
        self.short: list[bytes] | None = None
        self.uses = 0

    def cut(self) -> list[bytes]:
        """The recorded body, cut wherever the recorded id stands."""
        body = self.response.content()
        return body.split(self.recorded_id) if self.recorded_id else [body]

    def messages(self, new_id: bytes) -> tuple[dict[str, Any], list[bytes]]:
        """The ASGI start message and the body's chunks, under another id."""
        pieces = self.pieces.of(self)
        start = self.starts.get(len(new_id))
        if start is None:
            length = sum(map(len, pieces)) + (len(pieces) - 1) * len(new_id)
            start = {
                "type": "http.response.start",
                "status": self.response.status,
                "headers": [*header_pairs(self.response), (b"content-length", b"%d" % length)],
            }
            self.starts[len(new_id)] = start
        return start, [new_id.join(pieces)] if pieces is self.short else joined(pieces, new_id)

    def wire(self, new_id: bytes) -> list[bytes] | None:
        """The answer as HTTP/1.1 sends it, head and body; None where a header is none that can be sent."""
        pieces = self.pieces.of(self)
        head = self.wires.get(len(new_id))
        if head is None:
            start, _ = self.messages(new_id)
            pairs = [(b"server", SERVER.encode()), *start["headers"]]
            if any(CONTROL.search(name + value) for name, value in pairs):
                return None
            lines = [b"HTTP/1.1 %d %s" % (start["status"], phrase_of(start["status"])), *map(b": ".join, pairs)]
            head = self.wires[len(new_id)] = b"\r\n".join((*lines, b"", b""))
        return [head + new_id.join(pieces)] if pieces is self.short else [head, *joined(pieces, new_id)]


def joined(pieces: list[bytes], new_id: bytes) -> list[bytes]:
    """The body in as few chunks as go without copying what is large."""
    if len(pieces) == 1 or sum(map(len, pieces)) <= SMALL:
        return [new_id.join(pieces)]
    chunks: list[bytes] = []
    small = pieces[0]
    for piece in pieces[1:]:
        small += new_id
        if len(piece) <= SMALL:
            small += piece
        else:
            chunks += [small, piece]
            small = b""
    return [*chunks, small] if small else chunks


def header_pairs(response: Response) -> list[tuple[bytes, bytes]]:
    """The recorded headers that still hold, in ASGI's shape."""
    return [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in response.headers.items
        if name.lower() not in UNSENT and not name.lower().startswith(PERMISSION)
    ]
