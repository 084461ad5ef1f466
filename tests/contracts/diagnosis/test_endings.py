"""How jobs end, as far as more than their last word is needed to tell."""

from __future__ import annotations

import pytest

from comfytape_contracts.endings import ending_of, place
from comfytape_contracts.tape import Tape

VALIDATION = (
    "• Node 7 (errors): [{'details': \"ckpt_name: 'a' not in []\", 'extra_info': {'input_name': 'ckpt_name'}}] "
    "• Node 7 (class_type): CheckpointLoaderSimple"
)
WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}


@pytest.mark.parametrize(
    ("health", "rule", "words"),
    [
        ({"throttled": 2}, "queue-throttled", "2 throttled worker(s) and none that could take it"),
        ({"unhealthy": 1, "throttled": 1}, "queue-unhealthy", "1 unhealthy worker(s)"),
        ({"throttled": 1, "ready": 1}, "job-unfinished", "last seen IN_QUEUE"),
        ({"initializing": 1}, "job-unfinished", "1 initializing worker(s)"),
        ({}, "job-unfinished", "no worker in any state"),
    ],
)
def test_a_job_that_waits_is_told_by_its_workers(said, health, rule, words):
    """Throttled hosts, a crash loop, or nothing that would explain it: three findings, all of them UNKNOWN."""
    tape = Tape(said.health(in_queue=1, **health).job(WORKFLOW, "IN_QUEUE"))
    end = ending_of(tape, tape.jobs[0], 1)
    assert (end.outcome, end.is_known) == (rule, False)
    assert words in end.words


@pytest.mark.parametrize(
    ("health", "waited_s", "rule"),
    [
        ({}, 20, "queue-no-workers"),
        ({"initializing": 1}, 60, "job-unfinished"),
        ({"initializing": 1}, 150, "queue-initializing"),
    ],
)
def test_waiting_long_enough_tells_more(said, health, waited_s, rule):
    """No worker is even started after some seconds; one that starts for minutes pulls an image, or cannot."""
    tape = Tape(said.health(in_queue=1, **health).job(WORKFLOW, "IN_QUEUE", after_s=waited_s))
    assert ending_of(tape, tape.jobs[0], 1).outcome == rule


def test_a_job_that_vanished_has_expired(said):
    """It was IN_PROGRESS, and then RunPod knew nothing of it: a failure, not an open end."""
    said.job(WORKFLOW, "IN_PROGRESS").get("https://api.runpod.ai/v2/ep1/status/job1", {"error": "gone"}, status=404)
    tape = Tape(said)
    end = ending_of(tape, tape.jobs[0], 1)
    assert (end.outcome, end.is_known) == ("failure-expired", True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Workflow execution error: Node Type: VAELoader, Node ID: 3, Message: no", ("3", "VAELoader", None)),
        (VALIDATION, ("7", "CheckpointLoaderSimple", "ckpt_name")),
        ("Cannot execute because node Sigmas Rescale does not exist. Node ID '#57:3'", ("57:3", "Sigmas Rescale", None)),
        ("node 4 (SaveImage): disk full", ("4", "SaveImage", None)),
        ("node 1: Value not in list: unet_name: 'a' not in ['b']", ("1", None, "unet_name")),
        ("executionTimeout exceeded", (None, None, None)),
    ],
)  # fmt: skip
def test_an_error_names_its_place(words, found):
    """Node, class and input in the words of worker-comfyui and of ComfyUI."""
    assert place(words) == found
