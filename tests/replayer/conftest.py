"""Replay servers on the shipped recordings, and a client that is nothing but HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from comfytape_cassettes import Cassette
from comfytape_replayer import ReplayServer

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
