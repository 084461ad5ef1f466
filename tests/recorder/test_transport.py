"""What leaves and what comes back: limits, redirects, and nothing that was not asked for."""

from __future__ import annotations

import gzip
import re
import threading
import time
from dataclasses import replace

import pytest

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_recorder.transport import Limits, NotConnectedError, Transport


def head_of(connection):
    """A request's head, as text."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(1)
        if not chunk:
            break
        data += chunk
    return data.decode("latin-1")


def answering(*pieces, pause=0.0):
    """A server that reads a request and sends these pieces, with pauses."""

    def serve(connection, over):
        head_of(connection)
        for piece in pieces:
            connection.sendall(piece)
            if over.wait(pause):
                return

    return serve


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def test_an_exchange_is_kept_as_it_came(raw_server, tmp_path):
    """Status, reason, headers in their spelling, and the body's bytes under any Content-Encoding."""
    recording = Recording.start(tmp_path / "tape", plane="loopback")
    transport = Transport(recording)
    packed = gzip.compress(b"said")
    head = b"HTTP/1.1 201 Odd Reason\r\nX-CaSe: a\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    url = raw_server(answering(head % len(packed) + packed))
    exchange = transport.send("POST", f"{url}/run?x=1", headers={"A": "b"}, body=b"sent")
    transport.close()
    kept = recording.finish().exchanges[0]
    assert (kept.response.status, kept.response.reason, kept.response.headers.get("x-case")) == (201, "Odd Reason", "a")
    assert ("X-CaSe", "a") in kept.response.headers.items
    assert kept.response.body.raw() == exchange.response.body.raw() == packed
    assert kept.request.body.raw() == b"sent"
    assert kept.elapsed_ms > 0


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"] + [b"x"] * 99, 0.1),
        ([b"HTTP/1.1 200 OK\r\n\r\n"] + [b"x"] * 99, 0.1),
        ([b"HTTP/1.1 200 OK\r\n"] + [b"X-%d: y\r\n" % n for n in range(90)], 0.1),
        ([b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" ", b"2", b"0", b"0"], 0.3),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 99, 0.1),
    ],
    ids=["body", "body without length", "headers", "status line", "chunks"],
)
def test_a_server_that_drips_is_cut_at_the_total_limit(raw_server, transport, pieces, pause):
    """A byte now and then keeps no thread: body, headers and status line alike end at the total limit."""
    url = raw_server(answering(*pieces, pause=pause))
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"not complete after 0\.8 s"):
        transport.send("GET", url)
    assert 0.7 < time.monotonic() - began < 3


def test_a_server_that_says_nothing_is_cut_at_the_read_limit(raw_server, transport):
    """No byte for the read limit."""
    url = raw_server(lambda connection, over: over.wait(5))
    with pytest.raises(UnreachableError, match=r"no byte came for 0\.5 s"):
        transport.send("GET", url)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc"], "cut short"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"], "cut short"),
        ([], "closed the connection without an answer"),
        ([b"no http at all\r\n\r\n"], "got no answer"),
    ],
)
def test_an_answer_that_is_not_whole_is_no_answer(raw_server, transport, pieces, words):
    """Truncated bodies and connections that close are failures, never short answers."""
    with pytest.raises(UnreachableError, match=words):
        transport.send("GET", raw_server(answering(*pieces)))


def test_nothing_that_listens_is_told_apart(transport):
    """Connection refused: the request certainly did not arrive, and the next step is named."""
    with pytest.raises(NotConnectedError, match="connection refused") as caught:
        transport.send("GET", "http://127.0.0.1:9/health?api_key=secret")
    assert "secret" not in str(caught.value)
    assert "check the base URL" in caught.value.hint


def test_a_host_that_does_not_exist_is_told_apart(transport):
    """DNS: the name does not resolve."""
    with pytest.raises(NotConnectedError, match="does not resolve"):
        transport.send("GET", "http://nosuch.invalid/")


def test_tls_trouble_is_named(raw_server, transport):
    """A plain server behind https:// is a TLS problem, with advice."""
    url = raw_server(lambda connection, over: connection.sendall(OK)).replace("http://", "https://")
    with pytest.raises(UnreachableError, match=r"TLS: [a-z ]+$") as caught:
        transport.send("GET", url)
    assert "certificate" in caught.value.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_the_key_stays_here(raw_server, transport, status):
    """The other host hears nothing, least of all the Authorization header."""
    heard = []

    def other(connection, over):
        heard.append(head_of(connection))
        connection.sendall(OK)

    elsewhere = raw_server(other)
    url = raw_server(
        answering(b"HTTP/1.1 %d Moved\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n" % (status, elsewhere.encode()))
    )
    assert transport.send("GET", url, headers={"Authorization": "Bearer k"}).response.status == status
    assert heard == []


def test_netrc_is_not_used(raw_server, transport, tmp_path, monkeypatch):
    """requests would read ~/.netrc and send what it finds."""
    heard = []

    def serve(connection, over):
        heard.append(head_of(connection))
        connection.sendall(OK)

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    transport.send("GET", raw_server(serve))
    assert "authorization" not in heard[0].lower()


