"""One process of a load test, against the shipped recording served as an endpoint would be; no Locust in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from comfytape.load.shard import MANY, JobFailedError, Shard
from comfytape.merging import merge_cassettes, opened
from comfytape_cassettes import Cassette, UsageError
from comfytape_contracts.contract import Contract
from comfytape_contracts.tape import Tape
from comfytape_recorder.target import Target
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[3]
KEY = "rpa_" + "TESTKEY0123456789"


@pytest.fixture(scope="module")
def recorded():
    return Cassette.open(ROOT / "cassettes" / "z-image-danrisi")


@pytest.fixture(scope="module")
def instant(recorded):
    """Every job is done after a few polls."""
    with ReplayServer([recorded]) as server:
        yield server


@pytest.fixture(scope="module")
def slow(recorded):
    """Every job takes as long as it took."""
    with ReplayServer([recorded], speed=1.0) as server:
        yield server


@pytest.fixture
def shard(tmp_path):
    made = []

    def make(server, *, index=0, budget_usd=None, key=KEY):
        contract = Contract.load(ROOT / "contracts" / "z-image-danrisi")
        target = Target("any", key, f"{server.url}/v2", "")
        made.append(Shard(contract, target, tmp_path / f"w{index}", index=index, budget_usd=budget_usd))
        return made[-1]

    yield make
    for each in made:
        each.abandon()


def submitted(cassette):
    return [note["sample"] for note in cassette.provenance.samples]


def test_every_job_is_kept_with_its_sample(instant, shard):
    """Two users, three jobs each: six jobs on the tape, all ended, and health beside them."""
    one = shard(instant)
    users = [threading.Thread(target=lambda: [one.run() for _ in range(3)]) for _ in range(2)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    tape = Tape(one.finish())
    assert [job.status for job in tape.jobs] == ["COMPLETED"] * 6
    assert tape.health
    assert submitted(tape.cassette) == [0, 1, 2, 3, 4, 5]
    assert KEY not in (Path(tape.cassette.label) / "cassette.json").read_text()


def test_processes_never_submit_the_same_sample(instant, shard):
    """The second process counts from a million on, so its seeds are its own; merged, all are there on one clock."""
    parts = []
    for index in range(2):
        one = shard(instant, index=index)
        one.run()
        parts.append(one.finish())
    merged = merge_cassettes(parts, parts[0].folder.path.parent / "all", ["a note"], [])
    assert submitted(merged) == [0, MANY]
    jobs = Tape(merged).jobs
    assert len({str(job.workflow) for job in jobs}) == 2
    assert [job.id for job in jobs] == [Tape(part).jobs[0].id for part in parts]
    assert jobs[0].submitted_ms < jobs[1].submitted_ms
    assert merged.provenance.notes[-1] == "a note"


def test_what_runs_at_the_end_is_cancelled_and_kept(slow, shard):
    """The user waits in its job when the test ends: the job is cancelled, and its cancellation is on the tape."""
    one = shard(slow)
    user = threading.Thread(target=one.run)
    user.start()
    while not one.ledger.samples():
        time.sleep(0.01)
    tape = Tape(one.finish())
    user.join()
    assert [(job.status, job.cancelled is not None) for job in tape.jobs] == [("CANCELLED", True)]
    assert one.run() is None


def test_a_spent_budget_lets_no_user_begin(slow, shard):
    """The first job may begin with nothing to go by; a second user waits for room, and gets none when all is spent."""
    one = shard(slow, budget_usd=0.000001)
    assert one.spending.claim(-1, one.recording.now_ms())
    one.spending.ended(-1, 60_000.0)
    assert one.run() is None
    assert Tape(one.finish()).jobs == ()


def test_a_share_of_nothing_begins_nothing(instant, shard):
    """A worker that joined after the budget was divided."""
    assert shard(instant, budget_usd=0.0).run() is None


def test_a_refused_job_costs_nothing_and_is_told(recorded, shard):
    """Nothing listens any more: no job, no money, a failure for the statistics."""
    with ReplayServer([recorded]) as server:
        one = shard(server)
    with pytest.raises(JobFailedError, match="not accepted"):
        one.run()
    assert one.spending.running == {}


def test_a_wrong_setup_is_said_before_any_user_starts(instant, tmp_path):
    """No endpoint; a budget without a price."""
    noise = Contract.load(ROOT / "contracts" / "noise-1024")
    with pytest.raises(UsageError, match="needs a RunPod endpoint"):
        Shard(noise, Target("", "", "", "http://127.0.0.1:1"), tmp_path / "a", budget_usd=None)
    with pytest.raises(UsageError, match="budget needs a price"):
        Shard(noise, Target("any", KEY, f"{instant.url}/v2", ""), tmp_path / "b", budget_usd=1.0)


def test_a_killed_process_loses_no_job(instant, shard, tmp_path):
    """Its journal becomes its cassette when it is merged, with the samples that it had."""
    one = shard(instant)
    one.run()
    one.abandon()  # as a kill leaves it: a journal and no index
    found = opened(str(tmp_path / "w0"))
    assert submitted(found) == [0]
    assert len(Tape(found).jobs) == 1


def test_recordings_of_different_planes_are_not_one(instant, shard, recorded, tmp_path):
    """Times of a loopback server do not belong beside RunPod's."""
    other = tmp_path / "other"
    recorded.copy_to(other)
    index = other / "cassette.json"
    index.write_text(index.read_text().replace('"plane": "loopback"', '"plane": "runpod-cloud"'))
    with pytest.raises(UsageError, match="loopback and runpod-cloud"):
        merge_cassettes([recorded, Cassette.open(other)], tmp_path / "all", [], [])


