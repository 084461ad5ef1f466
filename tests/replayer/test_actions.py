"""Jobs on which the recorded client acted: runsync, cancel, retry, stream, refusals, inputs without a workflow."""

from __future__ import annotations

import json

import pytest

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_replayer import ReplayServer
from comfytape_replayer.instances import fresh_id
from comfytape_replayer.said import Pieces, Said

BASE = "http://127.0.0.1:8900/v2/other"
JSON = Headers.of({"Content-Type": "application/json"})


def said(method, path, answer, at, body=None, status=200):
    sent = b"" if body is None else json.dumps(body).encode()
    response = Response(status, "", JSON, Body.of(answer if isinstance(answer, bytes) else json.dumps(answer).encode()))
    return Exchange(Request(method, f"{BASE}/{path}", JSON, Body.of(sent)), response, ((float(at), 5.0),))


def job(number):
    return f"{number}1111111-2222-3333-4444-555555555555-e2"


TAPE = [
    said("POST", "run", b"", 0, {"input": {"prompt": "limited"}}, 429),
    said("POST", "run", {"id": job(1), "status": "IN_QUEUE"}, 10, {"input": {"prompt": "limited"}}),
    said("GET", f"status/{job(1)}", {"id": job(1), "status": "IN_QUEUE"}, 20),
    said("POST", f"cancel/{job(1)}", {"id": job(1), "status": "CANCELLED"}, 30),
    said("GET", f"status/{job(1)}", {"id": job(1), "status": "CANCELLED"}, 40),
    said("POST", "run", {"id": job(2), "status": "IN_QUEUE"}, 100, {"input": {"prompt": "fails once"}}),
    said("GET", f"status/{job(2)}", {"id": job(2), "status": "FAILED", "error": "first"}, 110),
    said("POST", f"retry/{job(2)}", {"id": job(2), "status": "IN_QUEUE"}, 120),
    said("GET", f"status/{job(2)}", {"id": job(2), "status": "COMPLETED", "output": "second"}, 130),
    said("POST", "runsync", {"id": f"sync-{job(3)}", "status": "COMPLETED", "output": [1]}, 200, {"input": {"n": 1.0}}),
    said("POST", "run", {"id": job(4), "status": "IN_QUEUE"}, 300, {"input": "plain text"}),
    said("GET", f"stream/{job(4)}", {"status": "IN_PROGRESS", "stream": [{"output": "a"}]}, 310),
    said("GET", f"stream/{job(4)}", {"status": "COMPLETED", "stream": [{"output": "b"}]}, 320),
    said("GET", f"status/{job(4)}", {"id": job(4), "status": "COMPLETED", "output": ["a", "b"]}, 330),
]


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    """A recording in which the client did all this."""
    recording = Recording.start(tmp_path_factory.mktemp("tapes") / "actions", plane="loopback")
    for exchange in TAPE:
        recording.add(exchange)
    return recording.finish()


@pytest.fixture
def client(tape, client_of):
    with ReplayServer(tape) as server:
        yield client_of(server)


def start(client, job_input):
    return client.post("/v2/any/run", {"input": job_input})


def test_a_recorded_refusal_takes_its_turn(client):
    """429 first, then accepted, then 429 again."""
    assert [start(client, {"prompt": "limited"}).status for _ in range(3)] == [429, 200, 429]


def test_a_job_is_not_cancelled_until_the_client_does_it(client):
    """What the recorded client caused does not happen by itself."""
    start(client, {"prompt": "limited"})
    job_id = start(client, {"prompt": "limited"}).json()["id"]
    assert [client.status(job_id)["status"] for _ in range(3)] == ["IN_QUEUE"] * 3
    assert client.post(f"/v2/any/cancel/{job_id}").json()["status"] == "CANCELLED"


def test_a_retry_plays_what_came_after_it(client):
    """FAILED for ever, until it is retried under the same id."""
    job_id = start(client, {"prompt": "fails once"}).json()["id"]
    assert [client.status(job_id)["status"] for _ in range(2)] == ["FAILED"] * 2
    assert client.health()["jobs"] == {"completed": 0, "failed": 1, "inProgress": 0, "inQueue": 0, "retried": 0}
    assert client.post(f"/v2/any/retry/{job_id}").json() == {"id": job_id, "status": "IN_QUEUE"}
    assert client.status(job_id) == {"id": job_id, "status": "COMPLETED", "output": "second"}
    assert client.health()["jobs"]["retried"] == 1


def test_a_runsync_recording_serves_run_as_well(client):
    """The id has no sync- then; the state comes by polling. A whole float is an integer."""
    answer = start(client, {"n": 1}).json()
    assert answer["status"] == "IN_QUEUE"
    assert answer["id"].endswith("-e2")
    assert not answer["id"].startswith("sync-")
    assert client.status(answer["id"])["output"] == [1]


def test_a_stream_is_drained_chunk_by_chunk(client):
    """Each chunk once, to each job of its own; then nothing, and the final state."""
    first, second = (start(client, "plain text").json()["id"] for _ in range(2))
    ask = [client.get(f"/v2/any/stream/{first}").json() for _ in range(3)]
    assert [part["stream"] for part in ask] == [[{"output": "a"}], [{"output": "b"}], []]
    assert ask[-1]["status"] == "COMPLETED"
    assert client.get(f"/v2/any/stream/{second}").json()["stream"] == [{"output": "a"}]


def test_an_input_that_was_not_recorded_says_what_was(client):
    """Plain inputs are compared by value."""
    answer = start(client, {"prompt": "limitid"}).json()
    assert answer["differences"] == ['prompt is "limitid", recorded was "limited"']
    assert start(client, "plain").json()["nearest"].startswith(("job", "refused"))


def test_unused_names_what_nobody_asked_for(tape, client_of):
    """Jobs and refusals, each with its exchange."""
    with ReplayServer(tape) as server:
        start(client_of(server), "plain text")
        assert len(server.unused) == 4
        assert any("refused" in words for words in server.unused)


@pytest.mark.parametrize("size", [10, 100_000])
def test_an_id_is_exchanged_wherever_it_stands(size):
    """In small bodies and around large pieces; the length that is announced is right."""
    old, new = "old-id", "a-new-and-longer-id"
    body = (f"{old}:" + "x" * size + f":{old}:" + "y" * size + old).encode()
    answer = Said(Response(200, "", JSON, Body.of(body)), old, Pieces(1000))
    start_message, chunks = answer.messages(new.encode())
    whole = b"".join(chunks)
    assert whole == body.replace(old.encode(), new.encode())
    assert dict(start_message["headers"])[b"content-length"] == b"%d" % len(whole)


def test_bodies_in_memory_stay_under_the_limit():
    """The least recently used goes; what is asked again is read again."""
    pieces = Pieces(25_000)
    answers = [Said(Response(200, "", JSON, Body.of(b"%d" % n * 10_000)), "", pieces) for n in range(5)]
    for answer in (*answers, answers[0]):
        assert len(b"".join(answer.messages(b"")[1])) == 10_000
    assert pieces.size <= 25_000


def test_an_odd_recorded_id_gives_a_plain_uuid():
    """An id shorter than a UUID has no suffix to keep."""
    assert len(fresh_id("abc")) == 36
    assert fresh_id(f"sync-{job(1)}", sync=True).endswith("-e2")
