"""Recordings that are cut off: killed, stopped by a person or a supervisor, and continued."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time

import pytest

from comfytape_cassettes import Cassette

SEED = int(os.environ.get("COMFYTAPE_TEST_SEED", "2026"))
KILLS = int(os.environ.get("COMFYTAPE_TEST_KILLS", "4"))
"""A longer trial: COMFYTAPE_TEST_KILLS=60 COMFYTAPE_TEST_SEED=1 pytest tests/recorder/test_interrupted.py -k killed"""


def seeds(plane):
    return sorted(job["workflow"]["2"]["inputs"]["seed"] for job in plane.submissions)


def until(true, seconds=60):
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@pytest.mark.timeout(0 if KILLS > 10 else 120)
def test_a_recorder_that_is_killed_again_and_again_loses_and_repeats_nothing(plane, recorder, folder, tape):
    """kill -9 at random moments, then --resume: every sample is there, and the plane saw each job once.

    Whether a submission whose answer the kill swallowed arrived is told by the counters; its id is lost, so such a
    sample may be LOST, but is never submitted twice.
    """
    moments = random.Random(SEED)
    plane.work_s, samples, lost = 0.15, 12, set()
    for number in range(KILLS):
        process = recorder("--samples", str(samples), "--concurrency", "3", *(["--resume"] if number else []))
        until(lambda run=process: (folder / "journal.jsonl").exists() or run.poll() is not None)
        time.sleep(moments.uniform(0.0, 0.7))
        process.kill()
        process.communicate()
        if not (folder / "journal.jsonl").exists():
            break  # it was quicker than the killer
    if (folder / "journal.jsonl").exists():
        process = recorder("--samples", str(samples), "--concurrency", "3", "--resume")
        out, err = process.communicate(timeout=90)
        lost = {int(line.split()[1].rstrip(":")) for line in out.splitlines() if ": LOST" in line}
        assert process.returncode == (3 if lost else 0), err
    assert seeds(plane) == list(range(7, 7 + samples))
    jobs = tape(folder).jobs
    assert [job.status for job in jobs] == ["COMPLETED"] * (samples - len(lost))
    assert all(job.last.output["images"] for job in jobs)


def test_ctrl_c_cancels_keeps_and_resumes(plane, recorder, folder, tape):
    """Ctrl-C once: running jobs are cancelled, what was received is kept and said; --resume completes the rest."""
    plane.work_s, plane.slots = 0.3, 1
    process = recorder("--samples", "5", "--concurrency", "2")
    until(lambda: plane.count("COMPLETED") >= 2 and plane.count("IN_PROGRESS"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert "interrupted" in out
    assert "--resume" in out
    assert "Traceback" not in err
    assert plane.count("IN_PROGRESS", "IN_QUEUE") == 0
    assert not (folder / "cassette.json").exists()
    before = len(plane.jobs)
    done = plane.count("COMPLETED")
    process = recorder("--samples", "5", "--resume")
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert [job.status for job in tape(folder).jobs] == ["COMPLETED"] * 5
    assert len(plane.jobs) - before == 5 - done  # nothing that was paid for is paid again


def test_a_supervisors_stop_is_a_ctrl_c(plane, recorder, folder):
    """SIGTERM cancels the jobs and keeps what was received, as Ctrl-C does."""
    plane.work_s = 30
    process = recorder("--samples", "2", "--concurrency", "2")
    until(lambda: plane.count("IN_PROGRESS") == 2)
    process.terminate()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130, err
    assert "interrupted" in out
    assert plane.count("CANCELLED") == 2
    assert (folder / "journal.jsonl").exists()


def test_a_second_ctrl_c_does_not_wait_for_a_slow_server(plane, recorder):
    """A server that does not answer cannot hold the recorder: the second Ctrl-C ends it, jobs left running."""
    plane.work_s = 60
    process = recorder("--samples", "2", "--concurrency", "2")
    until(lambda: plane.count("IN_PROGRESS") == 2)
    for operation in ("status", "cancel", "health"):
        plane.fault(operation, times=99, delay_s=40)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None  # it waits for the server's word on the cancellation
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_ctrl_c_leaves_an_old_cassette_whole(plane, recorder, folder):
    """The cassette that was there is byte for byte what it was."""
    process = recorder("--samples", "1")
    process.communicate(timeout=90)
    before = (folder / "cassette.json").read_bytes()
    plane.work_s = 30
    process = recorder("--samples", "1")
    until(lambda: plane.count("IN_PROGRESS"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=90)
    assert (folder / "cassette.json").read_bytes() == before
    Cassette.open(folder).verify()


def test_jobs_that_ctrl_c_cancelled_are_not_on_the_tape(plane, recorder, folder, tape):
    """A sample that was cancelled and submitted anew counts once."""
    plane.work_s = 30
    process = recorder("--samples", "1")
    until(lambda: plane.count("IN_PROGRESS"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=90)
    plane.work_s = 0.05
    recorder("--samples", "1", "--resume").communicate(timeout=90)
    assert [job.status for job in tape(folder).jobs] == ["COMPLETED"]
    assert len(plane.jobs) == 2


def test_the_real_sdk_worker_answers_the_recorder(plane_with, recorder, tape, folder):
    """Samples through the worker loop of the `runpod` package, as an endpoint runs it."""
    plane = plane_with(workers=1)
    process = recorder("--samples", "3", RUNPOD_ENDPOINT_BASE_URL=plane.url)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert "3 of 3 samples COMPLETED" in out
    assert all(job.last.output["images"][0]["data"] for job in tape(folder).jobs)
    assert len(plane.submissions) == 3


def test_the_key_is_in_nothing_that_was_printed_or_written(plane, recorder, folder, key):
    """A recording that succeeds, one that is killed, and one that fails: no byte of theirs holds the key."""
    plane.echo, plane.work_s = key, 0.2
    printed = []
    process = recorder("--samples", "3")
    until(lambda: plane.count("COMPLETED"))
    process.kill()
    printed += process.communicate()
    assert key.encode() not in (folder / "journal.jsonl").read_bytes()
    printed += recorder("--samples", "3", "--resume").communicate(timeout=90)
    printed += recorder("--samples", "1", RUNPOD_ENDPOINT_ID="nosuch").communicate(timeout=90)
    assert [text for text in printed if key in text] == []
    assert [path for path in folder.rglob("*") if path.is_file() and key.encode() in path.read_bytes()] == []
    assert json.loads((folder / "cassette.json").read_text())["version"] == 1


def test_a_folder_that_goes_leaves_no_job_running(plane, recorder, folder):
    """Somebody deletes the recording: nothing can be written any more, and every job is cancelled all the same."""
    plane.work_s = 30
    process = recorder("--samples", "3", "--concurrency", "3")
    until(lambda: plane.count("IN_PROGRESS") == 3)
    shutil.rmtree(folder)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 2
    assert "Traceback" not in err
    assert plane.count("IN_PROGRESS", "IN_QUEUE") == 0


def test_a_job_cancelled_behind_a_recorders_back_is_submitted_anew(plane, recorder, folder, tape):
    """As when a full disk took the note of our own cancellation: the sample is done after --resume."""
    plane.work_s = 30
    process = recorder("--samples", "2", "--concurrency", "2")
    journal = folder / "journal.jsonl"
    # An answer that is not noted yet would be a LOST sample, which is another claim.
    until(lambda: plane.count("IN_PROGRESS") == 2 and all(job in journal.read_text() for job in plane.jobs))
    process.kill()
    process.communicate()
    for job in plane.jobs.values():
        job.status = "CANCELLED"
    plane.work_s = 0.05
    process = recorder("--samples", "2", "--resume")
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert [job.status for job in tape(folder).jobs] == ["COMPLETED"] * 2
    assert len(plane.jobs) == 4