LOCUSTFILE = """
from comfytape.load import ContractUser


class Danrisi(ContractUser):
    contract = 'z-image-danrisi'
"""


@pytest.fixture
def locust(instant, tmp_path):
    """Start locust processes on a locustfile, with the replay as their endpoint."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RUNPOD_", "COMFY"))}
    environment = kept | {
        "COMFYTAPE_CONTRACTS": str(ROOT / "contracts"), "RUNPOD_ENDPOINT_ID": "any", "RUNPOD_API_KEY": KEY,
        "RUNPOD_ENDPOINT_BASE_URL": f"{instant.url}/v2",
    }  # fmt: skip
    started = []

    def start(*arguments):
        process = subprocess.Popen([sys.executable, "-m", "locust", "-f", "locustfile.py", *arguments], cwd=tmp_path,
                                   env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # fmt: skip
        started.append(process)
        return process

    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to one process is POSIX")
def test_locust_with_two_workers_records_every_job(locust, tmp_path):
    """Master and workers headless, ended by Ctrl-C to all three at once; `merge` and `check` make one report of it."""
    port = str(20_000 + os.getpid() % 20_000)
    processes = [locust("--worker", "--master-port", port) for _ in range(2)]
    master = ["--master", "--headless", "--master-bind-port", port, "--expect-workers", "2", "-u", "2", "-r", "2"]
    processes.append(locust(*master))
    journals = [tmp_path / "cassettes" / f"z-image-danrisi-load-w{n}" / "journal.jsonl" for n in (0, 1)]
    until = time.monotonic() + 60
    while not all(j.exists() and '"submitted"' in j.read_text() for j in journals) and time.monotonic() < until:
        time.sleep(0.2)
    for process in processes:
        process.send_signal(signal.SIGINT)
    said = [process.communicate(timeout=90)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    parts = [Cassette.open(journal.parent) for journal in journals]
    assert all(journal.exists() is False for journal in journals), said
    merged = subprocess.run(
        [sys.executable, "-m", "comfytape", "merge", *(p.label for p in parts), "--name", "all"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    jobs = Tape(Cassette.open(tmp_path / "cassettes" / "all")).jobs
    assert f"{len(jobs)} jobs" in merged.stdout
    assert {job.id for job in jobs} == {job.id for part in parts for job in Tape(part).jobs}
    # A job that was cancelled at the end may be on the tape as it was last seen; at the plane none runs on.
    assert {job.status for job in jobs if job.cancelled is None} <= {"COMPLETED"}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to one process is POSIX")
def test_a_ctrl_c_that_meets_a_thread_ends_the_test_too(locust, tmp_path):
    """Python raises KeyboardInterrupt wherever it stands; in the thread that keeps the journal safe, nobody would hear."""
    meets = """
import os, signal, threading

fsync = os.fsync


def interrupted(handle):
    if Danrisi.shard and threading.current_thread().name == "journal-fsync":
        os.fsync = fsync
        os.kill(os.getpid(), signal.SIGINT)
    fsync(handle)


os.fsync = interrupted
"""
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE + meets)
    process = locust("--headless", "-u", "1", "-r", "1")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert Cassette.open(tmp_path / "cassettes" / "z-image-danrisi-load-w0").exchanges
