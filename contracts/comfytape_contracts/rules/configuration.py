"""Rules about an endpoint's configuration: what will go wrong, or cost, some day."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

state = partial(
    Rule,
    family="configuration",
    direction="state",
    severity=Severity.WARNING,
    action="compare",
    mirror_waiver="a setting is a risk or is none; there is no before",
)
SPEC = "REST v2 specification, GET /v2/serverless/{id}"

TIMEOUT = state(
    id="config-timeout",
    title="The execution timeout is below the time that jobs take",
    looks_at="timeout (ms), and execution times on the tape",
    why="RunPod stops the job, which was paid for until then. Cold starts count: ComfyUI boots inside the execution.",
    source=f"{SPEC}; docs.runpod.io, execution policies",
    todo="Raise the timeout to at least twice the longest execution seen.",
    before="timeout 600 s, longest execution 63 s",
    after="timeout 60 s, longest execution 63 s",
)
TIMEOUT_ZERO = state(
    id="config-timeout-zero",
    severity=Severity.INFO,
    title="No execution timeout is set",
    looks_at="timeout (ms)",
    why="An endpoint made through REST v2 without one comes back with 0, where the specification says 300000. A job that "
    "hangs may then be billed for long.",
    source=f"{SPEC}; RunPod's staff notes, breaking changes of v2",
    todo="Set a timeout: a few times the longest execution.",
    before='"timeout": 600000',
    after='"timeout": 0',
)
TTL = state(
    id="config-ttl",
    title="A job's TTL is shorter than its queue and execution time together",
    looks_at="policy.ttl of jobs, delayTime and executionTime",
    why="The TTL starts at submission. When it runs out the job is deleted, even while it executes, and /status says 404.",
    source="docs.runpod.io, execution policies",
    todo="Raise policy.ttl above queue time and executionTimeout together.",
    before='"ttl": 3600000',
    after='"ttl": 60000, jobs take 63 s',
)
VOLUME_DATA_CENTER = state(
    id="config-volume-data-center",
    severity=Severity.ERROR,
    title="The network volume is in a data centre that the endpoint does not use",
    looks_at="dataCenter of the volume, dataCenterIds of the endpoint",
    why="Workers can only start where the volume is. If that data centre is not among the endpoint's, none start.",
    source=f"{SPEC}; docs.runpod.io, network volumes",
    todo="Add the volume's data centre to the endpoint, or make the volume where the GPUs are.",
    before="volume EU-RO-1, endpoint [EU-RO-1]",
    after="volume US-KS-2, endpoint [EU-RO-1]",
)
VOLUMES = state(
    id="config-volumes",
    severity=Severity.INFO,
    title="Several network volumes: each must hold the models",
    looks_at="networkVolumes",
    why="One volume a data centre is mounted, and RunPod does not copy between them: a model missing on one fails there "
    "only.",
    source="docs.runpod.io, network volumes",
    todo="Compare their listings; keep one script that uploads to all.",
    before="one volume",
    after="two volumes",
)
LARGE_RESULTS = state(
    id="config-large-results",
    title="Results come near the size limit, and no S3 bucket is set",
    looks_at="sizes of answers, env of the endpoint",
    why="A result of more than 10 MB (/run) or 20 MB (/runsync) is dropped: the job says COMPLETED and has no output.",
    source="docs.runpod.io, send requests; runpod-python issue 309; worker-comfyui thread 129",
    todo="Set BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY on the endpoint.",
    before="2 MB",
    after="8 MB of base64 in one answer",
)
FLASHBOOT = state(
    id="config-flashboot",
    severity=Severity.INFO,
    title="FlashBoot is off",
    looks_at="flashboot",
    why="Every start is a full cold start. The console switches it on for new endpoints, REST v2 does not.",
    source=f"{SPEC}: OFF, FLASHBOOT, PRIORITY_FLASHBOOT",
    todo="Set flashboot to FLASHBOOT; it costs nothing.",
    before='"flashboot": "FLASHBOOT"',
    after='"flashboot": "OFF"',
)
ONE_WORKER = state(
    id="config-one-worker",
    title="Only one worker is allowed",
    looks_at="workers.max",
    why="The endpoint is tied to one machine: if that host is busy, the worker is throttled and jobs wait. RunPod also "
    "sets 2 after 3 idle days and 0 after 7.",
    source="runpod/docs issue 233; docs.runpod.io, idle endpoint scale-down",
    todo="Allow 3 or more; workers that do not run cost nothing.",
    before='"max": 3',
    after='"max": 1',
)
MIN_WORKERS = state(
    id="config-min-workers",
    severity=Severity.INFO,
    title="Workers are kept up around the clock",
    looks_at="workers.min",
    why="Each is billed every second, with or without jobs.",
    source="docs.runpod.io, pricing",
    todo="Set the minimum to 0 outside busy hours, if a cold start is bearable.",
    before='"min": 0',
    after='"min": 1',
)
FLOATING_IMAGE = state(
    id="config-floating-image",
    title="The image has no fixed tag",
    looks_at="image",
    why="Hosts keep what they pulled under :latest, so two workers may run different code, and a rebuild changes the "
    "endpoint unseen.",
    source=f"{SPEC}; runpod-workers/worker-comfyui tags",
    todo="Name a version, or better a digest: image@sha256:….",
    before="runpod/worker-comfyui:5.8.5-base",
    after="myteam/worker:latest",
)
STALE_WORKERS = state(
    id="config-stale-workers",
    title="Workers still run an older configuration",
    looks_at="isStale and version of the workers",
    why="Until they are replaced, some jobs meet the old image or the old variables.",
    source="REST v2 specification, GET /v2/serverless/{id}/workers",
    todo="Wait for the rollout to finish, or stop the old workers; record only afterwards.",
    before='"isStale": false',
    after='"isStale": true, version 3 of 4',
)
NO_STOCK = state(
    id="config-no-stock",
    title="RunPod has no free GPU of the kinds that the endpoint allows",
    looks_at="availability in the catalogue, pools of the endpoint",
    why="A new worker will be throttled or never start.",
    source="REST v2 specification, GET /v2/catalog/gpus?include=AVAILABILITY&product=SERVERLESS",
    todo="Add a pool that has stock.",
    before="ADA_24: HIGH",
    after="ADA_24: NONE",
)
UNSEEN = state(
    id="config-unseen",
    severity=Severity.INFO,
    title="The configuration was not seen",
    looks_at="the answers of the management API",
    why="Without them nothing is known of max workers, timeout, image and volumes.",
    source="REST v2 specification",
    todo="Use a key that may read endpoints; beside a base URL of your own set RUNPOD_REST_V2_API_URL too.",
    before="GET /v2/serverless/ID answers 200",
    after="403",
)

RULES = (
    TIMEOUT, TIMEOUT_ZERO, TTL, VOLUME_DATA_CENTER, VOLUMES, LARGE_RESULTS, FLASHBOOT, ONE_WORKER, MIN_WORKERS,
    FLOATING_IMAGE, STALE_WORKERS, NO_STOCK, UNSEEN,
)  # fmt: skip
