"""Commands and replays in this process: as people start them and ask them, without a process or a socket for each."""

from __future__ import annotations

import asyncio
import contextlib
import io

from comfytape.cli.main import main

EXITS = range(6)


def command(*arguments):
    """A command in this process, by the way that people start it; any exception of its own is raised."""
    code, printed = told(*arguments)
    if code not in EXITS:
        raise AssertionError(f"exit {code}: {printed[-300:]}")
    if "Traceback (most" in printed:
        raise AssertionError(f"a traceback was printed: {printed[-600:]}")


def told(*arguments):
    """The exit code and what was printed."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main([str(word) for word in arguments])
        except SystemExit as error:
            code = error.code or 0
    out.flush()
    return code, out.buffer.getvalue().decode()


class Transport:
    """A connection that nobody is at the end of."""

    def abort(self):
        pass

    close = abort


def ask(app, method, path, body=b""):
    """One request to the replay server, without a socket."""
    sent = []
    queue = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    route, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": route, "raw_path": route.encode(), "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 80), "extensions": {}, "root_path": "",
        "state": {"comfytape.transport": Transport()},
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return b"".join(message.get("body", b"") for message in sent)
