"""A recording proxy: whatever a client sends through it is passed on, and kept as ``comfytape record`` keeps it.

The client gets the bytes and the status of the real server. What is kept is redacted before it is written, and written
after the client has its answer, so that recording costs the client no time.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes import Body, CassetteError, Exchange, Failure, Headers, Request, Response
from comfytape_contracts.routes import RUNPOD_OPERATIONS
from comfytape_replayer.answer import json_answer
from comfytape_replayer.asked import Asked, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from comfytape_cassettes.recording import Recording

__all__ = ["ProxyApp", "Upstreams"]

REQUEST_LIMIT = 100 << 20
"""Bytes of a request: ComfyUI takes uploads of 100 MiB."""
ANSWER_LIMIT = 256 << 20
TIMEOUT_S = 330.0
"""/runsync holds a request up to 300 s."""
AT_ONCE = 64

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade",
    }
)  # fmt: skip
"""Fields that are about one connection (RFC 9110, 7.6.1)."""


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Base URLs of the real servers; ``runpod`` ends in ``/v2``. An empty one is not passed on to."""

    runpod: str
    comfyui: str

    def target(self, asked: Asked) -> str:
        """Where a request goes, or "" where its server was not named."""
        raw: str = asked.scope.get("raw_path", asked.path.encode()).decode("latin-1")
        query = f"?{asked.query}" if asked.query else ""
        parts = asked.path.split("/")
        if len(parts) in (4, 5) and parts[1] == "v2" and parts[3] in RUNPOD_OPERATIONS:
            return f"{self.runpod}{raw.removeprefix('/v2')}{query}" if self.runpod else ""
        return f"{self.comfyui}{raw}{query}" if self.comfyui else ""


class ProxyApp:
    """The ASGI application. ``close`` waits until all that was received is written."""

    def __init__(self, upstreams: Upstreams, recording: Recording, told: Callable[[str], None]) -> None:
        self.upstreams = upstreams
        self.recording = recording
        self.told = told
        self.count = 0
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="proxy")
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.kept = threading.local()

    async def __call__(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """One request."""
        asked = Asked(scope)
        try:
            await asked.read(receive, REQUEST_LIMIT)
        except TooLargeError:
            await reply(413, "the request body is larger than 100 MiB", send)
            return
        target = self.upstreams.target(asked)
        if not target:
            await reply(502, "no upstream for this path: name it with --runpod or --comfyui", send)
            return
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]]
        headers = Headers(tuple(p for p in pairs if p[0] not in HOP_BY_HOP and p[0] not in ("host", "content-length")))
        request = Request(asked.method, target, headers, Body.of(asked.body))
        started, clock = self.recording.now_ms(), time.monotonic()
        try:
            response = await asyncio.get_running_loop().run_in_executor(self.pool, self.fetch, request)
        except (OSError, http.client.HTTPException) as error:
            elapsed = (time.monotonic() - clock) * 1000
            said = str(error) or type(error).__name__
            self.writer.submit(self.recording.fail, Failure(request.method, target, said, (started, elapsed)))
            await reply(502, f"the server behind the proxy gave no answer: {said}", send)
            return
        elapsed = (time.monotonic() - clock) * 1000
        await pass_on(response, send)
        self.count += 1
        self.writer.submit(self.keep, Exchange(request, response, ((round(started, 3), round(elapsed, 3)),)))

    def keep(self, exchange: Exchange) -> None:
        """Write an exchange; that it could not be written is told, and the client goes on."""
        durable = exchange.request.method == "POST"
        try:
            self.recording.add(exchange, durable=durable)
        except CassetteError as error:
            self.told(f"not recorded: {error}")

    def fetch(self, request: Request) -> Response:
        """The real answer, over a connection that this thread keeps.

        Raises:
            OSError, http.client.HTTPException: no whole answer came.
        """
        parts = urlsplit(request.url)
        if not hasattr(self.kept, "connections"):
            self.kept.connections = {}
        kept: dict[tuple[str, str], http.client.HTTPConnection] = self.kept.connections
        key = (parts.scheme, parts.netloc)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        body = request.body.raw()
        fresh = key not in kept
        connection = kept.pop(key, None) or connected(*key)
        try:
            answer = asked_over(connection, request, path, body)
        except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
            connection.close()
            # A kept connection may have been closed meanwhile; only what can be asked twice is asked again.
            if fresh or request.method not in ("GET", "HEAD"):
                raise
            connection = connected(*key)
            answer = asked_over(connection, request, path, body)
        data = answer.read(ANSWER_LIMIT + 1)
        if len(data) > ANSWER_LIMIT:
            connection.close()
            raise OSError(f"the answer is larger than {ANSWER_LIMIT >> 20} MiB")
        if answer.will_close:
            connection.close()
        else:
            kept[key] = connection
        fields = tuple(p for p in answer.getheaders() if p[0].lower() not in HOP_BY_HOP)
        return Response(answer.status, answer.reason, Headers(fields), Body.of(data))

    def close(self) -> None:
        """Let what was received be written."""
        self.pool.shutdown(cancel_futures=True)
        self.writer.shutdown()


def connected(scheme: str, netloc: str) -> http.client.HTTPConnection:
    """A connection to an upstream, not opened yet."""
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=TIMEOUT_S, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc, timeout=TIMEOUT_S)


def asked_over(
    connection: http.client.HTTPConnection, request: Request, path: str, body: bytes
) -> http.client.HTTPResponse:
    """Send a request as the client sent it, and wait for the head of the answer."""
    encodes = bool(request.headers.get("accept-encoding"))
    connection.putrequest(request.method, path, skip_accept_encoding=encodes)
    for name, value in request.headers.items:
        connection.putheader(name, value)
    if body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    return connection.getresponse()


async def pass_on(response: Response, send: Callable[[Any], Awaitable[None]]) -> None:
    """The upstream's answer, byte for byte."""
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items]
    body = response.body.raw()
    if not response.headers.get("content-length"):
        pairs.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def reply(status: int, words: str, send: Callable[[Any], Awaitable[None]]) -> None:
    """An answer of the proxy's own."""
    answer = json_answer(status, {"error": f"comfytape proxy: {words}"})
    await send(answer.start)
    await send({"type": "http.response.body", "body": answer.chunks[0]})
