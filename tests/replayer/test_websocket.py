"""ComfyUI's /ws: what a client hears of its prompts is what a real ComfyUI 0.10.0 said, with history and messages kept."""

from __future__ import annotations

import json
import lzma
import time
from pathlib import Path

import pytest

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_replayer import ReplayServer
from comfytape_replayer.messages import messages_of

DATA = Path(__file__).parents[1] / "data" / "websocket" / "comfyui-0.10.0.json.xz"
REAL = {real["name"]: real for real in json.loads(lzma.decompress(DATA.read_bytes()))}
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def tape(folder, *reals, filled=True, features=None):
    """A recording of prompts: submitted, asked about while they ran, and after their end."""
    recording = Recording.start(folder / "tape", plane="loopback")
    kind = Headers.of({"Content-Type": "application/json; charset=utf-8"})

    def add(method, path, body, said, at):
        request = Request(method, f"http://127.0.0.1:8188{path}", Headers.of({}), Body.of(body))
        recording.add(Exchange(request, Response(200, "", kind, Body.of(json.dumps(said).encode())), ((at, 1.0),)))

    for number, real in enumerate(reals):
        at, job = number * 10_000.0, real["id"]
        prompt = real["history"][job]["prompt"][2]
        add("POST", "/prompt", json.dumps({"prompt": prompt}).encode(), {"prompt_id": job, "number": 1}, at)
        add("GET", f"/history/{job}", b"", {}, at + 100)
        if filled:
            add("GET", f"/history/{job}", b"", real["history"], at + 4000)
    if features is not None:
        add("GET", "/features", b"", features, 0)
    return recording.finish()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return tape(tmp_path_factory.mktemp("real"), *REAL.values(), features={"supports_preview_metadata": True})


@pytest.fixture
def server(recorded):
    with ReplayServer(recorded) as running:
        yield running


def submit(client_of, server, real, client="me"):
    prompt = real["history"][real["id"]]["prompt"][2]
    return client_of(server).post("/prompt", {"prompt": prompt, "client_id": client}).json()["prompt_id"]


@pytest.mark.parametrize("name", REAL)
def test_a_client_hears_what_it_heard_of_the_real_one(server, client_of, name, listen):
    """Every message in order and word for word: nodes as they ran, outputs, the error; progress alone is missing."""
    listener = listen(server)
    heard = listener.until("status")
    job = submit(client_of, server, REAL[name])
    heard += listener.until("executing", None)
    own = json.loads(json.dumps(REAL[name]["messages"]).replace(REAL[name]["id"], job))
    own[0]["data"]["sid"] = "me"
    assert heard == own
    assert list(client_of(server).get(f"/history/{job}").json()) == [job]


@pytest.mark.parametrize("name", REAL)
def test_messages_keep_the_recorded_times(name):
    """The first is due when the execution started after its submission, the last when it ended."""
    entry = REAL[name]["history"][REAL[name]["id"]]
    stamps = [data["timestamp"] for _, data in entry["status"]["messages"]]
    messages = messages_of(entry, "x", 0.0, 9000.0)
    created = entry["prompt"][3]["create_time"]
    assert (messages[0].at_ms, messages[-1].at_ms) == (stamps[0] - created, stamps[-1] - created)
    assert [m.at_ms for m in messages] == sorted(m.at_ms for m in messages)


def test_history_without_create_time_or_messages_is_placed_by_the_polls():
    """Before 0.3.69 history lacks the first; the prompt had not ended when it was asked about, and then had."""
    entry = json.loads(json.dumps(REAL["noise"]["history"][REAL["noise"]["id"]]))
    del entry["prompt"][3]["create_time"]
    took = entry["status"]["messages"][-1][1]["timestamp"] - entry["status"]["messages"][0][1]["timestamp"]
    assert messages_of(entry, "x", 5000.0, 6000.0)[-1].at_ms == 5000.0
    assert messages_of(entry, "x", 5000.0, 6000.0)[0].at_ms == 5000.0 - took
    entry["status"] = {"status_str": "success", "completed": True}
    bare = messages_of(entry, "x", 5000.0, 6000.0)
    assert (bare[0].at_ms, bare[-1].at_ms, bare[-1].kind) == (0.0, 6000.0, "execution_success")


