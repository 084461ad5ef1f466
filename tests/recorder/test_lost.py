"""Resuming after a crash between a submission and its answer."""

from __future__ import annotations

import pytest

from comfytape_cassettes.recording import Recording
from comfytape_recorder.ledger import Ledger
from comfytape_recorder.runpod import RunPodClient
from comfytape_recorder.transport import Transport


@pytest.fixture
def crashed(plane, folder, key):
    """A recording that was cut off just after sample 1 left; ``arrived`` says whether the plane has the job.

    Before that, ``withdrawn`` samples were submitted and cancelled after the counters were asked.
    """

    def make(*, arrived, seen=3, withdrawn=0):
        recording = Recording.start(folder, plane="loopback")
        recording.mark(event="probed")
        ledger = Ledger(recording)
        transport = Transport()
        client = RunPodClient(transport, "ep1", key, plane.url)
        ledger.mark("submitting", 0, seen=seen)
        for number in range(withdrawn):
            plane.slots = 0
            job = client.run({"workflow": {"2": {"inputs": {"seed": 100 + number}}}})
            client.cancel(job.id)
            ledger.mark("submitting", 5 + number, seen=seen)
            ledger.mark("submitted", 5 + number, job=job.id)
            ledger.mark("withdrawn", 5 + number, job=job.id)
        if arrived:
            client.run({"workflow": {"2": {"inputs": {"seed": 7}}}})
        plane.slots = 8
        transport.close()
        recording.close()

    return make


def seeds(plane):
    return sorted(job["workflow"]["2"]["inputs"]["seed"] for job in plane.submissions)


def test_a_job_that_did_not_arrive_is_submitted(plane, crashed, recorded):
    """The counters did not move, three times: it is submitted, once."""
    crashed(arrived=False)
    assert [entry.status for entry in recorded(resume=True, samples=2).entries] == ["COMPLETED"] * 2
    assert seeds(plane) == [7, 8]


def test_a_job_that_arrived_is_not_submitted_again(plane, crashed, recorded, said):
    """The counters moved: the sample is lost, the others go on."""
    crashed(arrived=True)
    assert [entry.status for entry in recorded(resume=True, samples=2).entries] == ["LOST", "COMPLETED"]
    assert seeds(plane) == [7, 8]
    assert any("sample 1: it was submitted, but its job id was not received" in line for line in said.lines)


def test_a_job_that_the_endpoint_lists_is_found_again(plane, crashed, recorded):
    """Where ``/requests`` answers, the one job that is not known is the one that was lost."""
    plane.lists = True
    crashed(arrived=True)
    assert [entry.status for entry in recorded(resume=True, samples=2).entries] == ["COMPLETED"] * 2
    assert seeds(plane) == [7, 8]


def test_an_answer_in_the_journal_is_enough(plane, folder, key, recorded, tape):
    """Killed after the answer was on disk and before our note of it: the job is waited for, and nothing is lost."""
    recording = Recording.start(folder, plane="loopback")
    recording.mark(event="probed")
    recording.mark(event="submitting", sample=0, seen=3)
    transport = Transport(recording)
    workflow = {"2": {"inputs": {"seed": 7}}}
    job = RunPodClient(transport, "ep1", key, plane.url).run({"workflow": workflow})
    transport.close()
    recording.close()
    (entry,) = recorded(resume=True, samples=1).entries
    assert (entry.status, entry.job) == ("COMPLETED", job.id)
    assert seeds(plane) == [7]
    assert [job.status for job in tape(folder).jobs] == ["COMPLETED"]


def test_without_counters_nothing_is_submitted_again(plane, crashed, recorded):
    """In doubt a sample is missing rather than paid twice."""
    crashed(arrived=False, seen=None)
    assert [entry.status for entry in recorded(resume=True, samples=1).entries] == ["LOST"]
    assert seeds(plane) == []


def test_jobs_of_others_count_as_doubt(plane, crashed, recorded):
    """Another client's job moves the counters too."""
    crashed(arrived=False)
    plane.base_completed += 1
    assert [entry.status for entry in recorded(resume=True, samples=1).entries] == ["LOST"]


@pytest.mark.parametrize(("counted", "status"), [(False, "COMPLETED"), (True, "LOST")])
def test_cancelled_jobs_never_hide_one_that_arrived(plane, crashed, recorded, counted, status):
    """Whether cancelled jobs are counted is not documented: where they are, it is doubt, never a second payment."""
    plane.count_cancelled = counted
    crashed(arrived=False, withdrawn=1)
    assert recorded(resume=True, samples=1).entries[0].status == status


@pytest.mark.parametrize("counted", [False, True])
def test_a_job_that_arrived_beside_a_cancelled_one_is_lost(plane, crashed, recorded, counted):
    """It is not submitted again, however the endpoint counts."""
    plane.count_cancelled = counted
    crashed(arrived=True, withdrawn=1)
    assert recorded(resume=True, samples=1).entries[0].status == "LOST"
    assert seeds(plane).count(7) == 1


def test_a_lost_sample_stays_lost(plane, crashed, recorded, folder):
    """A second resume does not ask again."""
    crashed(arrived=True)
    plane.fault("run", times=9, status=400)
    with pytest.raises(Exception, match="/run answered 400"):
        recorded(resume=True, samples=2)
    plane.faults.clear()
    assert [entry.status for entry in recorded(resume=True, samples=2).entries] == ["LOST", "COMPLETED"]


def test_marks_of_others_are_passed_over(tmp_path):
    """A journal of a later version may hold marks that this one does not know."""
    recording = Recording.start(tmp_path / "x", plane="loopback")
    recording.mark(event="probed")
    recording.mark(event="painted blue", sample=2)
    assert [entry.status for entry in Ledger(recording).entries.values()] == ["NOT SUBMITTED"]
    recording.close()
