"""A submitted job goes through what the recorded one went through."""

from __future__ import annotations

import copy
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from comfytape_replayer import ReplayServer

JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-u1")


def recorded_result(cassette, number):
    """Id and body of the final answer of the number-th recorded job."""
    runs = [e for e in cassette.exchanges if e.request.url.endswith("/run")]
    job = runs[number].response.body.json()["id"]
    polls = [e.response.body.raw() for e in cassette.exchanges if e.request.url.endswith(f"/status/{job}")]
    return job, polls


def test_each_poll_shows_the_next_recorded_state_and_the_last_one_stays(danrisi_client, danrisi_workflows):
    """Five polls of a cold job: queued, in progress, completed, completed, completed."""
    job = danrisi_client.run(danrisi_workflows[0])
    seen = [danrisi_client.status(job)["status"] for _ in range(5)]
    assert seen == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "COMPLETED", "COMPLETED"]


def test_the_body_is_the_recorded_one_but_for_the_id(danrisi, danrisi_client, danrisi_workflows):
    """Result bytes differ from the recording's in nothing but the job id."""
    recorded, polls = recorded_result(danrisi, 0)
    job = danrisi_client.run(danrisi_workflows[0])
    served = [danrisi_client.get(f"/v2/any/status/{job}").body for _ in polls]
    assert served == [poll.replace(recorded.encode(), job.encode()) for poll in polls]


def test_a_large_result_is_the_recorded_one(noise, noise_client, noise_workflows):
    """A picture of two megabytes goes out as it came in."""
    recorded, polls = recorded_result(noise, 3)
    job = noise_client.run(noise_workflows[3])
    for _ in polls:
        served = noise_client.get(f"/v2/any/status/{job}").body
    assert len(served) > 1_000_000
    assert served == polls[-1].replace(recorded.encode(), job.encode())


def test_ids_are_fresh_and_of_the_right_form(noise_client, noise_workflows):
    """Two submissions of one workflow are two jobs, each with a UUID and the recorded suffix."""
    jobs = {noise_client.run(noise_workflows[0]) for _ in range(2)}
    assert len(jobs) == 2
    assert all(JOB_ID.fullmatch(job) for job in jobs)


def test_runsync_answers_with_the_end_of_the_job(noise_client, noise_workflows):
    """/runsync gives the final state at once, under an id that begins with sync-."""
    said = noise_client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[1]}}).json()
    assert said["status"] == "COMPLETED"
    assert JOB_ID.fullmatch(said["id"].removeprefix("sync-"))
    assert said["id"].startswith("sync-")


def test_a_runsync_job_can_be_asked_about_later(noise_client, noise_workflows):
    """The id that /runsync answered is known to /status."""
    job = noise_client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[1]}}).json()["id"]
    assert noise_client.status(job)["status"] == "COMPLETED"


def test_status_sync_waits_for_the_end(noise_client, noise_workflows):
    """The JavaScript SDK's /status-sync answers with the final state."""
    job = noise_client.run(noise_workflows[0])
    assert noise_client.get(f"/v2/any/status-sync/{job}?wait=5000").json()["status"] == "COMPLETED"


def test_a_job_of_another_endpoint_is_not_known(noise_client, noise_workflows):
    """A job id is only good at the endpoint it was submitted to."""
    job = noise_client.run(noise_workflows[0], "one")
    assert noise_client.get(f"/v2/two/status/{job}").status == 404


def test_cancel_is_final(noise_client, noise_workflows):
    """A cancelled job stays cancelled, and cancelling a finished one changes nothing."""
    job = noise_client.run(noise_workflows[0])
    assert noise_client.post(f"/v2/any/cancel/{job}").json() == {"id": job, "status": "CANCELLED"}
    assert [noise_client.status(job)["status"] for _ in range(3)] == ["CANCELLED"] * 3
    done = noise_client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[0]}}).json()["id"]
    assert noise_client.post(f"/v2/any/cancel/{done}").json()["status"] == "COMPLETED"


def test_only_a_failed_job_is_retried(noise_client, noise_workflows):
    """RunPod takes /retry for FAILED and TIMED_OUT alone."""
    job = noise_client.run(noise_workflows[0])
    refused = noise_client.post(f"/v2/any/retry/{job}")
    assert refused.status == 400
    assert "IN_QUEUE" in refused.json()["error"]


def test_purge_cancels_what_waits_and_leaves_what_runs(danrisi_client, danrisi_workflows):
    """/purge-queue counts and cancels queued jobs only."""
    running, waiting = (danrisi_client.run(danrisi_workflows[0]) for _ in range(2))
    for _ in range(2):
        danrisi_client.status(running)
    assert danrisi_client.post("/v2/any/purge-queue").json() == {"removed": 1, "status": "completed"}
    assert danrisi_client.status(waiting)["status"] == "CANCELLED"
    assert danrisi_client.status(running)["status"] == "COMPLETED"


def test_requests_lists_the_jobs_of_the_endpoint(noise_client, noise_workflows):
    """/requests names the jobs submitted here, with their states."""
    job = noise_client.run(noise_workflows[0])
    assert noise_client.get("/v2/any/requests").json() == {"requests": [{"id": job, "status": "IN_QUEUE"}]}


def test_stream_of_a_job_that_streams_nothing_ends(noise_client, noise_workflows):
    """/stream has no chunks and reaches the final state, so that a client's loop ends."""
    job = noise_client.run(noise_workflows[0])
    said = [noise_client.get(f"/v2/any/stream/{job}").json() for _ in range(4)]
    assert [s["stream"] for s in said] == [[]] * 4
    assert said[-1]["status"] == "COMPLETED"


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"prompt": 1}'])
def test_a_body_without_input_is_refused(noise_client, body):
    """A job body needs 'input'."""
    assert noise_client.ask("POST", "/v2/any/run", body).status == 400


def test_a_body_over_the_limit_is_refused(noise_client):
    """/run takes ten megabytes."""
    assert noise_client.ask("POST", "/v2/any/run", b"x" * 10_000_001).status == 413


@pytest.mark.parametrize(("method", "operation"), [("GET", "run"), ("POST", "health"), ("GET", "cancel/x")])
def test_a_wrong_method_is_refused(noise_client, method, operation):
    """Each operation has its method."""
    assert noise_client.ask(method, f"/v2/any/{operation}").status == 405


def test_jobs_in_parallel_get_their_own_results(noise, noise_workflows, client_of):
    """Twenty jobs from ten threads: each result carries its own id and its own workflow's picture."""
    with ReplayServer(noise) as server:
        client = client_of(server)

        def play(number):
            job = client.run(noise_workflows[number % 10])
            while (said := client.status(job))["status"] != "COMPLETED":
                pass
            return number % 10, job, said

        with ThreadPoolExecutor(10) as pool:
            played = list(pool.map(play, range(20)))
    expected = {n: recorded_result(noise, n)[1][-1] for n in range(10)}
    for number, job, said in played:
        assert said["id"] == job
        assert said["output"]["images"][0]["data"].encode() in expected[number]


def test_the_workflow_is_not_changed_by_serving(noise_client, noise_workflows):
    """The same submission again plays the same job again."""
    before = copy.deepcopy(noise_workflows[0])
    results = []
    for _ in range(2):
        job = noise_client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[0]}}).json()
        results.append(job["output"])
    assert results[0] == results[1]
    assert noise_workflows[0] == before
