"""What a replay server does not do for strangers."""

from __future__ import annotations

import shutil

import pytest

from comfytape_replayer import ReplayServer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_pages_of_other_sites_are_turned_away(noise_client, headers, status):
    """On loopback, only this machine's own names are answered."""
    assert noise_client.get("/v2/any/health", **headers).status == status


def test_a_server_for_others_answers_under_any_name(noise, client_of):
    """Who listens on all addresses means it."""
    with ReplayServer(noise, host="0.0.0.0") as server:
        client = client_of(type("At", (), {"url": server.url.replace("0.0.0.0", "127.0.0.1")}))
        assert client.get("/v2/any/health", Host="replay.internal").status == 200


def test_a_key_is_wanted_where_it_is_required(noise, noise_workflows, client_of):
    """Without one 401, with any one the recording; ComfyUI has none."""
    with ReplayServer(noise, require_key=True) as server:
        client = client_of(server)
        assert client.get("/v2/any/health").status == 401
        assert client.get("/v2/any/health", Authorization="Bearer x").status == 200
        assert client.get("/system_stats").status == 200
        body = {"input": {"workflow": noise_workflows[0]}}
        job = client.post("/v2/any/run", body, Authorization="x").json()["id"]
        assert client.get(f"/v2/any/status/{job}").status == 401


def test_a_job_is_forgotten_when_there_are_too_many(noise, noise_workflows, client_of, monkeypatch):
    """The oldest that has ended goes first, so that a long life costs no memory."""
    monkeypatch.setattr("comfytape_replayer.instances.KEPT", 3)
    with ReplayServer(noise) as server:
        client = client_of(server)
        body = {"input": {"workflow": noise_workflows[0]}}
        waiting = client.run(noise_workflows[0])
        ended = [client.post("/v2/any/runsync", body).json()["id"] for _ in range(3)]
        assert client.get(f"/v2/any/status/{waiting}").status == 200
        assert [client.get(f"/v2/any/status/{job}").status for job in ended] == [404, 200, 200]


def test_a_damaged_recording_is_a_500_that_says_so(noise, noise_workflows, client_of, tmp_path):
    """A body file that is gone: the client and the next request are told, nothing breaks."""
    copy = tmp_path / "damaged"
    shutil.copytree(noise.label, copy)
    for picture in (copy / "bodies").glob("*.png"):
        picture.unlink()
    with ReplayServer(copy) as server:
        client = client_of(server)
        job = client.run(noise_workflows[0])
        answers = [client.get(f"/v2/any/status/{job}") for _ in range(4)]
        assert answers[-1].status == 500
        assert "is missing" in answers[-1].json()["error"]
        assert client.get("/v2/any/health").status == 200


def test_several_endpoints_are_told_apart_by_id(noise, client_of, tmp_path):
    """With two recorded endpoints, an unknown id is a miss that names them."""
    other = tmp_path / "other"
    (other / "bodies").mkdir(parents=True)
    text = (noise.folder.read("cassette.json")).decode().replace("/v2/comfy/", "/v2/second/")
    (other / "cassette.json").write_text(text)
    with ReplayServer([noise, other]) as server:
        client = client_of(server)
        assert client.get("/v2/comfy/health").status == 200
        assert client.get("/v2/second/health").status == 200
        answer = client.get("/v2/third/health")
    assert (answer.status, "recorded are: comfy, second" in answer.json()["error"]) == (404, True)


def test_a_server_that_is_not_running_has_no_url(noise):
    """It says how it is run."""
    with pytest.raises(RuntimeError, match="'with' statement"):
        ReplayServer(noise).url  # noqa: B018
