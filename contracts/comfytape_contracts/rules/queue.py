"""Rules about a queue that does not move, in the order in which the causes are ruled out."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

state = partial(
    Rule,
    family="queue",
    direction="state",
    severity=Severity.ERROR,
    mirror_waiver="a queue moves or does not; there is no before",
)
DECISION = (
    "runpod-mcp diagnoseQueuedJob; runpod-flash WorkerAvailabilityDiagnostic; RunPod's staff notes, monitor and debug"
)

PAUSED = state(
    id="queue-paused",
    title="The endpoint may have no workers at all",
    looks_at="workers.max",
    action="expect more than 0",
    why="Jobs are accepted and wait for ever. RunPod itself sets the maximum to 0 after 7 days without requests (to 2 "
    "after 3 days) and for endpoints whose workers keep crashing; an empty balance pauses too.",
    source="docs.runpod.io, endpoint configurations, idle endpoint scale-down (June 2026)",
    todo="Raise max workers in the console or with PATCH /serverless/ID {'workers': {'max': 3}}, and check the balance.",
    before='"workers": {"min": 0, "max": 3}',
    after='"workers": {"min": 0, "max": 0}',
    inconclusive=True,
)
UNHEALTHY = state(
    id="queue-unhealthy",
    title="Workers crash as soon as they start",
    looks_at="unhealthy workers",
    action="expect none",
    why="A wrong start command, an import error, a failed fitness check or a GPU that the image's CUDA does not fit. The "
    "job waits for ever; more capacity does not help.",
    source=DECISION,
    todo="Read a worker's logs while it is up: repeated 'start container' in the system log without container lines is a "
    "crash loop.",
    before='"unhealthy": 0',
    after='"unhealthy": 2, "inQueue": 1',
    inconclusive=True,
)
NO_WORKERS = state(
    id="queue-no-workers",
    title="No worker is even being started",
    looks_at="all worker counts",
    action="expect one",
    why="No GPU fits the combination of pool, CUDA version, data centre and the data centre of the network volume.",
    source=DECISION,
    todo="Look up stock (GET /catalog/gpus?include=AVAILABILITY&product=SERVERLESS); widen pools, CUDA versions or data "
    "centres.",
    before="a worker that initializes a few seconds after the job",
    after="inQueue 1 and no worker in any state",
    inconclusive=True,
)
THROTTLED = state(
    id="queue-throttled",
    title="Workers are throttled: the hosts have no capacity",
    looks_at="throttled workers",
    action="expect others beside them",
    why="RunPod wants to start workers and the hosts have no free GPU. With max workers 1 the endpoint is tied to one "
    "machine. It has nothing to do with rate limits.",
    source=f"{DECISION}; runpod/docs issue 233",
    todo="Wait, or widen: more GPU pools, more data centres, max workers above 1. A network volume ties all to its data "
    "centre.",
    before='"throttled": 0',
    after='"throttled": 2, "running": 0, "inQueue": 1',
    inconclusive=True,
)
INITIALIZING = state(
    id="queue-initializing",
    title="Workers are initializing and do not get ready",
    looks_at="initializing workers, and for how long",
    action="expect ready within minutes",
    why="A large image is being pulled (20 GB take many minutes), a private image has no registry credentials, or a model "
    "is being downloaded.",
    source=f"{DECISION}; runpod-workers/worker-comfyui threads 98 and 201",
    todo="Read the worker's system log for 'error creating container: image pull'; give the endpoint registry credentials "
    "if the image is private.",
    before="initializing for 40 s, then ready",
    after="initializing for 20 minutes",
    inconclusive=True,
)
NOT_TAKEN = state(
    id="queue-not-taken",
    title="A worker is ready, but takes no job",
    looks_at="ready and idle workers beside a waiting queue",
    action="expect inProgress to rise",
    why="The image starts no RunPod SDK loop (a plain ComfyUI image), it is built for arm64 (exec format error), or the "
    "SDK is one of 1.7.11 to 1.10.0, whose workers fight over one file on a shared volume.",
    source=f"{DECISION}; runpod-python issue 432",
    todo="Read the worker's container log; rebuild for linux/amd64 with runpod>=1.10.1 and a handler that calls "
    "runpod.serverless.start.",
    before='"ready": 1, "inQueue": 0',
    after='"ready": 2, "inQueue": 3, "inProgress": 0',
    inconclusive=True,
)
FUNNEL = state(
    id="queue-funnel",
    title="One worker gets all jobs while others are idle",
    looks_at="idle workers beside running ones and a waiting queue",
    action="expect jobs to spread",
    why="The SDK 1.7.11 to 1.10.0 keeps its list of jobs in .runpod_jobs.pkl in the working directory; on a network volume "
    "all workers share it, and every job ends up with one of them.",
    source="runpod-python commit 6c2cd64 and issue 432; docs.runpod.io, serverless troubleshooting",
    todo="Rebuild the image with runpod>=1.10.1, or keep the working directory off the volume.",
    before="2 running, 0 idle, 3 in queue",
    after="1 running, 2 idle, 3 in queue, a volume attached",
    inconclusive=True,
)
BUSY = state(
    id="queue-busy",
    severity=Severity.INFO,
    title="Jobs wait because all workers are at work",
    looks_at="running workers and jobs in progress",
    action="compare with max workers",
    why="The queue moves; it is only longer than the workers are many.",
    source="docs.runpod.io, scaling",
    todo="Raise max workers if the wait is too long.",
    before="inQueue 0",
    after="inQueue 5, inProgress 3, running 3",
)
WORKERS_UNSEEN = state(
    id="workers-unseen",
    severity=Severity.WARNING,
    title="Whether a worker would start was not seen",
    looks_at="/health of an endpoint at rest, without the management API",
    action="expect workers.max, a worker, or a finished job",
    why="An endpoint at rest and one that is paused show the same zeros in /health; only workers.max tells them apart.",
    source="live captures of /health; REST v2 specification",
    todo="Set RUNPOD_REST_V2_API_URL where the base URL is not RunPod's own, and use a key that may read endpoints; or "
    "ask with --probe.",
    before="workers.max 3, no worker up",
    after="no worker up, workers.max not known",
    inconclusive=True,
)
COLD_START = state(
    id="cold-start",
    severity=Severity.INFO,
    title="At rest: the first job pays for a cold start",
    looks_at="workers.min and workers that are up",
    action="note it",
    why="With no minimum the endpoint scales to zero. The first job waits for a container and then for ComfyUI, which "
    "starts inside that job's execution time.",
    source="docs.runpod.io, endpoint configurations; worker-comfyui start.sh and handler.py",
    todo="Leave it so if a slow first job does not matter; a minimum of 1 is billed around the clock.",
    before='"workers": {"min": 1}',
    after='"workers": {"min": 0}, nothing up',
)

RULES = (
    PAUSED, UNHEALTHY, NO_WORKERS, THROTTLED, INITIALIZING, NOT_TAKEN, FUNNEL, BUSY, WORKERS_UNSEEN, COLD_START,
)  # fmt: skip
