"""Rules about why a job failed: one for each class of failure, told apart by the words of the worker and the platform."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

HANDLER = "runpod-workers/worker-comfyui handler.py 5.x"
state = partial(
    Rule,
    family="failure",
    direction="state",
    severity=Severity.ERROR,
    action="classify the error",
    looks_at="error and output of a job",
    mirror_waiver="a job fails one way or another; there is no before",
)

INPUT_REJECTED = state(
    id="failure-input",
    title="The handler rejected the job's input",
    why="The input lacks 'workflow', is not JSON, or names images in the wrong form: ComfyUI was never asked.",
    source=f"{HANDLER}, validate_input",
    todo="Send {'input': {'workflow': {…}}}, with images as a list of objects with name and image.",
    before='{"input": {"workflow": {"1": …}}}',
    after="Missing 'workflow' parameter",
)
EMPTY_INPUT = state(
    id="failure-empty-input",
    title="The job's input was empty, and no handler ever saw it",
    why="An empty input is accepted by /run and never reaches the handler: the SDK misses 'id or input', the platform "
    "tries again, and says only 'job timed out after 1 retries'.",
    source="RunPod's staff notes, live capture of 2026-08-06; worker-comfyui thread 100",
    todo="Send {'input': {'workflow': {…}}}: check the input before you submit it.",
    before='{"input": {"workflow": {…}}}',
    after='{"input": {}}: job timed out after 1 retries',
)
WORKER_CRASH = state(
    id="failure-worker-crash",
    title="The worker died with the job in hand, and so did the next",
    why="A worker that dies while it works never reports: RunPod gives the job to another one, then fails it with the "
    "same words as for an empty input. A handler of another signature, which gives the job back, looks the same.",
    source="RunPod's staff notes, live captures of 2026-08-06; worker-comfyui thread 100",
    todo="Read the worker's container log around the job: killed for memory, a crash in a library, or 'missing field(s)'.",
    before="COMPLETED after the first worker",
    after="a workflow was sent, retries: 1, job timed out after 1 retries",
)
NODE_MISSING = state(
    id="failure-node-missing",
    title="The workflow uses a node class that the endpoint does not have",
    why="The pack is not in the image, failed to import, or renamed the class.",
    source="ComfyUI execution.py validate_prompt; real recordings",
    todo="Install the pack that provides the class in the worker's image, or find its new name.",
    before="all classes loaded",
    after="Cannot execute because node ClownsharKSampler_Gamma does not exist.",
)
MODEL_MISSING = state(
    id="failure-model-missing",
    title="The workflow names a model file that the endpoint does not have",
    why="The file is absent, in another folder, or on a volume that is not mounted; 'not in []' means that the whole "
    "folder is empty or not searched.",
    source="ComfyUI execution.py validate_inputs (value_not_in_list); worker-comfyui threads 48, 72, 75, 163",
    todo="Put the file where the loader looks; on a network volume that is models/FOLDER, and /runpod-volume/models.",
    before="unet_name in the list",
    after="unet_name: 'flux1-dev.safetensors' not in ['z_image_turbo_bf16.safetensors']",
)
VALIDATION = state(
    id="failure-validation",
    title="ComfyUI refused the workflow",
    why="A value, link or input does not fit the node classes of this server.",
    source="ComfyUI execution.py validate_prompt",
    todo="Find it offline: comfytape lint WORKFLOW --inventory CASSETTE.",
    before="POST /prompt answers 200",
    after="Prompt has no outputs",
)
OUT_OF_MEMORY = state(
    id="failure-out-of-memory",
    title="The GPU ran out of memory",
    why="Model, resolution and batch do not fit the card that took the job; with several pools the card differs from job "
    "to job.",
    source="PyTorch's error text, as ComfyUI passes it on",
    todo="Use pools of larger cards only, or lower resolution, batch or precision.",
    before="24 GB card, 1024x1024",
    after="CUDA out of memory. Tried to allocate 2.00 GiB",
)
EXECUTION = state(
    id="failure-execution",
    title="A node failed while it ran",
    why="Validation passed; the node's own code did not.",
    source=f"ComfyUI execution_error, as {HANDLER} passes it on; real recordings",
    todo="Look at the node that is named and the model files that feed it: sizes first.",
    before="execution_success",
    after="Node Type: VAELoader, Node ID: 3, Message: …",
)
MODEL_FILE = state(
    id="failure-model-file",
    title="A model file is there, but is not what the workflow needs",
    why="Validation looks at names only. A truncated file or a git-lfs pointer fails when it is loaded; a wrong text "
    "encoder loads and fails in the sampler; a wrong VAE fails after sampling, when the time is paid for.",
    source="real recordings with each of these files, ComfyUI 0.10.0",
    todo="Compare the file's size and SHA-256 with the publisher's, and state the size in the contract's models.",
    before="12,309,866,400 bytes of safetensors",
    after="Error while deserializing header: incomplete metadata, file not fully covered",
)
UNREACHABLE = state(
    id="failure-comfyui-unreachable",
    title="The worker did not reach its own ComfyUI",
    why="ComfyUI did not come up inside the worker, or died: a missing package, a crash, a boot of more than 25 seconds "
    "before version 5.8.",
    source=f"{HANDLER}, check_server; thread 186",
    todo="Update worker-comfyui to 5.8 or later; read the container log for ComfyUI's own traceback.",
    before="images",
    after="ComfyUI server (127.0.0.1:8188) not reachable after multiple retries.",
)
PLATFORM_TIMEOUT = state(
    id="failure-platform-timeout",
    title="RunPod stopped the job: its execution time was used up",
    why="The endpoint's or the job's executionTimeout is shorter than the job. Cold starts count, since ComfyUI boots "
    "inside the execution.",
    source="docs.runpod.io, job states and execution policies; error text of several clients",
    todo="Raise the endpoint's execution timeout, or policy.executionTimeout of the job, above the cold-start time.",
    before="executionTime 45 s, timeout 600 s",
    after="TIMED_OUT, or FAILED with 'executionTimeout exceeded'",
)
EXPIRED = state(
    id="failure-expired",
    title="RunPod no longer knows the job",
    why="Results are kept 30 minutes after /run and 1 minute after /runsync, and a job whose TTL runs out is deleted even "
    "while it executes.",
    source="docs.runpod.io, job retention and execution policies",
    todo="Fetch results sooner; raise policy.ttl above queue and execution time together.",
    before="/status answers 200",
    after="/status answered IN_PROGRESS, then 404",
)
CANCELLED = state(
    id="failure-cancelled",
    severity=Severity.INFO,
    title="The job was cancelled",
    why="A client, the console or a purge of the queue took it away.",
    source="docs.runpod.io, job states",
    todo="Nothing, if it was meant; otherwise look for the client that purges.",
    before="COMPLETED",
    after="CANCELLED",
)
OTHER = state(
    id="failure-other",
    title="The job failed in a way that is not known",
    why="The error text is none that worker-comfyui or the platform are known to use: perhaps another handler.",
    source=HANDLER,
    todo="Read the error; the worker's container log has the rest.",
    before="COMPLETED",
    after="An unexpected error occurred: …",
)

RULES = (
    INPUT_REJECTED, EMPTY_INPUT, WORKER_CRASH, NODE_MISSING, MODEL_MISSING, VALIDATION, OUT_OF_MEMORY, EXECUTION, MODEL_FILE,
    UNREACHABLE, PLATFORM_TIMEOUT, EXPIRED, CANCELLED, OTHER,
)  # fmt: skip
