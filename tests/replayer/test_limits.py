"""What a client may not do: send without end, send slowly, send nonsense; and that others do not notice."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest

from comfytape_replayer import ReplayServer


def connected(server):
    """A socket to the server."""
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def talk(server, *parts):
    """All that the server says to these bytes until it hangs up."""
    with connected(server) as sock:
        said = b""
        try:
            for part in parts:
                sock.sendall(part)
            while got := sock.recv(65536):
                said += got
        except (BrokenPipeError, ConnectionResetError):
            pass
        return said


@pytest.fixture
def server(noise):
    with ReplayServer(noise) as running:
        yield running


@pytest.fixture
def impatient(noise, monkeypatch):
    """One that waits half a second where the real one waits thirty."""
    monkeypatch.setattr("comfytape_replayer.http.ARRIVAL_S", 0.5)
    monkeypatch.setattr("comfytape_replayer.http.SWEEP_S", 0.1)
    with ReplayServer(noise) as running:
        yield running


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"POST /prompt HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /prompt HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /prompt HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    ],
)
def test_nonsense_is_a_400_and_nothing_more(server, client_of, nonsense):
    """The connection ends, and the next client is served."""
    assert talk(server, nonsense).partition(b"\r\n")[0] in (b"HTTP/1.1 400 Bad Request", b"")
    assert client_of(server).get("/v2/any/health").status == 200


@pytest.mark.parametrize(
    "start", [b"GET /" + b"a" * 70_000, b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70_000], ids=["url", "header"]
)
def test_a_head_without_end_is_cut_off(server, start):
    """64 KiB of it are enough. What was sent meanwhile may reset the connection before the words are read."""
    assert talk(server, start, *[b"a" * 65_536] * 8)[:12] in (b"HTTP/1.1 431", b"")


def test_trailers_without_end_are_cut_off(server, monkeypatch):
    """What follows a chunked body counts into the limit of the whole request."""
    monkeypatch.setattr("comfytape_replayer.http.MESSAGE_LIMIT", 1 << 20)
    head = b"POST /v2/any/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    said = talk(server, head, *[b"x-a: " + b"a" * 60_000 + b"\r\n"] * 100)
    assert b" 200 " not in said


def test_a_client_that_sends_slowly_is_cut_off_and_disturbs_nobody(impatient, client_of):
    """Many connections that send a header now and then: others are answered as fast, and the slow ones end."""
    slow = [connected(impatient) for _ in range(100)]
    for sock in slow:
        sock.sendall(b"GET /v2/any/health HTTP/1.1\r\nX-")
    began = time.monotonic()
    assert all(client_of(impatient).get("/v2/any/health").status == 200 for _ in range(20))
    assert time.monotonic() - began < 2
    assert {sock.recv(100)[:12] for sock in slow} == {b"HTTP/1.1 408"}
    for sock in slow:
        sock.close()


def test_a_body_that_is_never_sent_whole_is_cut_off(impatient):
    """Announced bytes that do not come."""
    head = b"POST /v2/any/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    began = time.monotonic()
    assert talk(impatient, head) == b""
    assert time.monotonic() - began < 8


def test_polls_in_one_write_are_answered_in_order(server, client_of, noise_workflows):
    """Pipelined requests, the short way and the long one mixed, each get their own answer."""
    client = client_of(server)
    job = client.run(noise_workflows[0])
    poll = f"GET /v2/any/status/{job} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    page = b"GET /v2/any/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    said = talk(server, page + poll + page + poll + last)
    marks = [said.find(b'"jobs"'), said.find(b'"status"'), said.rfind(b'"jobs"'), said.rfind(b"this route was not")]
    assert marks == sorted(marks)
    assert said.count(b"HTTP/1.1 ") == 5


def test_an_input_nested_beyond_measure_is_refused(server, client_of):
    """No 500, whatever the depth."""
    for depth in (100, 400, 900, 5000, 200_000):
        body = b'{"input": ' + b"[" * depth + b"]" * depth + b"}"
        assert client_of(server).post("/v2/any/run", body).status in (400, 404)
        prompt = b'{"prompt": {"1": {"class_type": "A", "inputs": {"a": ' + b"[" * depth + b"]" * depth + b"}}}}"
        assert client_of(server).post("/prompt", prompt).status in (400, 404, 500)
