"""The replay as an ASGI application: routing, limits, and what people are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_cassettes import CassetteError
from comfytape_contracts.routes import RUNPOD_OPERATIONS
from comfytape_replayer.answer import json_answer
from comfytape_replayer.asked import Asked, TooLargeError
from comfytape_replayer.clock import INSTANT, Clock
from comfytape_replayer.comfyui import UPLOAD_LIMIT, ComfyUIPlane
from comfytape_replayer.runpod import BODY_LIMITS, RunPodPlane

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from comfytape_replayer.answer import Answer
    from comfytape_replayer.library import Library
    from comfytape_replayer.misses import Miss

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Any], Awaitable[None]]

__all__ = ["ReplayApp"]

POST_LIMIT = 20_000_000


class ReplayApp:
    """Answers every request from a library; ``on_miss`` hears of those that nothing recorded answers."""

    def __init__(
        self, library: Library, *, speed: str | float = INSTANT, on_miss: Callable[[Miss], None] | None = None
    ) -> None:
        self.library = library
        self.clock = Clock(speed)
        self.misses: list[Miss] = []
        self.on_miss = on_miss
        self.runpod = RunPodPlane(library, self.clock, self.told)
        self.comfyui = ComfyUIPlane(library, self.clock, self.told)

    def told(self, miss: Miss) -> None:
        """Keep a miss and pass it on."""
        if len(self.misses) < 1000:
            self.misses.append(miss)
        if self.on_miss is not None:
            self.on_miss(miss)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """One request."""
        answer = await self.answer(Asked(scope), receive)
        await send(answer.start)
        *first, last = answer.chunks
        for chunk in first:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": last})

    async def answer(self, asked: Asked, receive: Receive) -> Answer:
        """The answer to one request; what cannot be read is a 500 that says so."""
        path = asked.path
        parts = path.split("/") if path.startswith("/v2/") else []
        on_runpod = len(parts) in (4, 5) and parts[3] in RUNPOD_OPERATIONS
        try:
            if asked.method == "POST":
                limit = BODY_LIMITS.get(parts[3], POST_LIMIT) if on_runpod else post_limit(path)
                await asked.read(receive, limit)
            if on_runpod:
                return await self.runpod.answer(asked, parts[2], parts[3], parts[4] if len(parts) == 5 else "")
            return self.comfyui.answer(asked)
        except TooLargeError:
            return json_answer(413, {"error": "the request body is larger than this operation takes"})
        except CassetteError as error:
            return json_answer(500, {"error": f"comfytape replay: {error}", "hint": error.hint})


def post_limit(path: str) -> int:
    """Bytes that a POST to ComfyUI may have."""
    return UPLOAD_LIMIT if "/upload/" in path else POST_LIMIT
