"""Answers as ASGI messages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.provenance import REPLAY_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_replayer.said import Said

__all__ = ["SERVER", "Answer", "empty_answer", "json_answer", "last_answer", "phrase_of", "said_answer", "text_answer"]

SERVER = REPLAY_SERVER
"""What every answer's ``Server`` header says, so that nobody takes a replay for the real thing."""


@dataclass(slots=True)
class Answer:
    """A start message and the chunks of the body; ``said`` is what recorded answer it came from."""

    start: dict[str, Any]
    chunks: Sequence[bytes]
    said: Said | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        status: int = self.start["status"]
        return status


def json_answer(status: int, document: Any, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """A JSON answer, spelled as RunPod and ComfyUI spell JSON."""
    return text_answer(status, json.dumps(document).encode(), "application/json; charset=utf-8", headers)


def text_answer(status: int, body: bytes, content_type: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """An answer with a body of any type."""
    pairs = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    pairs += [(name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    return Answer({"type": "http.response.start", "status": status, "headers": pairs}, (body,))


def empty_answer(status: int) -> Answer:
    """An answer without a body, as ComfyUI gives to what it has not."""
    return text_answer(status, b"", "application/octet-stream")


def said_answer(said: Said, new_id: bytes = b"") -> Answer:
    """A recorded answer, under another id."""
    said.uses += 1
    start, chunks = said.messages(new_id)
    return Answer(start, chunks, said)


def last_answer(answer: Answer, own: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """An answer as HTTP/1.1 sends it on a connection that ends with it; ``own`` are headers of the server."""
    pairs = [(b"connection", b"close"), *own, *answer.start["headers"]]
    lines = [b"HTTP/1.1 %d %s" % (answer.status, phrase_of(answer.status)), *map(b": ".join, pairs)]
    return b"\r\n".join((*lines, b"", b"".join(answer.chunks)))


def phrase_of(status: int) -> bytes:
    """The words behind a status."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
