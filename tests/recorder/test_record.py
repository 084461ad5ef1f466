"""Recording from a plane: samples, faults, budgets, and nothing paid twice."""

from __future__ import annotations

import json
import sys
import threading
import time

import pytest

from comfytape_cassettes import Cassette, CassetteError, UnreachableError, UsageError
from comfytape_cassettes.recording import Recording
from comfytape_contracts.spending import Spending
from comfytape_recorder.jobs import Shared
from comfytape_recorder.ledger import Ledger
from comfytape_recorder.record import count_earlier_spending
from comfytape_recorder.target import Target


def seeds(plane):
    """The seed of every job that reached the plane."""
    return sorted(job["workflow"]["2"]["inputs"]["seed"] for job in plane.submissions)


def test_samples_are_recorded_with_their_images(plane, recorded, tape, folder):
    """Three jobs, each COMPLETED with its image, each submitted once, seeds counted up."""
    outcome = recorded()
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"] * 3
    assert [job.status for job in tape(folder).jobs] == ["COMPLETED"] * 3
    assert all(job.last.output["images"][0]["data"] for job in tape(folder).jobs)
    assert seeds(plane) == [7, 8, 9]


def test_provenance_says_where_it_comes_from(recorded, folder, plane):
    """Loopback, the plane's URL, the contract, and which job is which sample."""
    recorded(notes=("on a CPU",))
    provenance = Cassette.open(folder).provenance
    assert (provenance.plane, provenance.source, provenance.contract) == ("loopback", plane.url, "small")
    assert provenance.notes == ("on a CPU",)
    assert [sample["sample"] for sample in provenance.samples] == [0, 1, 2]


def test_an_old_cassette_stays_until_the_new_one_is_whole(plane, recorded, folder):
    """A recording that fails leaves the cassette that was there as it was."""
    recorded()
    before = (folder / "cassette.json").read_bytes()
    plane.fault("run", times=99, status=400, body="no")
    with pytest.raises(UsageError):
        recorded()
    assert (folder / "cassette.json").read_bytes() == before


def test_forty_jobs_eight_at_a_time_are_all_there(plane_with, recorded, tape, folder):
    """Concurrency loses nothing: 40 jobs, 40 results, each submitted once."""
    plane = plane_with(work_s=0.02)
    outcome = recorded(server=plane, samples=40, concurrency=8)
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"] * 40
    assert seeds(plane) == list(range(7, 47))
    assert len({job.last.output["images"][0]["data"] for job in tape(folder).jobs}) == 40


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502, "body": "<html>bad gateway</html>"},
        {"status": 500},
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 200, "body": "<html>maintenance</html>"},
        {"status": 200, "body": '{"unexpected": 1}'},
        {"status": 404},
        {"close": True},
        {"cut": True},
    ],
    ids=json.dumps,
)
def test_polls_that_go_wrong_are_survived(plane, recorded, fault):
    """5xx, 429, HTML, other JSON, a 404 now and then, resets and truncated bodies: the job is polled to its end."""
    plane.fault("status", times=2, **fault)
    assert [entry.status for entry in recorded(samples=1).entries] == ["COMPLETED"]
    assert len(plane.submissions) == 1


def test_a_job_that_is_gone_is_given_up(plane, recorded, said):
    """Three 404s in a row: the job has expired, and the recording says so instead of waiting."""
    plane.fault("status", times=99, status=404)
    outcome = recorded(samples=1)
    assert [entry.status for entry in outcome.entries] == ["EXPIRED"]
    assert any("its result has expired" in line for line in said.lines)


@pytest.mark.parametrize("status", [429, 503])
def test_a_refused_submission_is_tried_again(plane, recorded, status):
    """429 and 503 leave no job behind: the sample is submitted again and counts once."""
    plane.fault("run", times=2, status=status, headers={"Retry-After": "0"})
    assert [entry.status for entry in recorded(samples=1).entries] == ["COMPLETED"]
    assert (len(plane.submissions), len(plane.asked("run"))) == (1, 3)


def test_retry_after_is_honoured(plane, recorded):
    """The server asks for a second, and gets it."""
    plane.fault("run", times=1, status=429, headers={"Retry-After": "1"})
    began = time.monotonic()
    recorded(samples=1)
    assert time.monotonic() - began > 1.0


def test_a_submission_that_is_never_accepted_ends(plane, recorded):
    """Six refusals are enough: the sample stays without a job, with the reason."""
    plane.fault("run", times=99, status=429, headers={"Retry-After": "0"})
    (entry,) = recorded(samples=1).entries
    assert (entry.status, entry.job) == ("NOT SUBMITTED", None)
    assert "not accepted in 6 tries: /run answered 429" in entry.note


