"""RunPod's webhooks: what is posted, when, how often, and where nothing is posted."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from comfytape_replayer import ReplayServer


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent; answers with the statuses given, then with 200."""

    def __init__(self, *statuses, pause=0.0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses, self.pause, self.got = list(statuses), pause, []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((time.monotonic(), self.path, dict(self.headers.items()), json.loads(body)))
        time.sleep(self.server.pause)
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def receive():
    made = []

    def begin(*statuses, **options):
        made.append(Receiver(*statuses, **options))
        return made[-1]

    yield begin
    for receiver in made:
        receiver.shutdown()
        receiver.server_close()


def submitted(client, workflow, webhook):
    return client.post("/v2/any/run", {"input": {"workflow": workflow}, "webhook": webhook}).json()["id"]


def noted(client, count=1):
    """What the journal says of webhooks, once it says it of so many."""
    deadline = time.monotonic() + 10
    while len(said := client.get("/__comfytape__/journal").json()["webhooks"]) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return said


def test_a_job_that_ended_is_posted(noise, noise_workflows, client_of, receive):
    """What /status says of it, with its input and its webhook."""
    receiver = receive()
    with ReplayServer(noise, deliver_webhooks=True) as server:
        client = client_of(server)
        url = f"{receiver.url}/done?token=secret"
        job = submitted(client, noise_workflows[0], url)
        said = noted(client)[0]
        status = client.status(job)
    _, path, headers, body = receiver.got[0]
    assert path == "/done?token=secret"
    assert (headers["User-Agent"], headers["Content-Type"]) == ("Go-http-client/2.0", "application/json")
    assert body == {**status, "input": {"workflow": noise_workflows[0]}, "webhook": url}
    assert status["status"] == "COMPLETED"
    assert (said["job"], said["url"], said["attempts"], said["status"], said["said"]) == (
        job, f"{receiver.url}/done", 1, 200, "delivered",
    )  # fmt: skip


def test_a_failed_job_is_posted_too(noise, noise_workflows, client_of, receive):
    """Whatever scenario it plays."""
    receiver = receive()
    with ReplayServer(noise, deliver_webhooks=True, scenario="failed-oom") as server:
        submitted(client_of(server), noise_workflows[0], receiver.url)
        noted(client_of(server))
    assert receiver.got[0][3]["status"] == "FAILED"


def test_it_is_posted_when_the_job_has_ended_and_again_later(noise, noise_workflows, client_of, receive):
    """By the clock: not before the end; after 5 and 15 s of virtual time again."""
    receiver = receive(500, 503)
    with ReplayServer(noise, deliver_webhooks=True, speed=60) as server:
        client = client_of(server)
        began = time.monotonic()
        job = submitted(client, noise_workflows[0], receiver.url)
        end = server.app.runpod.instances.by_id[job].timeline[-1].at_ms / 60_000
        assert noted(client)[0]["attempts"] == 3
    at = [got[0] - began for got in receiver.got]
    assert end <= at[0] < end + 0.15
    assert [at[1] - at[0], at[2] - at[1]] == pytest.approx([5 / 60, 15 / 60], abs=0.1)


def test_a_receiver_that_never_takes_it_is_given_up(noise, noise_workflows, client_of, receive):
    """After three attempts, whether it refuses or is not there; the job is not touched by that."""
    receiver, gone = receive(500, 500, 500), receive()
    gone.shutdown()
    gone.server_close()
    with ReplayServer(noise, deliver_webhooks=True) as server:
        client = client_of(server)
        jobs = [submitted(client, noise_workflows[0], url) for url in (receiver.url, gone.url)]
        said = sorted(noted(client, 2), key=lambda note: jobs.index(note["job"]))
        assert client.status(jobs[0])["status"] == "COMPLETED"
    assert [(note["attempts"], note["status"], note["said"]) for note in said] == [
        (3, 500, "given up"),
        (3, 0, "given up"),
    ]


def test_a_slow_receiver_holds_nobody(noise, noise_workflows, client_of, receive):
    """Other requests are answered meanwhile, and the server stops without waiting for it."""
    receiver = receive(pause=1.0)
    with ReplayServer(noise, deliver_webhooks=True) as server:
        client = client_of(server)
        for _ in range(5):
            submitted(client, noise_workflows[0], receiver.url)
        while not receiver.got:
            time.sleep(0.005)
        began = time.monotonic()
        client.health()
        assert time.monotonic() - began < 0.5
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/hook", "loopback"),
        ("http://127.0.0.1.example.com/", "loopback"),
        ("http://127.0.0.1@example.com/", "loopback"),
        ("http://10.0.0.1/", "loopback"),
        ("https://127.0.0.1/", "expected an http:// address"),
        ("file:///etc/passwd", "expected an http:// address"),
        ("http://127.0.0.1:99999/", "expected an http:// address"),
        ("http://127.0.0.1/\r\nX: y", "expected an http:// address"),
        ("http://[::1/", "expected an http:// address"),
    ],
)
def test_only_this_machine_is_posted_to(noise, noise_workflows, client_of, url, words):
    """What is not posted is noted."""
    with ReplayServer(noise, deliver_webhooks=True) as server:
        submitted(client_of(server), noise_workflows[0], url)
        said = noted(client_of(server))[0]
    assert (said["attempts"], said["status"]) == (0, 0)
    assert words in said["said"]


def test_nothing_is_posted_unless_asked(noise_client, noise_workflows, receive):
    """It is noted, less what may be secret; what is no address is nothing."""
    receiver = receive()
    submitted(noise_client, noise_workflows[0], 7)
    submitted(noise_client, noise_workflows[0], receiver.url.replace("//", "//user:word@") + "/a?b=c")
    said = noted(noise_client)
    assert [(note["url"], note["said"]) for note in said] == [
        (f"{receiver.url}/a", "not delivered: --deliver-webhooks was not given")
    ]
    assert receiver.got == []


def test_what_never_ends_is_never_posted(noise, noise_workflows, client_of, receive):
    """A job that is stuck, and one that was cancelled before its end."""
    receiver = receive()
    with ReplayServer(noise, deliver_webhooks=True, speed=60, scenario="stuck-queue") as server:
        submitted(client_of(server), noise_workflows[0], receiver.url)
        assert "does not end" in noted(client_of(server))[0]["said"]
    with ReplayServer(noise, deliver_webhooks=True, speed=60) as server:
        client = client_of(server)
        job = submitted(client, noise_workflows[0], receiver.url)
        client.post(f"/v2/any/cancel/{job}")
        assert noted(client)[0]["said"] == "not delivered: the job is CANCELLED"
    assert receiver.got == []


def test_a_webhook_to_the_replay_begins_no_circle(noise, noise_workflows, client_of):
    """The delivered job has an input and a webhook, and would be submitted for ever."""
    with ReplayServer(noise, deliver_webhooks=True) as server:
        client = client_of(server)
        submitted(client, noise_workflows[0], f"{server.url}/v2/any/run")
        said = noted(client, 2)
    assert sorted(note["said"] for note in said) == [
        "delivered",
        "not delivered: this job was itself submitted by a webhook",
    ]


def test_deliveries_under_way_are_limited(noise, noise_workflows, client_of, receive, monkeypatch):
    """More are noted, not kept."""
    monkeypatch.setattr("comfytape_replayer.webhooks.WAITING", 1)
    receiver = receive(pause=0.3)
    with ReplayServer(noise, deliver_webhooks=True) as server:
        client = client_of(server)
        for _ in range(2):
            submitted(client, noise_workflows[0], receiver.url)
        assert noted(client)[0]["said"] == "not delivered: 1 webhooks are under way"
