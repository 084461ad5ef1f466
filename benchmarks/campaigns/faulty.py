"""A proxy on loopback that forwards a request in full and then spoils the answer on its way back."""

from __future__ import annotations

import asyncio
import gzip
import threading
from urllib.parse import urlsplit

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
BOMB = gzip.compress(bytes(64 << 20), 9)
"""64 MB of zeros in 64 KB: what it grows to matters only to a client that unpacks unasked."""


def answer(status, body, *fields, length=None):
    """An answer in one piece."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


class Spoiled:
    """The proxy: ``plan(operation)`` names the fault of each request, or ''. ``strangers`` holds what reached another host.

    With ``tls``, a server's context, it speaks HTTPS.
    """

    def __init__(self, upstream, plan, tls=None):
        parts = urlsplit(upstream)
        self.upstream, self.plan, self.tls = (parts.hostname, parts.port), plan, tls
        self.strangers: list[bytes] = []
        self.done: list[tuple[str, str]] = []

    def start(self):
        ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True)
        self.thread.start()
        ready.wait(20)
        return self

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(10)

    async def serve(self, ready):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self.client, "127.0.0.1", 0, limit=64 << 20, ssl=self.tls)
        other = await asyncio.start_server(self.stranger, "127.0.0.1", 0)
        self.port, self.elsewhere = (s.sockets[0].getsockname()[1] for s in (server, other))
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/v2"
        ready.set()
        await self.over.wait()
        server.close()
        other.close()

    async def stranger(self, reader, writer):
        """Another host: whatever it is sent is evidence."""
        sent = await reader.read(65536)
        if sent:  # a mere connection is somebody who looks whether a port is free
            self.strangers.append(sent)
        writer.write(answer("200 OK", b"{}"))
        await writer.drain()
        writer.close()

    async def client(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # Cancelled: the case is over while an answer stalls.
        finally:
            writer.close()

    async def one(self, reader, writer):
        """One request and its answer; False once the connection is over."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        body = await reader.readexactly(length) if length else b""
        path = head.split(b" ", 2)[1].decode()
        operation = [*path.split("/"), "", "", "", ""][3]
        fault = self.plan(operation)
        self.done.append((operation, fault))
        if fault.startswith("unsent-") or fault == "429":
            whole = b""  # the request never arrives: a rate limit turns it away at the door
        else:
            whole = await self.forwarded(head, body)
        return await getattr(self, "do_" + (fault.removeprefix("unsent-").replace("-", "_") or "nothing"))(
            writer, whole
        )

    async def forwarded(self, head, body):
        up_reader, up_writer = await asyncio.open_connection(*self.upstream, limit=64 << 20)
        lines = [line for line in head.split(b"\r\n")[:-2] if not line.lower().startswith((b"connection:", b"expect:"))]
        up_writer.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
        await up_writer.drain()
        whole = await up_reader.read(-1)
        up_writer.close()
        return whole

    async def send(self, writer, data, *, more=True):
        writer.write(data)
        await writer.drain()
        return more

    async def do_nothing(self, writer, whole):
        # The plane was asked to close; our client's connection stays open.
        return await self.send(writer, whole.replace(b"Connection: close\r\n", b"", 1))

    async def do_reset(self, writer, _whole):
        writer.transport.abort()
        return False

    async def do_reset_midway(self, writer, whole):
        await self.send(writer, whole[: max(len(whole) - 20, 20)])
        await asyncio.sleep(0.02)
        writer.transport.abort()
        return False

    async def do_close(self, _writer, _whole):
        return False

    async def do_truncate(self, writer, whole):
        return await self.send(writer, whole[: max(len(whole) * 2 // 3, 30)], more=False)

    async def do_stall(self, writer, whole):
        await self.send(writer, whole[: len(whole) // 2])
        await asyncio.sleep(600)
        return False

    async def do_silence(self, _writer, _whole):
        await asyncio.sleep(600)
        return False

    async def do_drip(self, writer, whole):
        for at in range(0, min(len(whole), 400), 4):
            await self.send(writer, whole[at : at + 4])
            await asyncio.sleep(0.002)
        return await self.send(writer, whole[400:], more=False)

    async def do_drip_forever(self, writer, _whole):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(6000):
            await self.send(writer, b" ")
            await asyncio.sleep(0.1)
        return False

    async def do_slow_headers(self, writer, _whole):
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(6000):
            await self.send(writer, f"X-{number}: 1\r\n".encode())
            await asyncio.sleep(0.1)
        return False

    async def do_duplicate(self, writer, whole):
        return await self.send(writer, whole + whole, more=False)

    async def do_html_200(self, writer, _whole):
        return await self.send(writer, answer("200 OK", HTML, "Content-Type: text/html"))

    async def do_html_502(self, writer, _whole):
        return await self.send(writer, answer("502 Bad Gateway", HTML, "Content-Type: text/html"))

    async def do_429(self, writer, _whole):
        return await self.send(writer, answer("429 Too Many Requests", b"{}", "Retry-After: 1"))

    async def do_short_length(self, writer, whole):
        body = whole.partition(b"\r\n\r\n")[2]
        return await self.send(writer, answer("200 OK", body, length=max(len(body) - 5, 1)), more=False)

    async def do_long_length(self, writer, whole):
        body = whole.partition(b"\r\n\r\n")[2]
        return await self.send(writer, answer("200 OK", body, length=len(body) + 50), more=False)

    async def do_wrong_encoding(self, writer, whole):
        return await self.send(writer, answer("200 OK", whole.partition(b"\r\n\r\n")[2], "Content-Encoding: gzip"))

    async def do_brotli(self, writer, _whole):
        return await self.send(writer, answer("200 OK", b"\x0b\x02\x80{    }\x03", "Content-Encoding: br"))

    async def do_bomb(self, writer, _whole):
        return await self.send(
            writer, answer("200 OK", BOMB, "Content-Encoding: gzip", "Content-Type: application/json")
        )

    async def do_redirect(self, writer, _whole):
        there = f"Location: http://127.0.0.1:{self.elsewhere}/stolen"
        return await self.send(writer, answer("307 Temporary Redirect", b"", there))

    async def do_moved(self, writer, _whole):
        there = f"Location: http://localhost:{self.elsewhere}/stolen"
        return await self.send(writer, answer("301 Moved Permanently", b"", there))

    async def do_continue(self, writer, whole):
        return await self.send(writer, b"HTTP/1.1 100 Continue\r\n\r\n" + whole, more=False)

    async def do_garbage(self, writer, _whole):
        return await self.send(writer, b"\x16\x03\x01\x02\x00\x01\xff\r\n\r\nnot http at all", more=False)

    async def do_empty_200(self, writer, _whole):
        return await self.send(writer, answer("200 OK", b"", "Content-Type: application/json"))

    async def do_deep_json(self, writer, _whole):
        return await self.send(writer, answer("200 OK", b"[" * 200_000, "Content-Type: application/json"))

    async def do_huge_number(self, writer, _whole):
        return await self.send(writer, answer("200 OK", b'{"id": 1' + b"0" * 6000 + b', "status": 1e999}'))

    async def do_many_headers(self, writer, _whole):
        return await self.send(
            writer, answer("200 OK", b"{}", *(f"X-{n}: {'x' * 90}" for n in range(3000))), more=False
        )