@pytest.mark.parametrize(
    "fault", [{"close": True}, {"status": 502}, {"cut": True}, {"status": 200, "body": "<html>"}], ids=str
)
def test_a_lost_answer_is_not_paid_twice(plane, recorded, said, fault):
    """The job arrived and its answer did not: counters tell, the sample is lost and is not submitted again."""
    plane.fault("run", after=True, **fault)
    outcome = recorded(samples=2)
    assert [entry.status for entry in outcome.entries] == ["LOST", "COMPLETED"]
    assert seeds(plane) == [7, 8]
    assert any("its job id was not received" in line for line in said.lines)


@pytest.mark.parametrize("fault", [{"close": True}, {"status": 502}], ids=str)
def test_a_submission_that_did_not_arrive_is_made_again(plane, recorded, fault):
    """The request was dropped and the counters did not move: it is submitted again, and there is one job."""
    plane.fault("run", **fault)
    outcome = recorded(samples=2)
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"] * 2
    assert seeds(plane) == [7, 8]


def test_where_counters_do_not_answer_a_lost_answer_stays_lost(plane, recorded):
    """In doubt it is not submitted again."""
    plane.fault("run", close=True)
    plane.fault("health", times=99, status=500)
    outcome = recorded(samples=1)
    assert [entry.status for entry in outcome.entries] == ["LOST"]
    assert plane.submissions == []


def test_a_wrong_key_is_a_usage_error_and_leaves_nothing_behind(plane, recorded, folder, contract):
    """401: exit code 2, what to check; and the next run is not told to resume something."""
    target = Target("ep1", "wrong", plane.url, "")
    for _ in range(2):
        with pytest.raises(UsageError, match="401: the key was refused") as caught:
            recorded(target=target)
    assert "check the API key" in caught.value.hint
    assert not (folder / "journal.jsonl").exists()


def test_an_unknown_endpoint_is_a_usage_error(plane, recorded, key):
    """404: the endpoint and the base URL are named."""
    with pytest.raises(UsageError, match="there is no endpoint nosuch") as caught:
        recorded(target=Target("nosuch", key, plane.url, ""))
    assert "https://api.runpod.ai/v2" in caught.value.hint


def test_nothing_that_listens_is_unreachable(recorded, key, folder):
    """Connection refused: exit code 3, nothing begun."""
    with pytest.raises(UnreachableError, match="connection refused") as caught:
        recorded(target=Target("ep1", key, "http://127.0.0.1:9/v2", ""))
    assert caught.value.exit_code == 3
    assert not (folder / "journal.jsonl").exists()


def test_a_server_that_refuses_the_job_body_stops_everything(plane, recorded):
    """400: the same body would be refused again; what runs is cancelled."""
    plane.fault("run", times=9, status=400, body='{"error": "invalid json"}')
    with pytest.raises(UsageError, match="/run answered 400"):
        recorded(samples=3)
    assert len(plane.asked("run")) == 1


def test_a_job_over_its_time_is_cancelled(plane_with, recorded, contract, tape, folder, said):
    """It would go on costing: cancelled at the plane, and the tape shows it."""
    plane = plane_with(work_s=60)
    made = contract("")
    made.path.write_text(made.path.read_text().replace("timeout_s: 20", "timeout_s: 0.4"))
    outcome = recorded(made=type(made).load(made.folder), server=plane, samples=1)
    assert [entry.status for entry in outcome.entries] == ["CANCELLED"]
    assert [job.status for job in plane.jobs.values()] == ["CANCELLED"]
    assert [job.status for job in tape(folder).jobs] == ["CANCELLED"]
    assert any("no end after 0.4 s" in line for line in said.lines)


def test_a_job_that_ended_while_nobody_answered_keeps_its_result(plane, recorded, contract, tape, folder):
    """/status fails until the time is over; /cancel then says COMPLETED, without the output: it is fetched, not lost."""

    fault = sys.modules["comfytape_test_plane"].Fault

    class UntilGivenUp(fault):
        """A fault until somebody cancels."""

        @property
        def times(self):
            return 0 if plane.asked("cancel") else 1

        @times.setter
        def times(self, _value):
            """It does not wear off."""

    plane.faults.append(UntilGivenUp("status", status=502, body="<html>"))
    made = contract("")
    made.path.write_text(made.path.read_text().replace("timeout_s: 20", "timeout_s: 0.6"))
    outcome = recorded(made=type(made).load(made.folder), samples=1)
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"]
    (job,) = tape(folder).jobs
    assert job.last.output["images"][0]["data"]


