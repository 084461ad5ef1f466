"""Jobs that fail: of the platform, of the worker, of ComfyUI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.workflow.graph import Workflow
from comfytape_replayer.refusal import missing_model, missing_node, worker_error
from comfytape_replayer.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from comfytape_replayer.scenarios.play import Play
    from comfytape_replayer.timeline import Timeline

__all__ = ["FAILING"]

MODEL_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft")
CRASH_MS = 42_078
"""executionTime of a live capture of a crashed job (RunPod's own skills repository, 2026-08)."""
TIMEOUT_MS = 600_000
"""RunPod's default executionTimeout."""
OUT_OF_MEMORY = (
    "Allocation on device \nThis error means you ran out of memory on your GPU.\n\n"
    "TIPS: If the workflow worked before you might have accidentally set the batch_size to a large number."
)
"""PyTorch's message with what ComfyUI adds to it (execution.py execute, since 0.3.40)."""


def crashed(play: Play) -> Timeline:
    """IN_PROGRESS, back in the queue, IN_PROGRESS again, FAILED after one retry."""
    begun = float(play.delay_ms)
    again = begun + CRASH_MS
    return (
        play.queued,
        play.running(at_ms=begun),
        play.said("IN_QUEUE", at_ms=again, retries=1),
        play.running(at_ms=again + begun, delay_ms=round(again), retries=1),
        play.said(
            "FAILED", at_ms=again + begun + CRASH_MS, delayTime=round(again), executionTime=CRASH_MS, retries=1,
            error="job timed out after 1 retries", workerId=play.worker,
        ),
    )  # fmt: skip


def timed_out(play: Play) -> Timeline:
    """Runs until the endpoint's time limit."""
    begun = float(play.delay_ms)
    end = play.said(
        "TIMED_OUT", at_ms=begun + TIMEOUT_MS, delayTime=play.delay_ms, executionTime=TIMEOUT_MS,
        error="executionTimeout exceeded", workerId=play.worker,
    )  # fmt: skip
    return (play.queued, play.running(at_ms=begun), end)


def cancelled(play: Play) -> Timeline:
    """Somebody cancels it while it waits."""
    return (play.queued, play.said("IN_QUEUE", at_ms=0.0), play.said("CANCELLED", at_ms=1000.0))


def node_missing(play: Play) -> Timeline:
    """A class that looks like a pack's, or else the first, does not exist."""
    nodes = list(Workflow.from_graph(play.workflow).nodes.values())
    if not nodes:
        return play.failing("Missing 'workflow' parameter")
    named = next((node for node in nodes if not node.class_type.isalnum()), nodes[0])
    return play.failing(worker_error(missing_node(named.id, named.class_type)))


def model_missing(play: Play) -> Timeline:
    """The first model file of the workflow is not among the options."""
    for node in Workflow.from_graph(play.workflow).nodes.values():
        for name, value in node.inputs.items():
            if isinstance(value, str) and value.lower().endswith(MODEL_SUFFIXES):
                return play.failing(worker_error(missing_model(play.workflow or {}, node.id, name, [])))
    return play.failing("No checkpoint models appear to be available. Please check your model installation.")


def out_of_memory(play: Play) -> Timeline:
    """The sampler, or else the last node, runs out of GPU memory."""
    nodes = list(Workflow.from_graph(play.workflow).nodes.values())
    sampler = next((node for node in nodes if "Sampler" in node.class_type), nodes[-1] if nodes else None)
    where = f"Node Type: {sampler.class_type}, Node ID: {sampler.id}, " if sampler else ""
    details = [f"Workflow execution error: {where}Message: {OUT_OF_MEMORY}"]
    return play.failing("Job processing failed", output={"details": details})


FAILING = (
    Scenario(
        name="worker-crash",
        imitates="The worker dies with the job in hand; RunPod gives it to another once, then fails it (live capture, "
        "RunPod's skills repository, golden path 15).",
        job=crashed,
    ),
    Scenario(
        name="timed-out",
        imitates="The job runs into the endpoint's executionTimeout (docs.runpod.io, job states).",
        job=timed_out,
    ),
    Scenario(name="cancelled", imitates="The job is cancelled by another client or in the console.", job=cancelled),
    Scenario(
        name="failed-node-missing",
        imitates="A custom node is not installed on the worker (worker-comfyui issues 30, 37, 79).",
        job=node_missing,
    ),
    Scenario(
        name="failed-model-missing",
        imitates="A model file is not where the worker looks for it (worker-comfyui issues 48, 72, 163).",
        job=model_missing,
    ),
    Scenario(name="failed-oom", imitates="The GPU has too little memory for the workflow.", job=out_of_memory),
    Scenario(
        name="wrong-handler",
        imitates="The endpoint runs another worker than the client thinks: it wants {'prompt': …}.",
        job=lambda play: play.failing("Missing required input: prompt"),
    ),
)
