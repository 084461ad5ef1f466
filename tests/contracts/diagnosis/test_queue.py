"""A queue that does not move: the causes in their order, each with its numbers."""

from __future__ import annotations

import pytest

from comfytape_contracts.diagnosis import diagnose

WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}
IDLE = {"id": "w1", "status": "IDLE"}


def first(found):
    return found.causes[0].rule.id


@pytest.mark.parametrize(
    ("health", "rule"),
    [
        ({"unhealthy": 2}, "queue-unhealthy"),
        ({}, "queue-no-workers"),
        ({"throttled": 2}, "queue-throttled"),
        ({"initializing": 1, "throttled": 0}, "queue-initializing"),
        ({"ready": 2, "idle": 2}, "queue-not-taken"),
    ],
)
def test_each_reason_for_a_waiting_job_has_its_name(said, health, rule):
    """The numbers of /health decide, and the verdict is UNKNOWN: what the endpoint would do was not seen."""
    found = diagnose(said.config().health(in_queue=1, **health))
    assert first(found) == rule
    assert "inQueue 1" in found.causes[0].evidence
    assert (found.verdict, found.exit_code) == ("unknown", 3)


def test_a_paused_endpoint_wins_over_everything(said):
    """With workers.max 0 no other number matters, and an empty queue does not make it better."""
    assert first(diagnose(said.config(workers={"min": 0, "max": 0}).health(in_queue=1, throttled=2))) == "queue-paused"


def test_a_paused_endpoint_is_seen_at_rest(said):
    """Before the first job waits."""
    found = diagnose(said.config(workers={"min": 0, "max": 0}).health())
    assert (first(found), found.causes[0].confidence) == ("queue-paused", "certain")
    assert "workers.max 0" in found.causes[0].evidence


def test_without_the_management_api_pause_is_not_ruled_out(said):
    """A recording of /health alone says throttled, and what it could not see."""
    found = diagnose(said.health(in_queue=1, throttled=2))
    assert first(found) == "queue-throttled"
    assert "a paused endpoint is not ruled out" in found.causes[0].evidence


def test_stock_is_evidence(said):
    """Throttled, and the catalogue says that the pool is empty."""
    gpu = {"id": "NVIDIA GeForce RTX 4090", "name": "RTX 4090", "pool": "ADA_24", "availability": "NONE"}
    said.get("https://api.runpod.io/v2/catalog/gpus?include=AVAILABILITY", {"gpus": [gpu]})
    found = diagnose(said.config().health(in_queue=1, throttled=1))
    assert "stock: ADA_24 NONE" in found.causes[0].evidence
    assert "config-no-stock" in {c.rule.id for c in found.causes}


def test_crashing_workers_beside_a_good_one_are_a_warning(said):
    """The endpoint works; something is wrong with it all the same."""
    found = diagnose(said.config().health(ready=1, idle=1, unhealthy=1))
    assert (first(found), found.causes[0].weight) == ("queue-unhealthy", "warning")
    assert found.exit_code == 0


def test_a_short_start_is_normal_and_a_long_one_is_an_image(said):
    """40 seconds are a cold start, 20 minutes an image that cannot be pulled."""
    short = diagnose(said.config().health(in_queue=1, initializing=1))
    assert short.causes[0].confidence == "possible"
    said.workers({"id": "w1", "status": "INITIALIZING", "uptimeSeconds": 1200})
    long = diagnose(said)
    assert long.causes[0].confidence == "likely"
    assert "for 1200 s" in long.causes[0].claim
    assert "no registry credentials" in long.causes[0].evidence


def test_the_longer_jobs_wait_the_surer_it_is(said):
    """A scaler needs some seconds; after half a minute without any worker it is not that."""
    early = diagnose(said.config().health(in_queue=1))
    said.at += 30_000
    late = diagnose(said.health(in_queue=1))
    assert [early.causes[0].confidence, late.causes[0].confidence] == ["possible", "likely"]
    assert late.causes[0].seen["waited_s"] > 30


def test_one_worker_that_gets_everything_is_the_funnel(said):
    """One runs, two are idle, jobs wait, and a volume is shared."""
    said.config(networkVolumes=["vol1"]).health(in_queue=4, in_progress=1, running=1, idle=2, ready=3)
    assert first(diagnose(said)) == "queue-funnel"


def test_busy_workers_are_no_fault(said):
    """Jobs that wait behind others are only a note."""
    found = diagnose(said.config().health(in_queue=3, in_progress=2, running=2, ready=2))
    assert "queue-busy" in {c.rule.id for c in found.causes if c.weight == "info"}
    assert found.exit_code == 0


def test_a_job_that_waits_behind_another_is_no_fault(said):
    """Ours has not been taken yet, but someone else's is being worked on."""
    said.health(in_queue=1, in_progress=1, running=1, ready=1).job(WORKFLOW, "IN_QUEUE")
    found = diagnose(said)
    assert "queue-busy" in {c.rule.id for c in found.causes}
    assert not [c for c in found.causes if c.rule.family == "queue" and c.weight == "error"]


def test_at_rest_with_a_maximum_is_a_cold_start_note(said):
    """Scale to zero is how serverless is meant to be."""
    found = diagnose(said.config().health())
    assert "cold-start" in {c.rule.id for c in found.causes}
    assert found.exit_code == 0


def test_at_rest_without_the_management_api_nothing_is_certain(said):
    """The same zeros may be a paused endpoint: the evidence does not decide."""
    found = diagnose(said.health())
    assert first(found) == "workers-unseen"
    assert [line.verdict for line in found.lines if line.promise == "a worker takes jobs"] == ["unknown"]


def test_jobs_that_ended_prove_that_workers_take_them(said):
    """A last /health from before the end of the last job does not make a queue of it."""
    said.job(WORKFLOW, {"status": "COMPLETED", "output": {"images": []}}).health(in_queue=1, initializing=1)
    assert diagnose(said).exit_code == 0


def test_a_job_that_was_cancelled_from_the_queue_counts_as_waiting(said):
    """The client gave up: nobody had taken it."""
    said.health(in_queue=1, ready=1, idle=1).job(WORKFLOW, "IN_QUEUE", "CANCELLED", after_s=10)
    found = diagnose(said)
    assert first(found) == "queue-not-taken"
    assert found.causes[0].seen["waited_s"] >= 10


def test_records_of_the_management_api_count_too(said):
    """/health and the worker list can disagree; the larger number is looked at."""
    found = diagnose(said.config().health(in_queue=1).workers({"id": "w1", "status": "UNHEALTHY"}))
    assert first(found) == "queue-unhealthy"


def test_the_worker_list_alone_is_enough(said):
    """Where /health did not come through, the management API still knows workers."""
    found = diagnose(said.config().workers(IDLE))
    assert [line.verdict for line in found.lines if line.promise == "a worker takes jobs"] == ["pass"]


def test_the_real_stuck_queue(imported):
    """IN_QUEUE until cancelled, two throttled: named, with the seconds it was watched."""
    found = diagnose(imported("runpod-stuck-in-queue.har"))
    assert first(found) == "queue-throttled"
    assert found.causes[0].seen["throttled"] == 2
    assert found.causes[0].seen["waited_s"] > 6
    assert found.exit_code == 3
