"""The replay as an ASGI application: routing, limits, and what people are told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import CassetteError, UsageError
from comfytape_contracts.routes import RUNPOD_OPERATIONS, route_of
from comfytape_replayer.answer import Answer, json_answer, text_answer
from comfytape_replayer.asked import Asked, TooLargeError
from comfytape_replayer.border import Border
from comfytape_replayer.clock import INSTANT, Clock
from comfytape_replayer.comfyui import UPLOAD_LIMIT, ComfyUIPlane
from comfytape_replayer.faults import changed
from comfytape_replayer.journal import PAGES, Journal
from comfytape_replayer.runpod import BODY_LIMITS, RunPodPlane
from comfytape_replayer.scenarios import Casting
from comfytape_replayer.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from comfytape_replayer.faults import Fault
    from comfytape_replayer.library import Library
    from comfytape_replayer.misses import Miss
    from comfytape_replayer.scenarios import Cast
    from comfytape_replayer.webhooks import Delivery
    from comfytape_replayer.websocket import WebSocket

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Any], Awaitable[None]]

__all__ = ["ReplayApp"]

POST_LIMIT = 20_000_000


class ReplayApp:
    """Answers every request from a library; ``on_miss`` hears of those that nothing recorded answers."""

    def __init__(
        self, library: Library, *, speed: str | float = INSTANT, casting: Casting | None = None,
        nearest: bool = False, require_key: bool = False, border: Border | None = None,
        on_miss: Callable[[Miss], None] | None = None, deliver_webhooks: bool = False,
    ) -> None:  # fmt: skip
        self.library = library
        self.clock = Clock(speed)
        self.casting = casting or Casting()
        self.require_key = require_key
        self.border = border or Border()
        self.journal = Journal()
        self.on_miss = on_miss
        self.webhooks = Webhooks(self.clock, self.delivered, deliver=deliver_webhooks)
        self.runpod = RunPodPlane(library, self.clock, self.told, self.webhooks, nearest=nearest)
        self.comfyui = ComfyUIPlane(library, self.clock, self.told, nearest=nearest)

    def told(self, miss: Miss) -> None:
        """Keep a miss and pass it on, less what secrets the request had."""
        miss = miss.as_told(self.library.redactor)
        self.journal.miss(miss)
        if self.on_miss is not None:
            self.on_miss(miss)

    def delivered(self, delivery: Delivery) -> None:
        """Keep what became of a webhook."""
        self.journal.webhooks.append(delivery._replace(url=self.library.redactor.url(delivery.url)))

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        asked = Asked(scope)
        refusal = self.border.refusal(asked)
        if refusal is not None:
            await sent(refusal, send)
            return
        self.border.remember(asked)
        preflight = self.border.preflight(asked)
        if preflight is not None:
            await sent(self.border.marked(preflight, asked), send)
            return
        if asked.path.startswith(PAGES):
            from comfytape_replayer.page import page  # noqa: PLC0415 - few look at it, and all would wait for it

            await asked.read(receive, POST_LIMIT)
            await sent(self.border.marked(page(asked, self), asked), send)
            return
        parts = asked.path.split("/") if asked.path.startswith("/v2/") else []
        call = parts[2:] if len(parts) in (4, 5) and parts[3] in RUNPOD_OPERATIONS else []
        try:
            cast = self.cast_of(asked, call)
        except UsageError as error:
            await sent(json_answer(400, {"error": f"comfytape replay: {error}", "hint": error.hint}), send)
            return
        due = cast.due(call[1] if call else route_of(asked.url).name) if cast.faults else ()
        answer = next((instead for fault in due if (instead := fault.answer()) is not None), None)
        if answer is None:
            answer = await self.answer(asked, cast, call, receive)
        self.journal.note(asked.method, asked.path, answer.start["status"])
        answer = self.border.marked(answer, asked)
        if due:
            await disturbed(answer, due, scope, receive, send)
        else:
            await sent(answer, send)

    def at_once(self, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> list[bytes] | None:
        """The short way for what clients ask most, ``GET /status/{id}`` of a job without faults; None for the rest.

        It is the whole answer as HTTP/1.1 sends it, in pieces, and must be what ``__call__`` would send.
        """
        parts = url.split(b"/")
        if len(parts) != 5 or parts[3] != b"status" or self.require_key or self.casting.default.faults:
            return None
        instance = self.runpod.instances.by_id.get(parts[4].decode("latin-1"))
        if instance is None or instance.endpoint.encode() != parts[2] or instance.is_expired():
            return None
        if (instance.cast is not None and instance.cast.faults) or not self.border.passes(headers):
            return None
        for name, _ in headers:
            if name == b"x-comfytape-scenario":
                return None
        try:
            said = instance.peek().said
            wire = said.wire(instance.id_bytes)
        except CassetteError:
            return None
        if wire is None:
            return None
        instance.poll()
        said.uses += 1
        self.journal.note("GET", url.decode("latin-1"), said.response.status)
        return wire

    def upgrade(self, scope: Mapping[str, Any]) -> WebSocket | Answer:
        """A websocket for whom the border lets pass."""
        asked = Asked(scope)
        refusal = self.border.refusal(asked)
        if refusal is not None:
            return refusal
        found = self.comfyui.upgrade(asked)
        self.journal.note(asked.method, asked.path, found.status if isinstance(found, Answer) else 101)
        return found

    async def aclose(self) -> None:
        """The server stops."""
        await self.webhooks.close()

    def cast_of(self, asked: Asked, call: list[str]) -> Cast:
        """The scenarios that hold: those the request names, those its job was started with, or the server's.

        Raises:
            UsageError: the request names one that does not exist.
        """
        header = asked.header(b"x-comfytape-scenario")
        if not header and len(call) == 3:
            instance = self.runpod.instances.by_id.get(call[2])
            if instance is not None and instance.cast is not None:
                return instance.cast
        return self.casting.of(header)

    async def answer(self, asked: Asked, cast: Cast, call: list[str], receive: Receive) -> Answer:
        """The answer to one request; what cannot be read is a 500 that says so."""
        try:
            if asked.method == "POST":
                limit = BODY_LIMITS.get(call[1], POST_LIMIT) if call else post_limit(asked.path)
                await asked.read(receive, limit)
            if not call:
                return self.comfyui.answer(asked, cast)
            if self.require_key and not asked.header(b"authorization"):
                return text_answer(401, b"", "text/plain; charset=utf-8")
            return await self.runpod.answer(asked, cast, call[0], call[1], call[2] if len(call) == 3 else "")
        except TooLargeError:
            return json_answer(413, {"error": "the request body is larger than this operation takes"})
        except RecursionError:
            return json_answer(400, {"error": "the request body is nested too deeply"})
        except CassetteError as error:
            return json_answer(500, {"error": f"comfytape replay: {error}", "hint": error.hint})


async def sent(answer: Answer, send: Send) -> None:
    """Send an answer."""
    await send(answer.start)
    await sent_body(answer.chunks, send)


async def sent_body(chunks: Sequence[bytes], send: Send) -> None:
    """Send the chunks of a body."""
    *first, last = chunks
    for chunk in first:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": last})


async def disturbed(
    answer: Answer, faults: Sequence[Fault], scope: Mapping[str, Any], receive: Receive, send: Send
) -> None:
    """Send an answer as faults have it: late, changed, cut short or not at all."""
    for fault in faults:
        if fault.state and not any(f'"status": "{fault.state}"'.encode() in chunk for chunk in answer.chunks):
            continue
        if fault.replace:
            answer = changed(answer, fault.replace)
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault.reset or fault.truncate is not None:
            await cut(answer, None if fault.reset else fault.truncate, scope, receive, send)
            return
    await sent(answer, send)


async def cut(answer: Answer, after: int | None, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """End the connection: at once, or after so many bytes of a body that is announced whole."""
    transport = scope["state"]["comfytape.transport"]
    if after is None:
        transport.abort()
    else:
        await send(answer.start)
        await send({"type": "http.response.body", "body": b"".join(answer.chunks)[:after], "more_body": True})
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def post_limit(path: str) -> int:
    """Bytes that a POST to ComfyUI may have."""
    return UPLOAD_LIMIT if "/upload/" in path else POST_LIMIT
