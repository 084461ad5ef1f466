"""What a replay server does not do for strangers."""

from __future__ import annotations

import shutil
import socket

import pytest

from comfytape_cassettes import UsageError
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
        ({"Host": "LOCALHOST.:9"}, 200),
        ({"Host": ""}, 200),
    ],
)
def test_pages_of_other_sites_are_turned_away(noise_client, headers, status):
    """On loopback, only this machine's own names are answered."""
    assert noise_client.get("/v2/any/health", **headers).status == status


def test_a_server_for_others_answers_under_addresses_and_allowed_names(noise, client_of):
    """Rebinding takes a name that the attacker owns: any address is fine, a name must be allowed."""
    with ReplayServer(noise, host="0.0.0.0", allow_hosts=["Replay.internal"]) as server:
        client = client_of(type("At", (), {"url": server.url.replace("0.0.0.0", "127.0.0.1")}))
        hosts = ("replay.internal:80", "192.168.7.3:9000", socket.gethostname(), "evil.example")
        assert [client.get("/v2/any/health", Host=host).status for host in hosts] == [200, 200, 200, 403]


def test_the_short_way_of_a_poll_is_no_way_around(noise, noise_workflows, client_of):
    """A job's status is answered early: strangers are turned away there too, before and after others were let in."""
    with ReplayServer(noise) as server:
        client = client_of(server)
        path = f"/v2/any/status/{client.run(noise_workflows[0])}"
        strangers = ({"Host": "evil.example"}, {"Origin": "https://evil.example"})
        seen = [client.get(path, **headers).status for headers in (*strangers, {}, *strangers)]
        assert seen == [403, 403, 200, 403, 403]


def test_a_page_may_read_what_it_was_given_permission_for(noise, client_of):
    """--cors names a site: its preflights and requests are answered with permission; recorded permissions are not."""
    page = "http://localhost:3000"
    wanted = {"Origin": page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
    with ReplayServer(noise, cors=[page]) as server, ReplayServer(noise) as plain:
        client = client_of(server)
        answer = client.ask("OPTIONS", "/v2/any/run", headers=wanted)
        assert (answer.status, answer.headers["access-control-allow-headers"]) == (204, "x-a")
        assert client.get("/v2/any/health", Origin=page).headers["access-control-allow-origin"] == page
        assert (
            client.get("/v2/any/health", Origin="http://localhost:4000")
            .headers.keys()
            .isdisjoint({"access-control-allow-origin"})
        )
        assert client.get("/v2/any/health", Origin="https://evil.example").status == 403
        assert client_of(plain).ask("OPTIONS", "/v2/any/run", headers=wanted).status != 204
    with pytest.raises(UsageError, match="is no origin"):
        ReplayServer(noise, cors=["localhost:3000"])


def test_every_answer_says_that_it_is_a_replay(noise, noise_workflows, client_of):
    """Recorded answers, polls, misses and refusals: none passes for the real server's."""
    with ReplayServer(noise) as server:
        client = client_of(server)
        paths = ("/system_stats", f"/v2/any/status/{client.run(noise_workflows[0])}", "/nothing", "/v2/any/health")
        answers = [client.get(path) for path in paths] + [client.get("/", Host="evil.example")]
        assert {answer.headers["server"] for answer in answers} == {"comfytape-replay"}


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
