"""RunPod's webhooks: a job that has ended is posted to the address that came with it (docs.runpod.io, send requests).

RunPod posts the job with its ``input`` and ``webhook``, and tries three times, 5 and 15 seconds apart (observed; the
documentation says 10). A replay posts to this machine alone, and only when it was told to.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from comfytape_cassettes import CassetteError
from comfytape_replayer.border import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_replayer.clock import Clock
    from comfytape_replayer.instances import Instance

__all__ = ["MARK", "Delivery", "Webhooks"]

PAUSES_MS = (0.0, 5_000.0, 15_000.0)
ANSWER_S = 30.0
"""How long a receiver may take."""
WAITING = 1000
"""Deliveries under way; more are not begun."""
MARGIN_S = 0.002
"""A timer may be early by its resolution."""
AT_ONCE = 20
"""Connections to receivers at a time."""

MARK = b"x-comfytape-webhook"
"""A delivery says that it is one: a webhook that leads back to the replay must not begin a circle."""

PRINTABLE = re.compile(r"[!-~]{1,2000}")
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)\b")


class Delivery(NamedTuple):
    """What became of a webhook. ``status`` is the receiver's last answer, 0 where there was none."""

    at: float
    job: str
    url: str
    attempts: int
    status: int
    said: str


class Webhooks:
    """Delivers, or notes why not.

    Args:
        clock: decides when a job ends, and how long the pauses are.
        deliver: whether to deliver at all.
        noted: hears what became of each.
    """

    def __init__(self, clock: Clock, noted: Callable[[Delivery], None], *, deliver: bool = False) -> None:
        self.clock = clock
        self.noted = noted
        self.deliver = deliver
        self.tasks: set[asyncio.Task[None]] = set()
        self.slots = asyncio.Semaphore(AT_ONCE)

    def expect(self, instance: Instance, document: Mapping[str, Any], *, marked: bool = False) -> None:
        """A job was submitted; its webhook is due when it has ended."""
        url = document.get("webhook")
        if not isinstance(url, str) or not url:
            return
        refusal = self.refusal(url, marked=marked)
        if refusal:
            self.note(instance, url, 0, 0, refusal)
            return
        body = {"input": document.get("input"), "webhook": url}
        task = asyncio.get_running_loop().create_task(self.follow(instance, url, body))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def refusal(self, url: str, *, marked: bool) -> str:
        """Why nothing is delivered there, or ""."""
        if not self.deliver:
            return "not delivered: --deliver-webhooks was not given"
        if marked:
            return "not delivered: this job was itself submitted by a webhook"
        if len(self.tasks) >= WAITING:
            return f"not delivered: {WAITING} webhooks are under way"
        try:
            parts = urlsplit(url)
            sound = parts.scheme == "http" and parts.port != 0 and PRINTABLE.fullmatch(url) is not None
        except ValueError:
            sound = False
        if not sound:
            return "not delivered: expected an http:// address"
        host = parts.netloc.rpartition("@")[2].lower()
        if not LOOPBACK.fullmatch(re.sub(r":\d*$", "", host)):
            return "not delivered: a replay posts to loopback addresses alone"
        return ""

    async def follow(self, instance: Instance, url: str, echoed: Mapping[str, Any]) -> None:
        """Wait for the end of a job and post it, up to three times."""
        if not instance.timeline[-1].is_final:
            return self.note(instance, url, 0, 0, "not delivered: under this scenario the job does not end")
        pause = self.clock.real_s(instance.remaining_ms())
        await asyncio.sleep(pause and pause + MARGIN_S)
        state = instance.finish()
        if state is instance.forced:
            return self.note(instance, url, 0, 0, f"not delivered: the job is {state.status}")
        try:
            _, chunks = state.said.messages(instance.id_bytes)
        except CassetteError as error:
            return self.note(instance, url, 0, 0, f"not delivered: {error}")
        body = json.dumps(json.loads(b"".join(chunks)) | echoed).encode()
        status = attempt = 0
        for attempt, pause_ms in enumerate(PAUSES_MS, 1):
            await asyncio.sleep(self.clock.real_s(pause_ms))
            async with self.slots:
                status = await posted(url, body)
            if 200 <= status < 300:
                return self.note(instance, url, attempt, status, "delivered")
        return self.note(instance, url, attempt, status, "given up")

    def note(self, instance: Instance, url: str, attempts: int, status: int, said: str) -> None:
        """Tell what became of a webhook; its query and its user name are secrets as often as not."""
        shown = re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", url)[0])[:300]
        self.noted(Delivery(time.time(), instance.id, shown, attempts, status, said))

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def posted(url: str, body: bytes) -> int:
    """The status that a receiver answers with, 0 where it does not."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nUser-Agent: Go-http-client/2.0\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        f"{MARK.decode()}: 1\r\n\r\n"
    )
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(head.encode() + body)
                await writer.drain()
                found = STATUS.match(await reader.readline())
            finally:
                writer.close()
    except (OSError, ValueError):  # a timeout is the first, a line without end the second
        return 0
    return int(found[1]) if found else 0
