"""A recording proxy: whatever a client sends through it is passed on, and kept as ``comfytape record`` keeps it.

The client gets the bytes and the status of the real server, piece by piece as they arrive. What is kept is redacted
before it is written, and written after the client has its answer, so that recording costs the client no time.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes import Body, CassetteError, Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.version import __version__
from comfytape_contracts.routes import RUNPOD_OPERATIONS, route_of
from comfytape_replayer.answer import json_answer
from comfytape_replayer.asked import Asked, TooLargeError
from comfytape_replayer.border import Border
from comfytape_replayer.endings import Endings
from comfytape_replayer.guard import SUBMITTING
from comfytape_replayer.tunnel import Tunnel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    Send = Callable[[Any], Awaitable[None]]

    from comfytape_cassettes.recording import Recording
    from comfytape_replayer.answer import Answer
    from comfytape_replayer.guard import Guard

__all__ = ["ProxyApp", "Upstreams"]

REQUEST_LIMIT = 100 << 20
"""Bytes of a request: ComfyUI takes uploads of 100 MiB."""
ANSWER_LIMIT = 256 << 20
TIMEOUT_S = 330.0
"""/runsync holds a request up to 300 s."""
ENDING_S = 5.0
AT_ONCE = 64
PIECE = 256 << 10
"""Bytes that are read at a time."""
BODILESS = frozenset({204, 304})

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade",
    }
)  # fmt: skip
"""Fields that are about one connection (RFC 9110, 7.6.1)."""


NO_UPSTREAM = "comfytape proxy: no upstream for this path: name it with --runpod or --comfyui"


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


class Upstream:
    """Connections to the real servers, kept and shared; each request has one for itself."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self.timeout_s = timeout_s
        self.idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}

    def ask(self, request: Request) -> Answering:
        """Send a request, and read the head of the answer and its first piece.

        Raises:
            OSError, http.client.HTTPException: no answer came.
        """
        parts = urlsplit(request.url)
        key = (parts.scheme, parts.netloc)
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        body = request.body.raw()
        try:
            connection = self.idle.setdefault(key, []).pop()
            fresh = False
        except IndexError:
            connection, fresh = connected(*key, self.timeout_s), True
        try:
            answer = asked_over(connection, request, path, body)
        except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
            connection.close()
            # A kept connection may have been closed meanwhile; only what can be asked twice is asked again.
            if fresh or request.method not in ("GET", "HEAD"):
                raise
            connection = connected(*key, self.timeout_s)
            answer = asked_over(connection, request, path, body)
        answering = Answering(self, key, connection, answer)
        answering.read()
        return answering

    def close(self) -> None:
        """Close what nobody uses."""
        for kept in self.idle.values():
            for connection in kept:
                connection.close()


class Answering:
    """An answer that is being read; ``pieces`` is what came so far, ``done`` whether that is all."""

    def __init__(
        self, upstream: Upstream, key: tuple[str, str], connection: http.client.HTTPConnection,
        answer: http.client.HTTPResponse,
    ) -> None:  # fmt: skip
        self.upstream = upstream
        self.key = key
        self.connection = connection
        self.answer = answer
        self.pieces: list[bytes] = []
        self.size = 0
        self.done = False
        self.fields = tuple(p for p in answer.getheaders() if p[0].lower() not in HOP_BY_HOP)

    def read(self) -> bytes:
        """One piece more; an empty one ends the answer.

        Raises:
            OSError, http.client.HTTPException: the rest does not come, or is too much.
        """
        try:
            # Only read() counts what is left of an announced length; only read1() does not wait for a full piece.
            piece = self.answer.read1(PIECE) if self.answer.length is None else self.answer.read(PIECE)
            if not piece and self.answer.length:
                raise http.client.IncompleteRead(b"", self.answer.length)
            self.size += len(piece)
            if self.size > ANSWER_LIMIT:
                raise OSError(f"the answer is larger than {ANSWER_LIMIT >> 20} MiB")
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        if piece:
            self.pieces.append(piece)
        if not piece or self.answer.length == 0:
            self.finish()
        return piece

    def finish(self) -> None:
        """Keep the connection for another request, if the server does."""
        self.done = True
        self.answer.read()  # of nothing: tells http.client that the connection is free
        if self.answer.will_close:
            self.connection.close()
        else:
            self.upstream.idle[self.key].append(self.connection)

    def response(self) -> Response:
        """The whole answer; its pieces are given up, so that it is in memory once."""
        data = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
        self.pieces.clear()
        return Response(self.answer.status, self.answer.reason, Headers(self.fields), Body.of(data))