def test_a_budget_needs_a_price(recorded, contract):
    """Without a price per second a budget means nothing."""
    made = contract()
    made.path.write_text(made.path.read_text().replace("cost: {usd_per_second: 1.0}\n", ""))
    with pytest.raises(UsageError, match="--budget needs a price"):
        recorded(made=type(made).load(made.folder), budget_usd=1)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_budget_is_exceeded_by_one_job_at_most(plane_with, recorded, concurrency):
    """Jobs of 0.2 s at 1 USD a second and a budget of 0.9: no more than five are paid for."""
    plane = plane_with(work_s=0.2, slots=1)
    outcome = recorded(server=plane, samples=20, concurrency=concurrency, budget_usd=0.9)
    paid = sum(job.ended - job.started for job in plane.jobs.values() if job.ended)
    assert paid < 0.9 + 0.35
    assert "budget" in outcome.stopped
    assert outcome.spent_usd < 2


def test_queued_jobs_are_cancelled_when_the_budget_is_spent(plane_with, recorded):
    """What waits costs nothing yet and is cancelled; what executes is let finish."""
    plane = plane_with(work_s=0.1, slots=1)
    real = plane.begin

    def slower():
        job = real()
        if len(plane.jobs) > 1:
            plane.work_s = 1.5
        return job

    plane.begin = slower
    recorded(server=plane, samples=6, concurrency=3, budget_usd=1.0)
    states = [job.status for job in plane.jobs.values()]
    assert "CANCELLED" in states
    assert "IN_QUEUE" not in states
    assert "IN_PROGRESS" not in states


def test_a_resumed_recording_goes_on_with_the_budget_that_is_left(plane_with, recorded, folder):
    """Money that an earlier run spent is spent."""
    plane = plane_with(work_s=0.1)
    recorded(server=plane, samples=2)
    made = Recording.start(folder.with_name("copy"), plane="loopback")
    for exchange in Cassette.open(folder).exchanges:
        made.add(exchange)
    spending = Spending(1.0, 5.0)
    count_earlier_spending(Shared(Ledger(made), spending, None, threading.Event(), 5))
    made.close()
    assert 0.2 <= spending.usd(0) < 2


def test_an_unfinished_recording_is_not_overwritten(recorded, folder):
    """Without --resume it is named, with the two ways on."""
    begun = Recording.start(folder, plane="loopback")
    begun.mark(event="submitting", sample=0)
    begun.close()
    with pytest.raises(CassetteError, match="holds an unfinished recording") as caught:
        recorded()
    assert "--resume" in caught.value.hint


def test_a_blank_journal_is_begun_anew(recorded, folder):
    """A recorder that was killed before its first line paid for nothing: --resume simply records."""
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(b'{"journal": 1, "prov')
    assert [entry.status for entry in recorded(resume=True).entries] == ["COMPLETED"] * 3


def test_nothing_to_resume_is_said(recorded):
    """A wrong folder must not start a recording that costs money."""
    with pytest.raises(CassetteError, match="there is nothing to resume"):
        recorded(resume=True)


def test_a_full_disk_is_reported_by_the_thread_that_met_it(plane, recorded, folder, monkeypatch):
    """What goes wrong in a sample's thread reaches the person, and no sample is silently missing."""
    real = Recording.add

    def full(self, exchange, *, durable=False):
        if "/status/" in exchange.request.url:
            raise CassetteError("cannot write: No space left on device")
        return real(self, exchange, durable=durable)

    monkeypatch.setattr(Recording, "add", full)
    with pytest.raises(CassetteError, match="No space left"):
        recorded(samples=1)
    assert (folder / "journal.jsonl").exists()


def test_a_dangling_link_is_refused_before_anything_is_sent(plane, recorded, contract):
    """Such a prompt kills ComfyUI's worker thread, so it never leaves."""
    workflow = {"3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}}}
    with pytest.raises(
        UsageError, match="input 'images' of node 3 is linked to node '2', which is not in the workflow"
    ):
        recorded(made=contract(workflow=workflow))
    assert plane.seen == []


def test_the_key_is_nowhere_in_what_was_written(plane_with, recorded, folder, key):
    """A server that echoes the key in headers and bodies does not get it into cassette or journal."""
    plane = plane_with(echo=key, work_s=0.3)
    recorded(server=plane)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if key.encode() in path.read_bytes()] == []