def test_at_a_speed_messages_come_at_their_time(recorded, client_of, listen):
    """Half as long as recorded at 2, and history is filled when the end is told, not when somebody asked for it."""
    real = REAL["noise"]
    stamps = [data["timestamp"] for _, data in real["history"][real["id"]]["status"]["messages"]]
    took = (stamps[-1] - real["history"][real["id"]]["prompt"][3]["create_time"]) / 2000
    with ReplayServer(recorded, speed=2) as server:
        listener = listen(server)
        began = time.monotonic()
        job = submit(client_of, server, real)
        listener.until("executing")
        assert client_of(server).get(f"/history/{job}").json() == {}
        listener.until("execution_success")
        assert time.monotonic() - began == pytest.approx(took, abs=0.15)
        assert client_of(server).get(f"/history/{job}").json() != {}


def test_who_listens_late_or_again_is_told_the_rest(recorded, client_of, listen):
    """A client that opens its socket after it submitted; then another with the same id, which hears what runs."""
    with ReplayServer(recorded, speed=4) as server:
        submit(client_of, server, REAL["noise"])
        listen(server).until("executing", "6")
        again = listen(server)
        assert again.hear()["type"] == "status"
        assert again.hear()["data"]["node"] in REAL["noise"]["history"][REAL["noise"]["id"]]["prompt"][2]
        assert again.until("executing", None)[-3]["type"] == "execution_success"


@pytest.mark.parametrize(("after", "words"), [("executing", "execution_interrupted"), ("status", "status")])
def test_an_interrupted_prompt_is_told_of(recorded, client_of, after, words, listen):
    """While it runs: interrupted, and nothing runs. Its history stays empty."""
    with ReplayServer(recorded, speed=0.01 if after == "status" else 1) as server:
        listener = listen(server)
        listener.hear()
        job = submit(client_of, server, REAL["noise"])
        listener.until(after)
        assert client_of(server).post("/interrupt", {}).status == 200
        assert listener.until(words)[-1]["type"] == words
        assert client_of(server).get(f"/history/{job}").json() == {}


def test_others_hear_of_the_queue_alone(server, client_of, listen):
    """Messages about a prompt go to its client."""
    me, other = listen(server), listen(server, "/api/ws")
    assert len(other.hear()["data"]["sid"]) == 32
    submit(client_of, server, REAL["ok"])
    me.until("executing", None)
    submit(client_of, server, REAL["ok"], client=7)
    submit(client_of, server, REAL["ok"], client="nobody")
    other.send(PING)
    assert {other.frame()[0] for _ in range(4)} == {TEXT, PONG}


def test_an_end_that_was_not_recorded_is_said(tmp_path, client_of, listen):
    """The socket is closed with the reason, and it counts as a miss: nobody waits for ever."""
    with ReplayServer(tape(tmp_path, REAL["ok"], filled=False)) as server:
        listener = listen(server)
        submit(client_of, server, REAL["ok"])
        while (said := listener.frame())[0] == TEXT:
            pass
        assert said == (CLOSE, (1011).to_bytes(2, "big") + b"the end of this prompt was not recorded")
        assert "not recorded" in server.misses[0].reason


