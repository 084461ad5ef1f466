"""The clients of RunPod's job API and of ComfyUI, and where they are pointed at."""

from __future__ import annotations

import dataclasses

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Endpoint
from comfytape_contracts.spending import Spending
from comfytape_recorder.polling import Pace
from comfytape_recorder.runpod import HiccupError, retry_after
from comfytape_recorder.target import Target, plane_of, target_of


def test_every_operation_speaks(plane, client):
    """run, runsync, status, health, cancel, retry, stream, purge-queue: each with its method and answer."""
    plane.work_s = 60
    job = client.run({"workflow": {}}, policy={"ttl": 60_000})
    assert client.status(job.id).id == job.id
    assert client.health().jobs.completed == 3
    assert client.cancel(job.id).status == "CANCELLED"
    assert client.retry(job.id).status == "IN_QUEUE"
    assert client.stream(job.id) == [{"output": 1}]
    assert client.runsync({"workflow": {}}, wait_ms=1000).status == "IN_QUEUE"
    assert client.purge_queue() >= 0
    assert client.requests() == []  # this plane lists none


@pytest.mark.parametrize("bare", [True, False])
def test_the_key_is_sent_in_either_form(plane, client, key, bare):
    """With Bearer as clients do, or bare as workers do."""
    dataclasses.replace(client, bare_key=bare).health()
    assert plane.asked("health")[0][2]["Authorization"] == (key if bare else f"Bearer {key}")


@pytest.mark.parametrize("job_input", [None, {}, "", []])
def test_an_empty_input_is_refused_before_it_is_sent(plane, client, job_input):
    """RunPod accepts it and fails the job minutes later."""
    with pytest.raises(UsageError, match="input is empty"):
        client.run(job_input)
    assert plane.seen == []


@pytest.mark.parametrize(("operation", "limit"), [("run", 10_000_000), ("runsync", 20_000_000)])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(plane, client, operation, limit):
    """10 MB for /run, 20 MB for /runsync: what it is, and what is allowed."""
    with pytest.raises(UsageError, match=f"/{operation} takes at most {limit:,}"):
        getattr(client, operation)({"image": "x" * limit})
    assert plane.seen == []


def test_a_body_just_under_the_limit_is_sent(plane, client):
    """The limit is on the body, envelope included."""
    assert client.run({"image": "x" * (10_000_000 - 40)}).status == "IN_QUEUE"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "401: the key was refused"),
        ({"status": 403}, "403: the key was refused"),
        ({"status": 404}, "there is no endpoint ep1"),
        ({"status": 400, "body": '{"error": "bad"}'}, "/run answered 400: .*bad"),
        ({"status": 413}, "/run answered 413: an empty body"),
        (
            {"status": 302, "headers": {"Location": "https://other.example/x?key=s"}},
            "it redirects to https://other.example/x, ",
        ),
    ],
)
def test_answers_that_asking_again_does_not_help(plane, client, fault, words):
    """Key, endpoint, body and redirects are the user's to mend."""
    plane.fault("run", **fault)
    with pytest.raises(UsageError, match=words):
        client.run({"workflow": {}})


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, "/status answered 429"),
        ({"status": 502, "body": "<html>"}, "/status answered 502"),
        ({"status": 200, "body": "<html>login"}, "not JSON: <html>login"),
        ({"status": 200, "body": "[1]"}, "the answer is no job"),
        ({"status": 404}, "/status answered 404"),
    ],
)
def test_answers_that_say_nothing_of_the_job(plane, client, fault, words):
    """Hiccups: the job may be fine, so it is asked again."""
    plane.fault("status", **fault)
    with pytest.raises(HiccupError, match=words) as caught:
        client.status("some-job")
    assert caught.value.retry_after == (7 if fault["status"] == 429 else None)


def test_health_of_another_shape_is_a_hiccup(plane, client):
    """HTTP 200 is not success."""
    plane.fault("health", status=200, body='{"ok": true}')
    with pytest.raises(HiccupError, match="did not answer with jobs and workers"):
        client.health()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("5", 5), ("0", 0), ("99999", 600), ("", None), ("soon", None), ("-1", None), ("inf", None), ("nan", None),
     ("1e9", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("²", None)],
)  # fmt: skip
def test_retry_after_is_whole_seconds_within_reason(header, seconds):
    """A hostile header stops nobody for a day, and never ends in a traceback."""
    assert retry_after(header) == seconds


