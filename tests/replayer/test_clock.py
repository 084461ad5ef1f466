"""By the clock: states change when they did, counted from the submission."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from comfytape_replayer import ReplayServer
from comfytape_replayer.clock import Clock
from comfytape_replayer.instances import Instance
from comfytape_replayer.library import Library


class Hand(Clock):
    """A clock whose hand is moved."""

    ms = 0.0

    def now_ms(self):
        return self.ms


def test_states_change_at_the_recorded_moments(danrisi):
    """Just before its moment a state is not there, just after it is; and nobody needs to poll in between."""
    submission = next(iter(Library([danrisi]).queues.values())).submissions[0]
    clock = Hand(1)
    instance = Instance("id", submission, submission.timeline, clock)
    for earlier, later in pairwise(submission.timeline[1:]):
        clock.ms = later.at_ms - 0.01
        assert instance.poll() is earlier
        clock.ms = later.at_ms + 0.01
        assert instance.poll() is later
    exchange = submission.polls[-1]
    assert submission.timeline[-1].at_ms == exchange.started_ms - submission.exchange.started_ms


def test_at_speed_1_the_recorded_waits_are_seen(noise, noise_workflows, client_of):
    """A warm job of a few seconds, in real time; how late a poll may be is up to the machine."""
    runs = [e for e in noise.exchanges if e.request.url.endswith("/run")]
    job_id = runs[1].response.body.json()["id"]
    polls = [e for e in noise.exchanges if e.request.url.endswith(f"/status/{job_id}")]
    recorded = polls[-1].started_ms - runs[1].started_ms
    with ReplayServer(noise, speed=1) as server:
        client = client_of(server)
        began = time.monotonic()
        job = client.run(noise_workflows[1])
        while client.status(job)["status"] != "COMPLETED":
            time.sleep(0.01)
        waited = (time.monotonic() - began) * 1000
    assert recorded - 1 <= waited < recorded + 5000


def test_speed_divides_the_waits(danrisi, danrisi_workflows, client_of):
    """The cold job of 67 s takes a third of a second at 200."""
    with ReplayServer(danrisi, speed=200) as server:
        client = client_of(server)
        began = time.monotonic()
        said = client.post("/v2/any/runsync", {"input": {"workflow": danrisi_workflows[0]}}).json()
        assert 0.3 < time.monotonic() - began < 1.5
    assert said["status"] == "COMPLETED"


def test_runsync_answers_when_its_wait_is_over(danrisi, danrisi_workflows, client_of):
    """The wait is virtual, too; the job goes on."""
    with ReplayServer(danrisi, speed=100) as server:
        client = client_of(server)
        said = client.post("/v2/any/runsync?wait=5000", {"input": {"workflow": danrisi_workflows[0]}}).json()
        assert said["status"] == "IN_PROGRESS"
        assert client.get(f"/v2/any/status-sync/{said['id']}?wait=90000").json()["status"] == "COMPLETED"


@pytest.mark.parametrize("policy", [{"ttl": 10_000}, {}], ids=["ttl", "retention"])
def test_a_job_expires(noise, noise_workflows, client_of, policy):
    """After its ttl, or half an hour after its end, it is a 404."""
    with ReplayServer(noise, speed=20_000) as server:
        client = client_of(server)
        body = {"input": {"workflow": noise_workflows[0]}, "policy": policy}
        job = client.post("/v2/any/run", body).json()["id"]
        deadline = time.monotonic() + 5
        while client.get(f"/v2/any/status/{job}").status == 200 and time.monotonic() < deadline:
            pass
        assert client.get(f"/v2/any/status/{job}").status == 404


def test_health_follows_the_clock(danrisi, danrisi_workflows, client_of):
    """Nobody polls, and the job ends all the same."""
    with ReplayServer(danrisi, speed=500) as server:
        client = client_of(server)
        client.run(danrisi_workflows[0])
        deadline = time.monotonic() + 5
        while client.health()["jobs"]["completed"] == 0 and time.monotonic() < deadline:
            pass
        assert client.health()["workers"]["idle"] == 1
