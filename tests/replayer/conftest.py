"""Replay servers on the shipped recordings, and a client that is nothing but HTTP."""

from __future__ import annotations

import base64
import json
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from comfytape_cassettes import Cassette
from comfytape_cassettes.recording import Recording
from comfytape_replayer import ReplayServer
from comfytape_replayer.proxy import ProxyApp, Upstreams

SHIPPED = Path(__file__).parents[2] / "cassettes"


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    url: str

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answered:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            return Answered(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answered:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answered:
        return self.ask("POST", path, body, headers)

    def run(self, workflow: dict[str, Any], endpoint: str = "any") -> str:
        job: str = self.post(f"/v2/{endpoint}/run", {"input": {"workflow": workflow}}).json()["id"]
        return job

    def status(self, job: str, endpoint: str = "any") -> dict[str, Any]:
        said: dict[str, Any] = self.get(f"/v2/{endpoint}/status/{job}").json()
        return said

    def health(self, endpoint: str = "any") -> dict[str, Any]:
        said: dict[str, Any] = self.get(f"/v2/{endpoint}/health").json()
        return said


@pytest.fixture(scope="session")
def noise() -> Cassette:
    return Cassette.open(SHIPPED / "noise-1024")


@pytest.fixture(scope="session")
def danrisi() -> Cassette:
    return Cassette.open(SHIPPED / "z-image-danrisi")


def submitted(cassette: Cassette) -> list[dict[str, Any]]:
    """The workflows that were recorded, in order."""
    bodies = [e.request.body.json() for e in cassette.exchanges if e.request.url.endswith("/run")]
    return [body["input"]["workflow"] for body in bodies]


@pytest.fixture(scope="session")
def noise_workflows(noise) -> list[dict[str, Any]]:
    return submitted(noise)


@pytest.fixture(scope="session")
def danrisi_workflows(danrisi) -> list[dict[str, Any]]:
    return submitted(danrisi)


@pytest.fixture
def noise_client(noise):
    with ReplayServer(noise) as server:
        yield Client(server.url)


@pytest.fixture
def danrisi_client(danrisi):
    with ReplayServer(danrisi) as server:
        yield Client(server.url)


@pytest.fixture
def client_of():
    return lambda server: Client(server.url)


KEY = base64.b64encode(bytes(16)).decode()
TEXT = 1


class Listener:
    """A websocket client of a few lines."""

    def __init__(self, url, path="/ws?clientId=me", **headers):
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname, parts.port), timeout=10)
        own = {"Host": parts.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY}
        own |= {"Sec-WebSocket-Version": "13"} | {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        self.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.file = self.sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name] = value

    def close(self):
        self.file.close()
        self.sock.close()

    def frame(self):
        """Kind and payload of the next frame; (None, b"") at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None, b""
        size = head[1]
        if size > 125:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        return head[0] & 15, self.file.read(size)

    def hear(self):
        kind, payload = self.frame()
        assert kind == TEXT, (kind, payload)
        return json.loads(payload)

    def until(self, kind, node=...):
        """Messages up to one of a kind."""
        heard = [self.hear()]
        while heard[-1]["type"] != kind or (node is not ... and heard[-1]["data"].get("node") != node):
            heard.append(self.hear())
        return heard

    def send(self, opcode, payload=b"", *, last=True, mask=b"\x01\x02\x03\x04"):
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xff" + size.to_bytes(8, "big")
        if 126 <= size < 1 << 16:
            length = b"\xfe" + size.to_bytes(2, "big")
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.sock.sendall(bytes((opcode | 0x80 * last,)) + length + mask + masked)


@pytest.fixture
def listen():
    """Makes listeners, and closes them in the end."""
    made = []

    def begin(server, path="/ws?clientId=me", **headers):
        made.append(Listener(server.url, path, **headers))
        return made[-1]

    yield begin
    for listener in made:
        listener.close()


class ProxyServer(ReplayServer):
    """A proxy in a thread of this process."""

    label = ""

    def __init__(self, app: ProxyApp) -> None:
        self.app = app
        self.host, self.port, self.sock, self.thread = "127.0.0.1", 0, None, None


@pytest.fixture
def proxied():
    """A context manager: a proxy in front of a server, and a list of what was told."""

    @contextmanager
    def running(real, path, *, guard=None, resume=False):
        recording = Recording.resume(path) if resume else Recording.start(path, plane="loopback", source=real)
        told = []
        made = guard(recording, told) if guard else None
        app = ProxyApp(Upstreams(f"{real}/v2", real), recording, told.append, guard=made)
        try:
            with ProxyServer(app) as server:
                yield server, told
            app.close()
        finally:
            recording.close()

    return running
