"""Through the proxy a client sees what it sees without it: status, headers and bytes, whatever the server does."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from comfytape_cassettes import Cassette
from comfytape_cassettes.recording import Recording
from comfytape_contracts.spending import Spending
from comfytape_replayer.guard import Guard
from comfytape_replayer.proxy import Upstreams
from comfytape_replayer.tunnel import Tunnel

KEY = "rpa_" + "TESTKEY0123456789"
LARGE = bytes(range(256)) * 8000


class Real(BaseHTTPRequestHandler):
    """A server with all that HTTP has."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        name = self.path.strip("/").partition("?")[0]
        if name == "broken":
            self.plain(200, b"half", length=100)
            self.close_connection = True
        elif name == "chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif name == "gzip":
            self.plain(200, gzip.compress(b"packed" * 100), ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        elif name == "brotli":
            self.plain(200, b"\x0b\x02\x80key\x03", ("Content-Encoding", "br"))
        elif name == "none":
            self.send_response(204)
            self.end_headers()
        elif name == "moved":
            self.plain(302, b"", ("Location", "/elsewhere"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
        elif name == "unchanged":
            self.send_response(304)
            self.send_header("ETag", '"1"')
            self.end_headers()
        elif name == "error":
            self.plain(503, b"<html>Bad gateway</html>", ("Retry-After", "3"))
        elif name == "large":
            self.plain(200, LARGE)
        elif name == "echo":
            self.plain(200, repr(sorted((k.lower(), v) for k, v in self.headers.items())).encode())
        elif self.path.endswith("/run"):
            self.plain(200, b'{"id": "job-1", "status": "IN_QUEUE"}')
        elif "/status/" in self.path:
            done = b'{"id": "job-1", "status": "COMPLETED", "delayTime": 5000, "executionTime": 5000}'
            self.plain(200, done)
        else:
            self.plain(404, b"no")

    def plain(self, status: int, body: bytes, *headers: tuple[str, str], length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PUT = answer  # noqa: N815 - names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def real():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Real)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def seen(url, method, path, body=None, headers=None, connection=None):
    """Status, headers less those of the moment, bytes."""
    parts = urlsplit(url)
    client = connection or http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        client.putrequest(method, path, skip_accept_encoding=True, skip_host="Host" in (headers or {}))
        for name, value in (headers or {}).items():
            client.putheader(name, value)
        if body is not None:
            client.putheader("Content-Length", str(len(body)))
        client.endheaders(body)
        answer = client.getresponse()
        data = answer.read()
    finally:
        if connection is None:
            client.close()
    return answer.status, sorted((k.lower(), v) for k, v in answer.getheaders() if k.lower() != "date"), data


ASKED = [
    ("GET", "/chunked"), ("GET", "/gzip"), ("HEAD", "/large"), ("GET", "/large"), ("GET", "/none"), ("GET", "/moved"),
    ("GET", "/unchanged"), ("GET", "/error"), ("POST", "/nothing"), ("PUT", "/echo?a=%2F&b=%20c"), ("HEAD", "/gzip"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_status_headers_and_bytes_are_the_servers(proxied, real, tmp_path, method, path):
    """Chunks stay chunks, packed stays packed, redirects are not followed, repeated headers stay repeated."""
    body = b"{}" if method in ("POST", "PUT") else None
    headers = {"Accept-Encoding": "gzip", "X-Mine": "1", "Host": "localhost"}
    with proxied(real, tmp_path / "t") as (server, _):
        there, here = (seen(url, method, path, body, headers) for url in (real, server.url))
    if path.startswith("/echo"):
        host = ("host", urlsplit(real).netloc)
        assert eval(here[2]) == sorted({**dict(eval(there[2])), host[0]: host[1]}.items())
    else:
        assert here == there


def test_one_connection_serves_many_requests(proxied, real, tmp_path):
    """Keep-alive towards the client, and towards the server."""
    with proxied(real, tmp_path / "t") as (server, _):
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        for method, path in ASKED * 2:
            assert seen(server.url, method, path, b"" if method in ("POST", "PUT") else None, connection=connection)
        connection.close()
        assert [len(idle) for idle in server.app.upstream.idle.values()] == [1]


def test_an_answer_that_breaks_off_breaks_off(proxied, real, tmp_path):
    """Half an answer is not made a whole one, and is recorded as a failure."""
    with proxied(real, tmp_path / "t") as (server, _):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            seen(server.url, "GET", "/broken")
        server.app.writer.submit(int).result()
        assert [f.url.rpartition("/")[2] for f in server.app.recording.failures()] == ["broken"]


@pytest.mark.parametrize(
    ("asked", "passed"),
    [("gzip, deflate, br", "gzip"), ("*;q=0.5", "gzip"), ("br", "identity"), ("identity", "identity")],
)
def test_an_encoding_is_asked_for_that_the_tape_can_hold(proxied, real, tmp_path, asked, passed):
    """The clients of Node ask for brotli, and content networks give it: nobody could read that recording."""
    with proxied(real, tmp_path / "t") as (server, _):
        said = seen(server.url, "PUT", "/echo", b"", {"Accept-Encoding": asked})[2]
    assert ("accept-encoding", passed) in eval(said)


def test_an_answer_in_an_unknown_encoding_reaches_the_client_and_is_not_recorded(proxied, real, tmp_path):
    """It cannot be searched for keys; that it is missing is told."""
    with proxied(real, tmp_path / "t") as (server, told):
        assert seen(server.url, "GET", "/brotli")[2] == b"\x0b\x02\x80key\x03"
        server.app.writer.submit(int).result()
        assert list(server.app.recording.exchanges()) == []
    assert told == ["not recorded: a body is encoded as 'br', which comfytape does not decode"]


def test_pages_of_other_sites_do_not_get_through(proxied, real, tmp_path):
    """The proxy has the real servers behind it: strangers are turned away before they are asked."""
    with proxied(real, tmp_path / "t") as (server, _):
        assert seen(server.url, "GET", "/large", headers={"Host": "evil.example"})[0] == 403
        assert seen(server.url, "GET", "/large", headers={"Origin": "https://evil.example"})[0] == 403
        server.app.writer.submit(int).result()
        assert list(server.app.recording.exchanges()) == []


def guarded(budget, price):
    """A guard at this budget, counting what was recorded before."""

    def made(recording, told):
        guard = Guard(Spending(price, budget), told.append)
        guard.before(recording.exchanges())
        return guard

    return made


def test_a_job_beyond_the_budget_is_refused_and_a_resumed_proxy_remembers(proxied, real, tmp_path):
    """Ten seconds at ten cents each: the first job leaves no room for a second, before and after a crash."""
    path = tmp_path / "t"
    run, status = ("POST", "/v2/x/run", b'{"input": {}}'), ("GET", "/v2/x/status/job-1")
    key = {"Authorization": f"Bearer {KEY}"}
    with proxied(real, path, guard=guarded(1.2, 0.1)) as (server, told):
        assert seen(server.url, *run, headers=key)[0] == 200
        server.app.writer.submit(int).result()
        assert seen(server.url, *run)[0] == 402  # nothing is known of how long a job takes
        assert seen(server.url, *status, None, key)[0] == 200
        server.app.writer.submit(int).result()
        refused = seen(server.url, *run)
    assert (refused[0], b'"spent_usd": 1.0, "budget_usd": 1.2' in refused[2]) == (402, True)
    assert "about 1.0000 USD of the budget of 1.2 USD are spent" in told
    with proxied(real, path, guard=guarded(1.2, 0.1), resume=True) as (server, told):
        assert seen(server.url, *run)[0] == 402
        assert seen(server.url, *status)[0] == 200
        server.app.recording.finish()
    cassette = Cassette.open(path)
    # Polls that differ by the second of their Date header stay apart.
    asked = dict.fromkeys(e.request.url.rpartition("/")[2] for e in cassette.exchanges)
    assert list(asked) == ["run", "job-1"]
    assert KEY not in (path / "cassette.json").read_text()


def test_cancelled_and_refused_jobs_make_room(proxied, real, tmp_path):
    """A cancelled job costs what it took until then; a submission that the server refuses costs nothing."""
    with proxied(real, tmp_path / "t", guard=guarded(10.0, 0.001)) as (server, _):
        assert seen(server.url, "POST", "/v2/x/runsync", b"{}")[0] == 404
        server.app.writer.submit(int).result()
        assert server.app.guard.spending.running == {}
        assert seen(server.url, "POST", "/v2/x/run", b"{}")[0] == 200
        server.app.writer.submit(int).result()
        assert set(server.app.guard.spending.running) == {"job-1"}


# -- websockets


@pytest.fixture
def far_end():
    """A server that answers a handshake with 101, keeps its head, and sends back whatever comes."""
    heads, gate = [], threading.Event()
    gate.set()
    sock = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection = sock.accept()[0]
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            data += connection.recv(1)
        heads.append(data.decode())
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: theirs\r\n\r\n")
        while gate.wait(10) and (data := connection.recv(1 << 16)):
            connection.sendall(data)
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}", heads, gate, thread
    sock.close()


def test_the_handshake_is_the_clients_and_its_answer_the_servers(proxied, far_end, listen, tmp_path):
    """Path, query, key and protocol go on; host and origin are the server's own, which is what ComfyUI looks at."""
    url, heads, _, _ = far_end
    with proxied(url, tmp_path / "t") as (server, _):
        listener = listen(server, "/ws?clientId=a%20b", Origin=server.url, Sec_WebSocket_Protocol="chat")
        assert (listener.status, listener.headers["Sec-WebSocket-Accept"]) == (101, "theirs")
    line, *fields = heads[0].strip().split("\r\n")
    assert line == "GET /ws?clientId=a%20b HTTP/1.1"
    said = dict(field.split(": ", 1) for field in fields)
    assert (said["Host"], said["origin"], said["sec-websocket-protocol"]) == (urlsplit(url).netloc, url, "chat")


def test_megabytes_go_both_ways_at_the_pace_of_the_slower(proxied, far_end, listen, tmp_path):
    """Eight megabytes at a server that does not read are not gathered in the proxy; then all of them come back."""
    url, _, gate, _ = far_end
    whole = bytes(range(256)) * (1 << 15)
    with proxied(url, tmp_path / "t") as (server, _):
        listener = listen(server)
        gate.clear()
        sending = threading.Thread(target=listener.sock.sendall, args=(whole,))
        sending.start()
        (tunnel,) = [each for each in server.listener.state.connections if isinstance(each, Tunnel)]
        for _ in range(500):
            if not tunnel.transport.is_reading():
                break
            time.sleep(0.01)
        assert not tunnel.transport.is_reading()
        gate.set()
        assert listener.file.read(len(whole)) == whole
        sending.join(10)


def test_an_end_that_hangs_up_ends_the_other(proxied, far_end, listen, tmp_path):
    """A client that goes is gone for the server, and nothing of it stays with the proxy."""
    url, _, _, thread = far_end
    with proxied(url, tmp_path / "t") as (server, _):
        listen(server).close()
        thread.join(10)
        assert not thread.is_alive()


def test_a_stop_of_the_proxy_ends_its_websockets(proxied, far_end, listen, tmp_path):
    """Whoever listens hears the end."""
    with proxied(far_end[0], tmp_path / "t") as (server, _):
        listener = listen(server)
    assert listener.file.read(1) == b""


def test_a_websocket_to_nobody_is_a_502_and_on_the_tape(proxied, listen, tmp_path):
    """The client is told, and so is whoever reads the recording."""
    with proxied("http://127.0.0.1:9", tmp_path / "t") as (server, _):
        listener = listen(server)
        said = json.loads(listener.file.read())
        server.app.writer.submit(int).result()
        failures = [failure.url for failure in server.app.recording.failures()]
    assert (listener.status, failures) == (502, ["http://127.0.0.1:9/ws?clientId=me"])
    assert "the server behind the proxy gave no answer" in said["error"]


def test_a_websocket_of_a_stranger_does_not_get_through(proxied, far_end, listen, tmp_path):
    """What holds for requests holds for them; RunPod has no websockets, and a server that was not named has none either."""
    url, heads, _, _ = far_end
    with proxied(url, tmp_path / "t") as (server, _):
        assert listen(server, Origin="https://evil.example").status == 403
        assert listen(server, "/v2/ep1/run").status == 502
        server.app.upstreams = Upstreams("", "")
        assert listen(server).status == 502
    assert heads == []


def test_a_prompt_whose_end_nobody_asked_for_is_asked_about_when_the_proxy_stops(service, proxied, tmp_path):
    """Its history is on the tape; the client's key opens that door too, and is not kept."""
    service.says("/prompt", {"prompt_id": "a/b", "number": 1})
    service.says("/history/a%2Fb", {"a/b": {"outputs": {}}})
    with proxied(service.url, tmp_path / "t") as (server, _):
        assert seen(server.url, "POST", "/prompt", b"{}", {"Authorization": f"Bearer {KEY}"})[0] == 200
    assert [headers["authorization"] for _, _, headers, _ in service.asked] == [f"Bearer {KEY}"] * 2
    assert asked_on(tmp_path / "t", service) == ["/prompt", "/history/a%2Fb"]
    assert KEY not in (tmp_path / "t" / "cassette.json").read_text()


@pytest.mark.parametrize("answer", ["refusal", "none"])
def test_an_end_that_nobody_tells_is_no_failure(service, proxied, tmp_path, answer):
    """A server that is gone when the proxy stops, or lets nobody in: the tape is as the client saw it. Resumed or not."""
    service.says("/prompt", {"prompt_id": "a/b", "number": 1})
    service.says("/history/a%2Fb", "", status=401)
    if answer == "none":
        service.answers["/history/a%2Fb"] = lambda request: request.connection.shutdown(socket.SHUT_RDWR)
    with proxied(service.url, tmp_path / "t") as (server, _):
        assert seen(server.url, "POST", "/prompt", b"{}")[0] == 200
        server.app.writer.submit(server.app.endings.open.clear).result()
    assert service.paths() == ["/prompt"]
    with proxied(service.url, tmp_path / "t", resume=True):
        pass
    assert service.paths() == ["/prompt", "/history/a%2Fb"]
    assert asked_on(tmp_path / "t", service) == ["/prompt"]


def asked_on(path, service):
    """The paths on a tape without failures."""
    tape = Recording.resume(path).finish()
    assert tape.failures == ()
    return [e.request.url.removeprefix(service.url) for e in tape.exchanges]
