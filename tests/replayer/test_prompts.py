"""Prompts that were recorded at a ComfyUI: /prompt, /history empty then filled, /view with the picture."""

from __future__ import annotations

import json
import time

import pytest

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_replayer import ReplayServer

ID = "a8bed062-eccb-405e-95e5-dbd16d614d41"
WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}
ENTRY = {
    "prompt": [27, ID, WORKFLOW, {}, ["2"]],
    "outputs": {"2": {"images": [{"filename": "x_00001_.png", "subfolder": "", "type": "output"}]}},
    "status": {"status_str": "success", "completed": True, "messages": [["execution_start", {"prompt_id": ID}]]},
    "meta": {},
}
VIEW = "/view?filename=x_00001_.png&subfolder=&type=output"
PICTURE = b"\x89PNG\r\n\x1a\nnot looked at"
BASE = "http://127.0.0.1:8188"


def exchange(method, path, answer, at, body=None, status=200):
    kind = "image/png" if isinstance(answer, bytes) else "application/json; charset=utf-8"
    said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    sent = b"" if body is None else json.dumps(body).encode()
    return Exchange(
        Request(method, BASE + path, Headers.of({}), Body.of(sent)),
        Response(status, "", Headers.of({"Content-Type": kind}), Body.of(said)),
        ((at, 1.0),),
    )


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    """A prompt, asked about before and after its end, and a second one that was refused."""
    recording = Recording.start(tmp_path_factory.mktemp("tapes") / "prompts", plane="loopback")
    refused = {"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}, "node_errors": {}}
    for said in (
        exchange("POST", "/prompt", {"prompt_id": ID, "number": 27, "node_errors": {}}, 0, {"prompt": WORKFLOW}),
        exchange("GET", f"/history/{ID}", {}, 10),
        exchange("GET", f"/history/{ID}", {ID: ENTRY}, 2000),
        exchange("GET", VIEW, PICTURE, 2010),
        exchange("POST", "/prompt", refused, 3000, {"prompt": {"1": WORKFLOW["1"]}}, 400),
    ):
        recording.add(said)
    return recording.finish()


@pytest.fixture
def client(prompts, client_of):
    with ReplayServer(prompts) as server:
        yield client_of(server)


def test_history_is_empty_and_then_filled(client):
    """Under the fresh id everywhere, the recording's bytes otherwise."""
    prompt_id = client.post("/prompt", {"prompt": WORKFLOW}).json()["prompt_id"]
    assert prompt_id != ID
    said = [client.get(f"/history/{prompt_id}").body for _ in range(3)]
    filled = json.dumps({ID: ENTRY}).replace(ID, prompt_id).encode()
    assert said == [b"{}", filled, filled]


def test_the_picture_can_be_viewed(client):
    """Whatever the order of the query, below /api too."""
    assert client.get(VIEW).body == PICTURE
    answer = client.get("/api/view?type=output&filename=x_00001_.png&subfolder=&rand=0.5")
    assert (answer.body, answer.headers["content-type"]) == (PICTURE, "image/png")


def test_a_client_may_choose_the_id(client):
    """As ComfyUI lets it."""
    assert client.post("/prompt", {"prompt": WORKFLOW, "prompt_id": "mine-1"}).json()["prompt_id"] == "mine-1"
    client.get("/history/mine-1")
    assert list(client.get("/history/mine-1").json()) == ["mine-1"]


def test_a_recorded_refusal_is_served_as_it_was(client):
    """400 with the recorded body."""
    answer = client.post("/prompt", {"prompt": {"1": WORKFLOW["1"]}})
    assert (answer.status, answer.json()["error"]["type"]) == (400, "prompt_no_outputs")


def test_the_queue_holds_what_has_not_ended(client):
    """One runs, one waits; then one has ended."""
    first, second = (client.post("/prompt", {"prompt": WORKFLOW}).json()["prompt_id"] for _ in range(2))
    queue = client.get("/queue").json()
    assert ([item[1] for item in queue["queue_running"]], [item[1] for item in queue["queue_pending"]]) == (
        [first],
        [second],
    )
    assert client.get("/prompt").json() == {"exec_info": {"queue_remaining": 2}}
    for _ in range(2):
        client.get(f"/history/{first}")
    assert [item[1] for item in client.get("/queue").json()["queue_running"]] == [second]
    assert list(client.get("/history").json()) == [first]


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/queue", {"delete": ["ID"]}),
        ("/queue", {"clear": True}),
        ("/interrupt", {"prompt_id": "ID"}),
        ("/interrupt", None),
    ],
)
def test_a_prompt_can_be_stopped(client, route, body):
    """Its history stays empty, and the queue is free."""
    prompt_id = client.post("/prompt", {"prompt": WORKFLOW}).json()["prompt_id"]
    sent = json.loads(json.dumps(body).replace("ID", prompt_id))
    assert client.post(route, sent).status == 200
    assert [client.get(f"/history/{prompt_id}").json() for _ in range(3)] == [{}] * 3
    assert client.get("/queue").json()["queue_running"] == []


def test_nearest_and_misses_work_for_prompts(prompts, client, client_of):
    """A workflow that was not recorded: a 404 that says what differs, or the nearest prompt."""
    other = json.loads(json.dumps(WORKFLOW).replace("64", "65"))
    answer = client.post("/prompt", {"prompt": other})
    assert answer.json()["differences"][0] == "node 1 (EmptyImage): width is 65, recorded was 64"
    with ReplayServer(prompts, unmatched="nearest") as server:
        assert "prompt_id" in client_of(server).post("/prompt", {"prompt": other}).json()


def test_blank_images_show_in_view_too(prompts, client_of):
    """A scenario about pictures holds wherever pictures are."""
    with ReplayServer(prompts, scenario="blank-image") as server:
        assert client_of(server).get(VIEW).body.startswith(b"\x89PNG")
        assert client_of(server).get(VIEW).body != PICTURE


def test_by_the_clock_history_fills_when_it_did(prompts, client_of):
    """At speed 20 two seconds are a tenth of one."""
    with ReplayServer(prompts, speed=20) as server:
        client = client_of(server)
        began = time.monotonic()
        prompt_id = client.post("/prompt", {"prompt": WORKFLOW}).json()["prompt_id"]
        while client.get(f"/history/{prompt_id}").json() == {}:
            pass
        assert 0.1 <= time.monotonic() - began < 0.3


@pytest.mark.parametrize("route", ["/free", "/history"])
def test_what_changes_nothing_is_accepted(client, route):
    """As ComfyUI accepts it."""
    assert client.post(route, {}).status == 200


def test_other_posts_are_misses(client):
    """Nothing was recorded of them."""
    assert client.post("/settings", {}).status == 404
    assert client.ask("DELETE", "/queue").status == 405
