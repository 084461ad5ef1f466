"""/health agrees with the jobs at every moment."""

from __future__ import annotations

JOBS = {"completed": 0, "failed": 0, "inProgress": 0, "inQueue": 0, "retried": 0}


def test_before_the_first_job_it_is_as_recorded_at_rest(danrisi_client):
    """No worker is up, so the first job is seen as a cold one."""
    said = danrisi_client.health()
    assert said["jobs"] == JOBS
    assert set(said["workers"].values()) == {0}


def test_it_follows_a_job_through_its_states(danrisi_client, danrisi_workflows):
    """Queued: a worker starts. In progress: it runs. Completed: it idles."""
    job = danrisi_client.run(danrisi_workflows[0])
    seen = [danrisi_client.health()]
    for _ in range(3):
        danrisi_client.status(job)
        seen.append(danrisi_client.health())
    counted = [next(name for name, count in said["jobs"].items() if count) for said in seen]
    assert counted == ["inQueue", "inQueue", "inProgress", "completed"]
    assert all(sum(said["jobs"].values()) == 1 for said in seen)
    workers = [{k: v for k, v in said["workers"].items() if v} for said in seen]
    assert workers == [{"initializing": 1}, {"initializing": 1}, {"ready": 1, "running": 1}, {"idle": 1, "ready": 1}]


def test_it_counts_cancelled_jobs_nowhere(danrisi_client, danrisi_workflows):
    """A cancelled job is neither waiting nor done."""
    danrisi_client.post(f"/v2/any/cancel/{danrisi_client.run(danrisi_workflows[0])}")
    assert danrisi_client.health()["jobs"] == JOBS


def test_endpoints_are_counted_apart(danrisi_client, danrisi_workflows):
    """A job at one endpoint id does not show at another."""
    danrisi_client.run(danrisi_workflows[0], "one")
    assert danrisi_client.health("one")["jobs"]["inQueue"] == 1
    assert danrisi_client.health("two")["jobs"] == JOBS