@pytest.mark.parametrize("parts", [1, 3])
def test_features_are_exchanged(server, parts, listen):
    """In one frame or in several, with a ping in between; text that is none of ComfyUI's is passed over."""
    listener = listen(server)
    listener.hear()
    listener.send(TEXT, b"hello")
    listener.send(TEXT, b"[]")
    text = json.dumps({"type": "feature_flags", "data": {"x": "y" * 200}}).encode()
    for number in range(parts):
        piece = text[number * len(text) // parts : (number + 1) * len(text) // parts]
        listener.send(0 if number else TEXT, piece, last=number == parts - 1)
        listener.send(PING, b"there?")
    heard = [listener.frame() for _ in range(parts + 1)]
    assert heard.count((PONG, b"there?")) == parts
    said = next(json.loads(payload) for kind, payload in heard if kind == TEXT)
    assert said == {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x81\x02hi", 1002),  # no mask
        (b"\xc1\x80\0\0\0\0", 1002),  # an extension
        (b"\x83\x80\0\0\0\0", 1002),  # an unknown kind
        (b"\x09\x80\0\0\0\0", 1002),  # a ping in parts
        (b"\x89\xfe\x00\x80\0\0\0\0", 1002),  # a ping that is too long
        (b"\x80\x80\0\0\0\0", 1002),  # goes on with what never began
        (b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 1002),  # begins while another is open
        (b"\x81\x81\0\0\0\0\xff", 1007),  # no text
        (b"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00\0\0\0\0", 1009),  # 4 GiB announced
        (b"\x88\x82\0\0\0\0\x03\xe8", 1000),  # goodbye
        (b"\x88\x80\0\0\0\0", 1000),  # goodbye, without a word
    ],
)
def test_what_is_no_frame_ends_the_connection(server, raw, code, listen):
    """With the code that RFC 6455 gives it; the server answers others as before."""
    listener = listen(server)
    listener.hear()
    for byte in raw:
        listener.sock.sendall(bytes((byte,)))
    assert listener.frame() == (CLOSE, code.to_bytes(2, "big"))
    assert listener.frame() == (None, b"")
    assert listen(server).hear()["type"] == "status"


def test_binary_messages_and_large_ones_are_taken(server, listen):
    """Up to four mebibytes; they mean nothing to ComfyUI."""
    listener = listen(server)
    listener.hear()
    listener.send(2, b"\xff")
    listener.send(TEXT, b"x" * 70_000)
    listener.send(PONG)
    listener.send(PING, b"1")
    assert listener.frame() == (PONG, b"1")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws", {"Origin": "http://evil.example"}, 403),
        ("/ws", {"Host": "evil.example"}, 403),
        ("/ws", {"Sec_WebSocket_Version": "8"}, 426),
        ("/ws", {"Sec_WebSocket_Key": "short"}, 426),
        ("/wss", {}, 404),
        ("/ws", {"Origin": "http://localhost:3000"}, 101),
    ],
)
def test_who_may_listen(server, path, headers, status, listen):
    """Pages of other sites may not, as ComfyUI has it; a bad handshake is refused; other paths were not recorded."""
    assert listen(server, path, **headers).status == status


