"""Why jobs failed: each class by the words that the worker, ComfyUI or the platform really use."""

from __future__ import annotations

import pytest

from comfytape_contracts.diagnosis import diagnose
from comfytape_contracts.diagnosis.failures import failure_of
from comfytape_contracts.jobs import jobs_of

WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ({"status": "FAILED", "error": "Missing 'workflow' parameter"}, "failure-input"),
        ({"status": "FAILED", "error": "Failed to upload one or more input images"}, "failure-input"),
        ({"status": "FAILED", "error": "job timed out after 1 retries", "retries": 1}, "failure-worker-crash"),
        ({"status": "FAILED", "error": "Cannot execute because node Foo does not exist."}, "failure-node-missing"),
        ({"status": "FAILED", "error": "Workflow validation failed: ckpt_name: 'a' not in []"}, "failure-model-missing"),
        ({"status": "FAILED", "error": "lora: 'a.safetensors' not in ['b']"}, "failure-model-missing"),
        ({"status": "FAILED", "error": "Workflow validation failed: sampler_name: 'x' not in ['euler']"}, "failure-validation"),
        ({"status": "FAILED", "error": "Prompt has no outputs"}, "failure-validation"),
        ({"status": "FAILED", "error": "Workflow execution error: CUDA out of memory."}, "failure-out-of-memory"),
        ({"status": "FAILED", "error": "Workflow execution error: Node Type: X, Node ID: 1, Message: no"}, "failure-execution"),
        ({"status": "FAILED", "error": "Workflow execution error: header too large"}, "failure-model-file"),
        ({"status": "FAILED", "error": "ComfyUI server (127.0.0.1:8188) not reachable after multiple retries."}, "failure-comfyui-unreachable"),
        ({"status": "FAILED", "error": "WebSocket communication error: closed"}, "failure-comfyui-unreachable"),
        ({"status": "FAILED", "error": "executionTimeout exceeded"}, "failure-platform-timeout"),
        ({"status": "TIMED_OUT"}, "failure-platform-timeout"),
        ({"status": "FAILED", "error": "An unexpected error occurred: 7"}, "failure-other"),
        ({"status": "COMPLETED"}, "job-result-lost"),
        ({"status": "CANCELLED"}, "failure-cancelled"),
    ],
)  # fmt: skip
def test_each_class_of_failure_is_told_apart(said, state, rule):
    """The words decide; the most telling ones first."""
    job = jobs_of(said.job(WORKFLOW, state).exchanges)[0]
    found = failure_of(job)
    assert found is not None
    assert found[0].id == rule


def test_the_platforms_one_sentence_for_two_causes_is_told_apart_by_the_input(said):
    """An empty input is given back as often as a job whose worker dies: RunPod's words are the same."""
    state = {"status": "FAILED", "error": "job timed out after 1 retries", "retries": 1}
    rules = [
        failure_of(job)[0].id for job in jobs_of(said.job({}, state, name="a").job(WORKFLOW, state, name="b").exchanges)
    ]
    assert rules == ["failure-empty-input", "failure-worker-crash"]


def test_a_good_job_and_an_unfinished_one_have_no_failure(said):
    """There is nothing to classify."""
    said.job(WORKFLOW, {"status": "COMPLETED", "output": {"images": []}}, name="a").job(
        WORKFLOW, "IN_PROGRESS", name="b"
    )
    assert [failure_of(job) for job in jobs_of(said.exchanges)] == [None, None]


def test_a_job_that_vanished_is_expired(said):
    """It was known, and then 404: its TTL ran out, or its result was not fetched in time."""
    said.health(in_progress=1, running=1).job(WORKFLOW, "IN_PROGRESS")
    said.get("https://api.runpod.ai/v2/ep1/status/job1", {"error": "job not found"}, status=404)
    found = diagnose(said)
    assert found.causes[0].rule.id == "failure-expired"
    assert "IN_PROGRESS, then /status answered 404" in found.causes[0].evidence


def test_equal_failures_are_counted_and_others_kept_apart(imported):
    """Seven real failures of wrong model files are four causes, each with what is wrong with the file."""
    found = diagnose(imported("danrisi-wrong-models.har"))
    causes = [c for c in found.causes if c.rule.id == "failure-model-file"]
    assert [c.seen["jobs"] for c in causes] == [3, 2, 1, 1]
    assert "truncated" in causes[0].claim
    assert "git-lfs pointer" in causes[2].claim
    assert len({f.fingerprint for f in found.findings}) == len(found.findings)
    assert found.exit_code == 1


def test_real_failures_are_each_named(imported):
    """Unknown node, absent model, broken VAE and a workflow without outputs, on one endpoint."""
    found = diagnose(imported("runpod-failures.har"), endpoint="comfy")
    assert {c.rule.id for c in found.causes if c.weight == "error"} == {
        "failure-node-missing", "failure-model-missing", "failure-model-file", "failure-validation",
    }  # fmt: skip


def test_prompts_of_a_comfyui_alone_are_read_too(imported):
    """Without RunPod the same classes of failure apply."""
    found = diagnose(imported("comfyui-prompt.har"))
    assert {"failure-node-missing", "failure-model-missing"} <= {c.rule.id for c in found.causes}


def test_real_good_jobs_pass(imported):
    """Eleven real jobs that brought their images: nothing stands in the way."""
    found = diagnose(imported("danrisi-jobs.har"))
    assert (found.verdict, found.exit_code) == ("pass", 0)
    assert found.measurements["comfy"]["jobs_ended"] == 11