def test_cookies_are_not_kept(raw_server, transport):
    """One job's cookie does not travel with another's request."""
    heard = []

    def serve(connection, over):
        heard.append(head_of(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    url = raw_server(serve)
    transport.send("GET", url)
    transport.send("GET", url)
    assert len(heard) == 2
    assert "cookie" not in heard[1].lower()


def test_only_what_was_asked_for_is_sent(raw_server, transport):
    """Our name, no encoding that would have to be undone, and the caller's headers."""
    heard = []

    def serve(connection, over):
        heard.append(head_of(connection))
        connection.sendall(OK)

    transport.send("GET", raw_server(serve), headers={"X-Ours": "1"})
    names = sorted(re.findall(r"^([A-Za-z-]+):", heard[0], re.MULTILINE))
    assert names == ["Accept", "Accept-Encoding", "Connection", "Host", "User-Agent", "X-Ours"] or names == [
        "Accept", "Accept-Encoding", "Host", "User-Agent", "X-Ours"]  # fmt: skip
    assert "Accept-Encoding: identity" in heard[0]


@pytest.mark.parametrize("url", ["no url", "ftp://h/x", "http://", "http://[::1", "http:///x"])
def test_what_is_no_url_is_a_usage_error(transport, url):
    """Exit code 2, and what a URL looks like."""
    with pytest.raises(UsageError):
        transport.send("GET", url)


@pytest.mark.parametrize("value", ["key\nX-Injected: 1", "“key”", "key\r"])
def test_a_key_that_is_no_header_is_not_sent_and_not_shown(raw_server, transport, value):
    """A line break would be a second header; the error does not repeat the key."""
    with pytest.raises(UsageError, match="characters that HTTP does not allow") as caught:
        transport.send("GET", raw_server(answering(OK)), headers={"Authorization": value})
    assert "key" not in str(caught.value)


def test_an_answer_without_end_is_cut(raw_server, transport):
    """More than any answer should have is not read."""
    limits = replace(transport.limits, body=200_000)
    url = raw_server(answering(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 100_000] * 5))
    with pytest.raises(UnreachableError, match="larger than"):
        transport.send("GET", url, limits=limits)


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("gzip", gzip.compress(bytes(2 << 20)), "grows past 1 MiB"),
        ("gzip", b"plain", "does not decode"),
        ("gzip", gzip.compress(b"whole" * 100)[:-20], "cut short"),
        ("br", b"\x0b\x02\x80key\x03", "does not decode"),
    ],
    ids=["a bomb", "not packed", "cut short", "another encoding"],
)
def test_an_answer_that_cannot_be_searched_for_keys_is_not_kept(raw_server, tmp_path, encoding, body, said):
    """A bomb, damaged data, an encoding nobody asked for: a failed request with its cause."""
    recording = Recording.start(tmp_path / "tape", plane="loopback")
    transport = Transport(recording)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    with pytest.raises(UnreachableError, match=said):
        transport.send("GET", raw_server(answering(head.encode() + body)), limits=Limits(body=1 << 20))
    transport.close()
    tape = recording.finish()
    assert (len(tape.exchanges), len(tape.failures)) == (0, 1)


def test_a_failed_request_is_on_the_tape_without_its_secret(raw_server, tmp_path):
    """What got no answer is kept too, redacted."""
    secret = "hunter" + "2hunter2"
    recording = Recording.start(tmp_path / "tape", plane="loopback", secrets=Secrets.of([secret]))
    transport = Transport(recording)
    with pytest.raises(UnreachableError):
        transport.send("GET", f"http://127.0.0.1:9/x?token={secret}")
    transport.close()
    (failure,) = recording.finish().failures
    assert "connection refused" in failure.error
    assert secret not in (tmp_path / "tape" / "cassette.json").read_text()


def test_an_aborted_transport_ends_what_is_under_way_and_begins_nothing(raw_server):
    """Whoever cannot wait for a slow server need not."""
    transport = Transport(limits=Limits(total=60, read=60))
    ended = []

    def ask():
        try:
            transport.send("GET", url)
        except UnreachableError as error:
            ended.append(error)

    url = raw_server(lambda connection, over: over.wait(30))
    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    transport.abort()
    thread.join(5)
    assert len(ended) == 1
    with pytest.raises(UnreachableError):
        transport.send("GET", url)
    transport.close()


def test_threads_share_a_transport(plane, key, tmp_path):
    """Eight threads, 160 exchanges, all on the tape, none mixed up."""
    recording = Recording.start(tmp_path / "tape", plane="loopback")
    transport = Transport(recording)

    def ask(number):
        for turn in range(20):
            said = transport.send("GET", f"{plane.url}/ep1/status/{number}-{turn}", headers={"Authorization": key})
            assert said.response.status == 404

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    assert {e.request.url.rpartition("/")[2] for e in recording.finish().exchanges} == {
        f"{n}-{t}" for n in range(8) for t in range(20)
    }


def test_a_long_upload_has_the_whole_limit(raw_server):
    """A slow line gets the exchange's limit for sending, not the shorter one for connecting."""

    def slow(connection, over):
        connection.settimeout(10)
        left = int(re.search(r"Content-Length: (\d+)", head_of(connection))[1])
        over.wait(0.6)
        while left > 0:
            got = len(connection.recv(1 << 20))
            left -= got or left
        connection.sendall(OK)

    transport = Transport(limits=Limits(connect=0.2, read=5, total=10))
    assert transport.send("POST", raw_server(slow), body=b"x" * (16 << 20)).response.status == 200
    transport.close()


def test_the_proxy_of_the_environment_is_used(raw_server, monkeypatch):
    """HTTP_PROXY is heeded, and NO_PROXY too."""
    heard = []

    def proxy(connection, over):
        heard.append(head_of(connection))
        connection.sendall(OK)

    monkeypatch.setenv("HTTP_PROXY", raw_server(proxy))
    monkeypatch.setenv("http_proxy", raw_server(proxy))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    transport = Transport(limits=Limits(connect=1, read=2, total=3))
    transport.send("GET", "http://far.example/health")
    transport.send("GET", raw_server(answering(OK)))
    transport.close()
    assert len(heard) == 1
    assert heard[0].startswith("GET http://far.example/health")
