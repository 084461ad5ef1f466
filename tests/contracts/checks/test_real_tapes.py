"""Recordings of real trouble: every job gets the rule that fits it."""

from __future__ import annotations

import pytest

from comfytape_contracts.findings import Verdict
from comfytape_contracts.verdicts import ExitCode

NO_INVENTORY = "dependency-unknown"


def test_wrong_model_files_are_told_apart(imported, report):
    """Truncated, a git-lfs pointer, the wrong encoder, the wrong VAE: seven failures with ComfyUI's own words."""
    found = report(imported("danrisi-wrong-models.har"))
    failed = [f for f in found.findings if f.rule.startswith(("failure-", "handler-"))]
    words = [
        ("job 1 ", "UNETLoader", "incomplete metadata, file not fully covered"),
        ("job 2 ", "VAELoader", "incomplete metadata, file not fully covered"),
        ("job 3 ", "CLIPLoader", "incomplete metadata, file not fully covered"),
        ("job 4 ", "CLIPLoader", "header too large"),
        ("job 5 ", "ClownsharKSampler_Beta", "[1, 77, 768]"),
        ("job 6 ", "ClownsharKSampler_Beta", "[1, 256, 2048]"),
        ("job 7 ", "VAEDecode", "to have 4 channels"),
    ]
    assert len(failed) == len(words)
    for finding, parts in zip(failed, words, strict=True):
        assert all(part in finding.message for part in parts), finding.message
    assert {f.rule for f in failed} == {"failure-model-file"}
    assert (failed[0].location.node_id, failed[0].location.class_type) == ("1", "UNETLoader")


def test_a_partial_encoder_is_found_by_its_black_image(imported, report):
    """The job that is COMPLETED with a black image is broken all the same."""
    found = report(imported("danrisi-wrong-models.har"))
    assert ["job 8 " in f.message for f in found.findings if f.rule == "image-blank"] == [True]
    assert found.exit_code is ExitCode.BROKEN


def test_failures_keep_the_reason_that_comfyui_gave(imported, report):
    """Unknown node, bad option, failing execution, no outputs, and an endpoint of the wrong kind."""
    found = report(imported("runpod-failures.har"))
    failed = [f for f in found.findings if f.rule.startswith(("failure-", "handler-"))]
    words = [
        "node ClownsharKSampler_Gamma does not exist",
        "unet_name: 'flux1-dev.safetensors' not in",
        "VAE is invalid",
        "Prompt has no outputs",
        "Missing required input: prompt",
    ]
    assert len(failed) == len(words)
    assert all(part in f.message for f, part in zip(failed, words, strict=True))
    assert [f.rule.removeprefix("failure-") for f in failed] == [
        "node-missing", "model-missing", "model-file", "validation", "handler-wrong",
    ]  # fmt: skip
    assert failed[0].location.class_type == "ClownsharKSampler_Gamma"
    assert (failed[1].location.class_type, failed[1].location.input) == ("UNETLoader", "unet_name")
    assert found.exit_code is ExitCode.BROKEN


def test_a_stuck_queue_is_unknown(imported, report):
    """A job that never got a worker says nothing about the workflow: UNKNOWN, exit code 3, never FAIL."""
    found = report(imported("runpod-stuck-in-queue.har"))
    unfinished = [f for f in found.findings if f.rule == "queue-throttled"]
    assert [f.actual for f in unfinished] == ["CANCELLED"]
    assert "cancelled by the client after" in unfinished[0].message
    assert "last seen IN_QUEUE" in unfinished[0].message
    assert (found.verdict, found.exit_code) == (Verdict.UNKNOWN, ExitCode.UNKNOWN)


def test_refusals_are_unknown(imported, report):
    """A refused submission started no job, so nothing is known: UNKNOWN, exit code 3."""
    found = report(imported("runpod-refusals.har"))
    assert [f.actual for f in found.findings if f.rule == "job-refused"] == [429]
    assert "no-jobs" not in {f.rule for f in found.findings}
    assert (found.verdict, found.exit_code) == (Verdict.UNKNOWN, ExitCode.UNKNOWN)


def test_an_inventory_alone_leaves_the_jobs_unknown(imported, report):
    """The endpoint has all it needs, but no job was recorded: that is not green."""
    found = report(imported("danrisi-inventory.har"))
    assert [f.rule for f in found.findings if f.severity == "error"] == ["no-jobs"]
    assert found.exit_code is ExitCode.UNKNOWN


def test_an_older_comfyui_breaks_version_and_nodes(imported, report):
    """0.3.64 with an older RES4LYF: outside the version range, and without one of the classes."""
    found = report(imported("comfyui-inventory.har"))
    assert "comfyui-version" in {f.rule for f in found.findings}
    version = next(f for f in found.findings if f.rule == "comfyui-version")
    assert (version.expected, version.actual) == (">=0.3.74", "0.3.64")
    assert found.exit_code is ExitCode.BROKEN


@pytest.mark.parametrize(("name", "jobs"), [("runpod-ten-samples", 10), ("runpod-cold-then-warm", 2)])
def test_jobs_without_an_inventory_say_what_was_not_examined(imported, report, name, jobs):
    """Ten good jobs do not make the dependencies known."""
    found = report(
        imported(f"{name}.har"), outputs={"width": None, "height": None}, budgets={"samples": 1, "cold_start_s": 60}
    )
    assert found.measurements["jobs_succeeded"] == jobs
    assert NO_INVENTORY in {f.rule for f in found.findings}
    assert found.exit_code is ExitCode.UNKNOWN


def test_a_cold_and_a_warm_job_are_told_apart_by_health(imported, report):
    """The job that met no worker is the cold start; its delay and what its execution took beyond the warm one count."""
    found = report(imported("runpod-cold-then-warm.har"))
    assert 2_000 < found.measurements["cold_start_ms"] < 3_500
    assert found.measurements["cold_start_ms"] > found.measurements["cold_start_delay_ms"]


def test_images_of_another_size_are_named_once(imported, report, only):
    """Ten images that are wrong in the same way are one finding for each key, not ten."""
    found = report(imported("runpod-ten-samples.har"), nodes=[], models=[], versions={"comfyui": None},
                   severities={NO_INVENTORY: "info", "budget-unknown": "info"}, outputs={"width": 384, "height": 128})  # fmt: skip
    shape = [f for f in found.findings if f.rule == "image-shape"]
    assert [(f.expected, f.actual) for f in shape] == [(128, 384)]
    assert shape[0].message.startswith("10 images, the first of job 1 ")


def test_prompts_of_a_comfyui_without_runpod_are_jobs(imported, report):
    """Two refused prompts and one that failed in execution are failures with ComfyUI's words; one ran."""
    found = report(imported("comfyui-prompt.har"))
    failed = [f for f in found.findings if f.rule.startswith(("failure-", "handler-"))]
    words = ["not in ['z_image_turbo_bf16.safetensors']", "ClownsharKSampler_Gamma does not exist", "VAE is invalid"]
    assert len(failed) == len(words)
    assert all(part in f.message for f, part in zip(failed, words, strict=True)), failed
    assert [f.rule for f in failed] == ["failure-model-missing", "failure-node-missing", "failure-model-file"]
    assert found.measurements["jobs"] == 4
