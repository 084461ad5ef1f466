"""Secrets in what a client sends: they do not keep a recording from matching, and nobody is shown them."""

from __future__ import annotations

import json

import pytest

from comfytape_cassettes import Body, Cassette, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_replayer import ReplayServer

KEY = "rpa_" + "TESTKEY0123456789"
WORD = "correct-horse-" + "battery"
JSON = Headers.of({"Content-Type": "application/json"})


def workflow(text):
    return {"1": {"class_type": "CLIPTextEncode", "inputs": {"text": f"a cat {text}"}}}


@pytest.fixture
def cassette(tmp_path):
    """A recording of one job and one prompt whose texts held two secrets."""
    recording = Recording.start(tmp_path / "made", plane="loopback", secrets=Secrets.of([WORD]))
    both = workflow(f"{KEY} {WORD}")
    asked = (("/v2/ep1/run", {"input": {"workflow": both}}, {"id": "j-1-u1", "status": "IN_QUEUE"}),
             ("/prompt", {"prompt": both}, {"prompt_id": "p-1", "number": 1, "node_errors": {}}))  # fmt: skip
    for path, sent, said in asked:
        request = Request("POST", f"http://127.0.0.1:8188{path}", JSON, Body.of(json.dumps(sent).encode()))
        recording.add(Exchange(request, Response(200, "OK", JSON, Body.of(json.dumps(said).encode()))))
    made = recording.finish()
    recording.close()
    return made


@pytest.fixture
def client(cassette: Cassette, client_of):
    """A client of a replay that knows the odd key from its environment, as ``comfytape replay`` does."""
    with ReplayServer(cassette) as server:
        server.app.library.redactor = Redactor(Secrets.of([WORD]))
        yield client_of(server)


@pytest.mark.parametrize(("path", "name"), [("/v2/ep1/run", "input"), ("/prompt", "prompt")])
def test_a_request_with_secrets_finds_its_recording(client, path, name):
    """The cassette holds placeholders; the client still sends the keys themselves."""
    both = workflow(f"{KEY} {WORD}")
    answer = client.post(path, {name: {"workflow": both} if name == "input" else both})
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("page", ["", "/journal"])
def test_what_is_shown_of_a_miss_holds_no_secret(client, page):
    """Neither page repeats a key out of a workflow, a path or a query."""
    client.post("/v2/ep1/run", {"input": {"workflow": workflow(f"and a dog {KEY} {WORD}")}})
    client.get(f"/nowhere/{KEY}?api_key={WORD}")
    shown = client.get(f"/__comfytape__{page}").body
    assert b"a dog" in shown
    assert b"nowhere" in shown
    assert not [secret for secret in (KEY, WORD) if secret.encode() in shown]