def test_the_pace_is_quick_then_slow_then_quick_after_a_change():
    """Polls start at a quarter of a second, grow to five, and start over when the state changed."""
    pace = Pace(0.25, 1.4, 5.0, 0.0, 0)
    waits = [pace.after_answer() for _ in range(20)]
    assert waits[0] == 0.25
    assert waits == sorted(waits)
    assert waits[-1] == 5.0
    assert pace.after_change() == 0.25


def test_hiccups_double_the_wait_up_to_half_a_minute():
    """Unless the server asks for something else."""
    pace = Pace(0.25, 1.4, 5.0, 0.0, 0)
    assert [pace.after_hiccup(None) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert pace.after_hiccup(3.0) == 3.0


def test_spending_counts_ended_running_and_withdrawn_jobs():
    """At 1 USD a second: what ended in full, what runs up to now."""
    spending = Spending(1.0, 10.0)
    assert spending.allows_another(0)
    spending.started(0, 1000)
    assert not spending.allows_another(2000)  # nothing to go by yet
    assert spending.usd(3000) == 2
    spending.ended(0, 2500)
    spending.started(1, 3000)
    spending.withdrawn(1, 4000)
    spending.withdrawn(7, 4000)
    assert spending.usd(9000) == 3.5
    assert spending.allows_another(9000)
    assert not spending.is_exceeded(9000)
    spending.started(2, 9000)
    assert spending.is_exceeded(20_000)
    assert not Spending(1.0, None).is_exceeded(1e9)


def where(**environment):
    return target_of(Endpoint(), environment)


def test_the_first_endpoint_variable_that_is_set_wins(key):
    """RUNPOD_ENDPOINT_COMFYUI before RUNPOD_ENDPOINT_ID; spaces around a value are not part of it."""
    target = where(RUNPOD_ENDPOINT_COMFYUI="a", RUNPOD_ENDPOINT_ID="b", RUNPOD_API_KEY=f" {key}\n")
    assert (target.endpoint, target.key, target.base_url) == ("a", key, "https://api.runpod.ai/v2")
    assert where(RUNPOD_ENDPOINT_ID="b", RUNPOD_API_KEY=key).endpoint == "b"


def test_the_key_is_not_in_the_targets_own_words(key):
    """A target may be printed."""
    assert key not in repr(where(RUNPOD_ENDPOINT_ID="b", RUNPOD_API_KEY=key))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "neither RUNPOD_ENDPOINT_COMFYUI nor RUNPOD_ENDPOINT_ID nor COMFYUI_URL is set"),
        ({"RUNPOD_ENDPOINT_ID": "a"}, "RUNPOD_API_KEY is not set"),
        ({"RUNPOD_ENDPOINT_ID": "https://api.runpod.ai/v2/a", "RUNPOD_API_KEY": "k"}, "RUNPOD_ENDPOINT_ID is not an endpoint id"),
        ({"RUNPOD_ENDPOINT_ID": "a", "RUNPOD_API_KEY": "k\nX: y"}, "characters that no key has"),
        ({"RUNPOD_ENDPOINT_ID": "a", "RUNPOD_API_KEY": "“k”"}, "characters that no key has"),
        ({"RUNPOD_ENDPOINT_ID": "a", "RUNPOD_API_KEY": "k", "RUNPOD_ENDPOINT_BASE_URL": "api.runpod.ai"}, "RUNPOD_ENDPOINT_BASE_URL is not a URL"),
        ({"COMFYUI_URL": "http://[::1"}, "COMFYUI_URL is not a URL"),
        ({"COMFYUI_URL": "http://h:99999"}, "COMFYUI_URL is not a URL"),
        ({"COMFYUI_URL": "ftp://h"}, "COMFYUI_URL is not a URL"),
    ],
)  # fmt: skip
def test_a_target_that_does_not_fit_is_named(environment, words):
    """Which variable, what was expected, and the next step."""
    with pytest.raises(UsageError, match=words) as caught:
        where(**environment)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("target", "plane"),
    [
        (Target("a", "k", "http://127.0.0.1:1/v2", ""), "loopback"),
        (Target("a", "k", "http://127.0.0.1:1/v2", "http://pod.example"), "runpod-cloud"),
        (Target("", "", "https://api.runpod.ai/v2", "http://localhost:8188"), "loopback"),
        (Target("a", "k", "https://api.runpod.ai/v2", ""), "runpod-cloud"),
    ],
)
def test_loopback_is_when_everything_is_on_this_machine(target, plane):
    """Provenance is honest about where a recording was made."""
    assert plane_of(target) == plane
