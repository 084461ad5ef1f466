"""Small cassettes and a real HTTP server."""

from __future__ import annotations

import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
"""Begins as a picture does, and is long enough to be taken out of JSON."""


@pytest.fixture
def png():
    return PNG


@pytest.fixture
def exchange():
    """A function that makes an exchange; what a test does not name is plain."""

    def make(
        body=b"",
        *,
        at=0.0,
        took=5.0,
        method="GET",
        url="http://127.0.0.1:9/v2/e/status/j",
        sent=b"",
        status=200,
        reason="OK",
        headers=(("Content-Type", "application/json"),),
        request_headers=(),
    ):
        return Exchange(
            Request(method, url, Headers.of(request_headers), Body.of(sent)),
            Response(status, reason, Headers.of(headers), Body.of(body)),
            ((at, took),),
        )

    return make


@pytest.fixture
def recorded(tmp_path):
    """A function: the finished cassette of some exchanges, in a folder of its own."""

    def make(*exchanges, path=tmp_path / "cassette", failures=(), **said):
        with closing(
            Recording.start(path, **{"plane": "loopback", "recorded_at": "2026-11-22T10:00:00+00:00"} | said)
        ) as recording:
            for each in exchanges:
                recording.add(each)
            for failure in failures:
                recording.fail(failure)
            return recording.finish()

    return make


@pytest.fixture
def server():
    """A function: starts a real HTTP server whose GET and POST are answered by ``answer(handler)``; gives its URL."""
    running = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                answer(self)

            do_POST = do_GET  # noqa: N815 - the standard library calls it by this name

            def log_message(self, *_):
                pass

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((made, thread))
        return f"http://127.0.0.1:{made.server_port}"

    yield start
    for made, thread in running:
        made.shutdown()
        thread.join()
        made.server_close()