def test_the_handshake_is_rfc_6455s(server, listen):
    """The accept value for a key, and who answers."""
    listener = listen(server, Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    assert listener.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3
    assert listener.headers["server"] == "comfytape-replay"
    assert server.requests[-1][1:] == ("GET", "/ws", 101)


def test_seats_are_limited(server, monkeypatch, listen):
    """One more is refused; a seat that is left is free again."""
    monkeypatch.setattr("comfytape_replayer.audience.SEATS", 1)
    first = listen(server)
    first.hear()
    assert listen(server).status == 503
    first.send(CLOSE)
    first.frame()
    while listen(server).status != 101:
        time.sleep(0.01)


def test_prompts_of_clients_that_never_listen_are_not_kept_for_ever(server, client_of, monkeypatch):
    """The oldest goes first."""
    monkeypatch.setattr("comfytape_replayer.audience.UNHEARD", 2)
    jobs = [submit(client_of, server, REAL["ok"], client=f"c{number}") for number in range(3)]
    assert list(server.app.comfyui.audience.unheard) == jobs[1:]


def test_a_client_that_does_not_read_is_cut_off(tmp_path, monkeypatch, listen):
    """What waits for it is limited; the kernel holds a few megabytes beside."""
    monkeypatch.setattr("comfytape_replayer.websocket.UNREAD_LIMIT", 1 << 20)
    with ReplayServer(tape(tmp_path, features={"x": "y" * 1_000_000})) as server:
        listener = listen(server)
        listener.hear()
        for _ in range(30):
            listener.send(TEXT, b'{"type": "feature_flags"}')
        deadline = time.monotonic() + 5
        while server.app.comfyui.audience.seats and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.app.comfyui.audience.seats


def test_a_stop_says_goodbye(recorded, client_of, listen):
    """1001, also while a prompt is told of."""
    with ReplayServer(recorded, speed=1) as server:
        listener = listen(server)
        submit(client_of, server, REAL["noise"])
        listener.until("executing")
    while (said := listener.frame())[0] == TEXT:
        pass
    assert said == (CLOSE, (1001).to_bytes(2, "big"))


def test_the_root_answers_where_no_editor_was_recorded(server, client_of):
    """Clients ask for it to learn whether a ComfyUI is up."""
    assert client_of(server).get("/").status == 200


def test_through_the_proxy_a_client_hears_the_same_and_the_recording_tells_it_again(
    recorded, proxied, client_of, listen, tmp_path
):
    """The prompt is recorded, and the proxy asks how it ended; what was said on the websocket follows from that."""
    real = next(iter(REAL.values()))
    heard = []
    with ReplayServer(recorded) as behind, proxied(behind.url, tmp_path / "t") as (server, _):
        for at in (behind, server):
            listener = listen(at)
            said = listener.until("status")
            job = submit(client_of, at, real)
            heard.append(json.dumps(said + listener.until("executing", None)).replace(job, "the prompt"))
    tape = Recording.resume(tmp_path / "t").finish()
    assert [e.request.method for e in tape.exchanges] == ["POST", "GET"]
    with ReplayServer(tape) as again:
        listener = listen(again)
        said = listener.until("status")
        job = submit(client_of, again, real)
        heard.append(json.dumps(said + listener.until("executing", None)).replace(job, "the prompt"))
    assert heard[0] == heard[1]
    kinds = [[message["type"] for message in json.loads(one)] for one in heard]
    assert kinds[2] == kinds[0]


def test_an_end_that_only_the_list_of_prompts_shows_is_told(tmp_path, client_of, listen):
    """ComfyUI's own editor asks for ``/history?max_items=64`` and for no single prompt."""
    real = next(iter(REAL.values()))
    at, job = 0.0, real["id"]
    recording = Recording.start(tmp_path / "tape", plane="loopback")
    kind = Headers.of({"Content-Type": "application/json; charset=utf-8"})
    prompt = json.dumps({"prompt": real["history"][job]["prompt"][2]}).encode()
    others = {"another": real["history"][job]}
    for method, path, sent, said in (
        ("POST", "/api/prompt", prompt, {"prompt_id": job, "number": 1}),
        ("GET", "/api/history?max_items=64", b"", others),
        ("GET", "/api/history?max_items=64", b"", others | real["history"]),
        ("GET", "/api/history?max_items=64", b"", others | real["history"]),
    ):
        at += 1000
        request = Request(method, f"http://127.0.0.1:8188{path}", Headers.of({}), Body.of(sent))
        body = Body.of(json.dumps(said).encode())
        recording.add(Exchange(request, Response(200, "", kind, body), ((at, 1.0),)))
    with ReplayServer(recording.finish()) as server:
        listener = listen(server)
        heard = listener.until("status")
        own = submit(client_of, server, real)
        heard += listener.until("executing", None)
        assert [said["type"] for said in heard] == [said["type"] for said in real["messages"]]
        assert list(client_of(server).get("/api/history?max_items=64").json()) == [own]
        assert server.misses == ()
