"""Rules about how jobs end. HTTP 200 says nothing: a failed job is a 200."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "a job ends one way or another; there is no before"

RESULT_LOST = Rule(
    id="job-result-lost",
    family="job",
    title="A job is COMPLETED, but has no output",
    looks_at="output of a COMPLETED job",
    direction="state",
    action="expect an output",
    severity=Severity.ERROR,
    why="A result over the size limit (10 MB for /run, 20 MB for /runsync) is refused when the worker hands it in, and "
    "the client still sees COMPLETED: the GPU was paid, the picture is gone.",
    source="runpod-python issue 309; worker-comfyui threads 129 and 167",
    todo="Return images through S3 (BUCKET_ENDPOINT_URL and keys on the worker), or make them smaller.",
    before='{"status": "COMPLETED", "output": {"images": [...]}}',
    after='{"status": "COMPLETED"} and nothing else',
    mirror_waiver=STATE,
)
NO_IMAGES = Rule(
    id="job-no-images",
    family="job",
    title="A COMPLETED job brought fewer images than the contract expects",
    looks_at="output.images",
    direction="state",
    action="count",
    severity=Severity.ERROR,
    why="worker-comfyui answers COMPLETED with status success_no_images when no node saved one. It reads only the "
    "'images' key of the history, so videos and audio are dropped without an error.",
    source="worker-comfyui handler.py 5.x; thread 232",
    todo="Check that the workflow ends in SaveImage (not PreviewImage) and that its branch was not dropped.",
    before='{"images": [{"filename": "a_00001_.png", ...}]}',
    after='{"status": "success_no_images", "images": []}',
    mirror_waiver=STATE,
)
ERRORS_BESIDE = Rule(
    id="job-partial-errors",
    family="job",
    title="A COMPLETED job reports errors in its output",
    looks_at="output.errors, and status: error of worker-comfyui before 5.0",
    direction="state",
    action="expect none",
    severity=Severity.ERROR,
    why="Part of the workflow failed and the rest brought images, so the job counts as COMPLETED.",
    source="worker-comfyui handler.py 4.x and 5.x",
    todo="Treat the listed errors as a failed sample; fix the branch they name.",
    before='{"images": [...]}',
    after='{"images": [...], "errors": ["Node 12 …"]}',
    mirror_waiver=STATE,
)
UNFINISHED = Rule(
    id="job-unfinished",
    family="job",
    title="The recording ends before the job does",
    looks_at="the last state of a job",
    direction="state",
    action="expect a final state",
    severity=Severity.ERROR,
    why="Nothing can be said of a job that was last seen IN_QUEUE or IN_PROGRESS. A job that stays IN_QUEUE has no worker "
    "to take it: paused endpoint, crash loop, no capacity or the wrong image.",
    source="docs.runpod.io, troubleshooting; real recordings",
    todo="Look at /health beside it: throttled, unhealthy or no workers at all; then finish with 'record --resume'.",
    before="IN_QUEUE, IN_PROGRESS, COMPLETED",
    after="IN_QUEUE for ever",
    mirror_waiver=STATE,
    inconclusive=True,
)
REFUSED = Rule(
    id="job-refused",
    family="job",
    title="The endpoint did not accept a job",
    looks_at="the answers to /run and /runsync",
    direction="state",
    action="expect 200 with a job id",
    severity=Severity.ERROR,
    why="A wrong key (401), an unknown endpoint (404), a rate limit (429), a management host or a proxy page instead of "
    "the job API: no job was started, so nothing is known about the workflow.",
    source="docs.runpod.io, send requests; real recordings",
    todo="Check the endpoint id, the key and the base URL: jobs go to https://api.runpod.ai/v2/ENDPOINT_ID.",
    before="200 with an id",
    after="401 with an empty body",
    mirror_waiver=STATE,
    inconclusive=True,
)
NO_JOBS = Rule(
    id="no-jobs",
    family="job",
    title="The recording holds no job",
    looks_at="/run and /runsync exchanges",
    direction="state",
    action="expect at least one",
    severity=Severity.ERROR,
    why="Success rate, times and images are promises about jobs. Without one they are unknown, never green.",
    source="this project's rule that nothing examined is never green",
    todo="Record jobs: comfytape record CONTRACT --samples 10.",
    before="a cassette with jobs",
    after="a cassette with an inventory alone",
    mirror_waiver=STATE,
    inconclusive=True,
)
UNREACHABLE = Rule(
    id="endpoint-unreachable",
    family="job",
    title="Requests got no answer",
    looks_at="failed requests on the tape",
    direction="state",
    action="count those that nothing later made good",
    severity=Severity.ERROR,
    why="A connection that is refused, reset or times out says nothing about the endpoint's promises.",
    source="the recording itself",
    todo="Check URL, DNS and network, then record again.",
    before="every request has a response",
    after="connection refused",
    mirror_waiver=STATE,
    inconclusive=True,
)

RULES = (RESULT_LOST, NO_IMAGES, ERRORS_BESIDE, UNFINISHED, REFUSED, NO_JOBS, UNREACHABLE)