class ProxyApp:
    """The ASGI application. ``close`` waits until all that was received is written.

    Args:
        upstreams: where requests go.
        recording: where exchanges are kept.
        told: hears what could not be written, and of the budget.
        guard: refuses jobs that do not fit the budget; None lets all pass.
        border: who may ask.
    """

    def __init__(
        self, upstreams: Upstreams, recording: Recording, told: Callable[[str], None], *, guard: Guard | None = None,
        border: Border | None = None,
    ) -> None:  # fmt: skip
        self.upstreams = upstreams
        self.recording = recording
        self.told = told
        self.guard = guard
        self.border = border or Border()
        self.count = 0
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="proxy")
        self.writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.upstream = Upstream()
        self.endings = Endings()
        for exchange in recording.exchanges():
            self.endings.heard(exchange)

    async def __call__(self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        """One request."""
        asked = Asked(scope)
        stranger = self.border.refusal(asked)
        if stranger is not None:
            await send(stranger.start)
            await send({"type": "http.response.body", "body": stranger.chunks[0]})
            return
        try:
            await asked.read(receive, REQUEST_LIMIT)
        except TooLargeError:
            await reply(413, {"error": "comfytape proxy: the request body is larger than 100 MiB"}, send)
            return
        target = self.upstreams.target(asked)
        if not target:
            await reply(502, {"error": NO_UPSTREAM}, send)
            return
        ticket = None
        if self.guard is not None and asked.method == "POST" and route_of(target).name in SUBMITTING:
            now = self.recording.now_ms()
            ticket = self.guard.admit(now)
            if ticket is None:
                refusal = self.guard.refusal(now)
                self.told(str(refusal["error"]))
                await reply(402, refusal, send)
                return
        headers = Headers(passed_on(scope["headers"], target))
        await self.passed(Request(asked.method, target, headers, Body.of(asked.body)), ticket, scope, send)

    def upgrade(self, scope: Mapping[str, Any]) -> Tunnel | Answer:
        """A tunnel to the ComfyUI behind, for a client that asks for a websocket; RunPod's job API has none."""
        asked = Asked(scope)
        stranger = self.border.refusal(asked)
        if stranger is not None:
            return stranger
        target = self.upstreams.target(asked)
        if not target or route_of(asked.url).plane == "runpod":
            # Nor may a tunnel be a way around the budget.
            return json_answer(502, {"error": NO_UPSTREAM})

        started = self.recording.now_ms()

        def failed(said: str) -> Answer:
            times = (started, self.recording.now_ms() - started)
            self.writer.submit(self.lost, Failure("GET", target, said, times), None)
            return json_answer(502, unanswered(said))

        return Tunnel(target, passed_on(scope["headers"], target), failed)

    async def passed(self, request: Request, ticket: int | None, scope: Mapping[str, Any], send: Send) -> None:
        """Ask the real server, give the client its answer, keep both."""
        loop = asyncio.get_running_loop()
        started, clock = self.recording.now_ms(), time.monotonic()
        answering: Answering | None = None
        try:
            answering = await loop.run_in_executor(self.pool, self.upstream.ask, request)
            await send(start_of(answering, request.method))
            given = 0
            while True:
                for piece in answering.pieces[given:]:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                given = len(answering.pieces)
                if answering.done:
                    break
                await loop.run_in_executor(self.pool, answering.read)
        except (OSError, http.client.HTTPException) as error:
            times = (started, (time.monotonic() - clock) * 1000)
            said = str(error) or type(error).__name__
            self.writer.submit(self.lost, Failure(request.method, request.url, said, times), ticket)
            if answering is None:
                await reply(502, unanswered(said), send)
            else:
                # The head is gone; only a broken connection tells the client that this is not all.
                scope["state"]["comfytape.transport"].abort()
            return
        elapsed = (time.monotonic() - clock) * 1000
        await send({"type": "http.response.body", "body": b""})
        self.count += 1
        self.writer.submit(self.keep, request, answering, (round(started, 3), round(elapsed, 3)), ticket)

    def keep(self, request: Request, answering: Answering, times: tuple[float, float], ticket: int | None) -> None:
        """Write an exchange; that it could not be written is told, and the client goes on."""
        exchange = Exchange(request, answering.response(), (times,))
        if self.guard is not None:
            self.guard.heard(exchange, ticket, self.recording.now_ms())
        try:
            # What cannot be decoded cannot be searched for keys, and nobody could read it.
            exchange.response.body.decoded(exchange.response.headers.get("content-encoding"))
            self.recording.add(exchange, durable=request.method == "POST")
            self.endings.heard(exchange)
        except CassetteError as error:
            self.told(f"not recorded: {error}")

    def lost(self, failure: Failure, ticket: int | None) -> None:
        """Write a request that got no whole answer."""
        if self.guard is not None and ticket is not None:
            self.guard.lost(ticket, self.recording.now_ms())
        try:
            self.recording.fail(failure)
        except CassetteError as error:
            self.told(f"not recorded: {error}")

    def close(self) -> None:
        """Let what was received be written, ask how prompts ended that nobody asked about, and hang up."""
        self.pool.shutdown(cancel_futures=True)
        self.writer.submit(self.ask_endings).result()
        self.writer.shutdown()
        self.upstream.close()

    def ask_endings(self) -> None:
        """``/history/{id}`` of each open prompt, as long as the server answers."""
        upstream = Upstream(ENDING_S)
        for url, own in self.endings.unasked():
            asked = (("User-Agent", f"comfytape/{__version__}"), ("Accept-Encoding", "identity"), *own)
            request = Request("GET", url, Headers(asked), Body.of(b""))
            started, clock = self.recording.now_ms(), time.monotonic()
            try:
                answering = upstream.ask(request)
                while not answering.done:
                    answering.read()
            except (OSError, http.client.HTTPException):
                break  # a server that is gone is no news at the end
            if answering.answer.status == 200:
                self.keep(request, answering, (started, (time.monotonic() - clock) * 1000), None)
        upstream.close()


def unanswered(said: str) -> dict[str, str]:
    """What a client is told whose server gave no answer."""
    return {"error": f"comfytape proxy: the server behind the proxy gave no answer: {said}"}


def passed_on(headers: Iterable[tuple[bytes, bytes]], target: str) -> tuple[tuple[str, str], ...]:
    """A client's headers as the server behind gets them.

    Of encodings only gzip is asked for: a server would choose brotli, which the tape cannot hold. A page that came from
    the proxy says so in ``Origin``; ComfyUI takes only its own (server.py, create_origin_only_middleware).
    """
    kept = []
    for raw, said in headers:
        name, value = raw.decode("latin-1"), said.decode("latin-1")
        if name in HOP_BY_HOP or name in ("host", "content-length"):
            continue
        if name == "accept-encoding":
            names = {part.partition(";")[0].strip().lower() for part in value.split(",")}
            value = "gzip" if names & {"gzip", "*"} else "identity"
        elif name == "origin":
            parts = urlsplit(target)
            value = f"{parts.scheme}://{parts.netloc}"
        kept.append((name, value))
    return tuple(kept)


def connected(scheme: str, netloc: str, timeout_s: float) -> http.client.HTTPConnection:
    """A connection to an upstream, not opened yet."""
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(netloc, timeout=timeout_s)


def asked_over(
    connection: http.client.HTTPConnection, request: Request, path: str, body: bytes
) -> http.client.HTTPResponse:
    """Send a request as the client sent it, and wait for the head of the answer."""
    connection.putrequest(request.method, path, skip_accept_encoding=True)
    for name, value in request.headers.items:
        connection.putheader(name, value)
    if body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    return connection.getresponse()


def start_of(answering: Answering, method: str) -> dict[str, Any]:
    """The head of the upstream's answer; without a length it is sent on in chunks, as it came."""
    status = answering.answer.status
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answering.fields]
    if status in BODILESS and method != "HEAD":
        pairs = [pair for pair in pairs if pair[0] != b"content-length"]
    return {"type": "http.response.start", "status": status, "headers": pairs}


async def reply(status: int, document: Mapping[str, object], send: Send) -> None:
    """An answer of the proxy's own."""
    answer = json_answer(status, document)
    await send(answer.start)
    await send({"type": "http.response.body", "body": answer.chunks[0]})
