"""Which handler answers: worker-comfyui, or one that wants something else."""

from __future__ import annotations

import json

import pytest

from comfytape_contracts.diagnosis import Asked, diagnose
from comfytape_contracts.diagnosis.evidence import PROBE_INPUT
from comfytape_contracts.diagnosis.handler import wanted_instead

WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}
PACKED = json.dumps({"error_type": "<class 'KeyError'>", "error_message": "'prompt'", "runpod_version": "1.7.9"})


def failed(error, **more):
    return {"status": "FAILED", "error": error, **more}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("Missing required input: prompt", "prompt"),
        ("prompt is a required input.", "prompt"),
        ("'text' is required", "text"),
        ("KeyError: 'prompt'", "prompt"),
        ("missing 'messages' field", "messages"),
        ("'image' not found in the request", "image"),
        ("Missing 'workflow' parameter", "workflow"),
        ("CUDA out of memory", ""),
        ("Required input is missing: images", ""),
    ],
)
def test_what_a_handler_wants_is_read_from_its_words(words, wanted):
    """Each wording is one that handlers, or the SDK's own validator, use."""
    assert wanted_instead(words) == wanted


@pytest.mark.parametrize("error", ["Missing required input: prompt", PACKED, "workflow is not a valid input option."])
def test_a_workflow_that_another_handler_refuses_names_the_variable(said, error):
    """The endpoint is of the wrong kind: what points at it must be changed."""
    said.health(ready=1).job(WORKFLOW, failed(error))
    found = diagnose(said, asked=Asked(endpoint="ep1", variable="RUNPOD_ENDPOINT_COMFYUI"))
    assert found.causes[0].rule.id == "handler-wrong"
    assert "RUNPOD_ENDPOINT_COMFYUI points at 'ep1'" in found.causes[0].next_step
    assert (found.verdict, found.exit_code) == ("fail", 1)


@pytest.mark.parametrize(
    ("job_input", "output"), [(WORKFLOW, {"image_url": "x"}), (PROBE_INPUT, {"text": "hello"}), (WORKFLOW, ["a"])]
)
def test_a_result_of_another_shape_is_likely_another_handler(said, job_input, output):
    """It took the job and made something else of it."""
    found = diagnose(said.health(ready=1).job(job_input, {"status": "COMPLETED", "output": output}))
    assert (found.causes[0].rule.id, found.causes[0].confidence) == ("handler-wrong", "likely")


@pytest.mark.parametrize(
    ("state", "version"),
    [
        ({"status": "COMPLETED", "output": {"images": []}}, "5.0.0 or later"),
        ({"status": "COMPLETED", "output": {"status": "success", "message": "aGk="}}, "before 5.0.0"),
        (failed("Job processing failed", output={"details": ["x"]}), "5.0.0 or later"),
    ],
)
def test_the_version_is_read_from_the_shape(said, state, version):
    """Output and errors changed with 5.0.0."""
    found = diagnose(said.health(ready=1).job(WORKFLOW, state))
    assert version in next(c.evidence for c in found.causes if c.rule.id == "worker-version")


def test_a_probe_that_worker_comfyui_refuses_is_a_good_sign(said):
    """It misses its workflow, so it is the right one; the probe itself is no failed job."""
    found = diagnose(said.health(ready=1).job(PROBE_INPUT, failed("Missing 'workflow' parameter")))
    assert found.exit_code == 0
    assert not [c for c in found.causes if c.rule.family == "failure"]


def test_a_probe_that_another_handler_refuses(said):
    """The evidence says that it was only a probe."""
    found = diagnose(said.health(ready=1).job(PROBE_INPUT, failed("Missing required input: prompt")))
    assert found.causes[0].rule.id == "handler-wrong"
    assert "an empty probe" in found.causes[0].evidence


def test_a_probe_that_nobody_took_in_time_decides_nothing(said):
    """A cold worker is not a wrong one: UNKNOWN, with the states that were seen."""
    said.config().health().job(PROBE_INPUT, "IN_QUEUE", "CANCELLED", after_s=3).health(in_queue=1, initializing=1)
    found = diagnose(said)
    assert found.causes[0].rule.id == "probe-unanswered"
    assert "IN_QUEUE → CANCELLED" in found.causes[0].evidence
    assert found.exit_code == 3


def test_a_probe_before_the_scaler_moved_is_no_lack_of_workers(said):
    """No worker within three seconds is what every scaled-down endpoint shows."""
    found = diagnose(said.config().health().job(PROBE_INPUT, "IN_QUEUE", "CANCELLED", after_s=1))
    assert {c.rule.id for c in found.causes if c.weight == "error"} == {"probe-unanswered"}


def test_a_probe_in_a_stuck_queue_is_explained_by_the_queue(said):
    """One cause, not two."""
    found = diagnose(said.config().health(in_queue=1, throttled=2).job(PROBE_INPUT, "IN_QUEUE", "CANCELLED"))
    assert [c.rule.id for c in found.causes if c.weight == "error"] == ["queue-throttled"]


def test_without_any_job_the_handler_is_unknown(said):
    """A warning, and a line that does not pass."""
    found = diagnose(said.config().health(ready=1, idle=1))
    assert "handler-unseen" in {c.rule.id for c in found.causes}
    assert [line.verdict for line in found.lines if "handler" in line.promise] == ["unknown"]


def test_a_running_job_says_nothing_yet(said):
    """Neither right nor wrong while it works."""
    found = diagnose(said.health(in_progress=1, running=1).job(WORKFLOW, "IN_PROGRESS"))
    assert not [line for line in found.lines if "handler" in line.promise]


def test_errors_of_other_inputs_say_nothing_of_the_handler(said):
    """A client's own {"prompt": …} that lacks something is no proof against workflows."""
    found = diagnose(said.health(ready=1).job({"prompt": "x"}, failed("Missing required input: seed")))
    assert "handler-wrong" not in {c.rule.id for c in found.causes}


def test_the_real_wrong_endpoint(imported):
    """Two endpoints side by side on one real recording: the wrong one is named first."""
    found = diagnose(imported("runpod-failures.har"))
    assert (found.causes[0].rule.id, found.causes[0].subject) == ("handler-wrong", "wrong")
    assert found.causes[0].seen["wanted"] == "prompt"
