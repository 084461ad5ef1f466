"""Rules about figures: rates, counts and seconds. A run that breaks nothing else ends with exit code 5."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "a budget is met or it is not; there is no before"

SUCCESS_RATE = Rule(
    id="budget-success-rate",
    family="budget",
    title="Fewer jobs succeeded than promised",
    looks_at="jobs with all their images, over all jobs that ended",
    direction="state",
    action="compare with budgets.success_rate",
    severity=Severity.ERROR,
    why="Every failed job is a user without a picture and GPU time paid for nothing.",
    source="the contract",
    todo="Fix the failed jobs listed beside this.",
    before="11 of 11",
    after="9 of 11 where 100 % are promised",
    mirror_waiver=STATE,
)
SAMPLES = Rule(
    id="budget-samples",
    family="budget",
    title="Fewer samples than promised",
    looks_at="jobs on the tape",
    direction="state",
    action="compare with budgets.samples",
    severity=Severity.ERROR,
    why="A rate over three jobs says little.",
    source="the contract",
    todo="Record more: comfytape record CONTRACT --samples N.",
    before="11 samples where 10 are promised",
    after="3 samples where 10 are promised",
    mirror_waiver=STATE,
)
COLD_START = Rule(
    id="budget-cold-start",
    family="budget",
    title="The cold start took longer than promised",
    looks_at="jobs submitted while /health showed no worker that could take one",
    direction="state",
    action="delayTime plus what their execution took beyond the warm median, compared with budgets.cold_start_s",
    severity=Severity.ERROR,
    why="worker-comfyui waits for ComfyUI inside the handler, so part of a cold start is billed and reported as "
    "executionTime: the delay alone is too rosy.",
    source="worker-comfyui start.sh and handler.py; docs.runpod.io",
    todo="Bake models into the image or a fast volume, turn FlashBoot on, or keep one worker active (workersMin 1).",
    before="41 s where 60 s are promised",
    after="95 s where 60 s are promised",
    mirror_waiver=STATE,
)
GENERATION = Rule(
    id="budget-generation",
    family="budget",
    title="Generating an image took longer than promised",
    looks_at="executionTime of warm jobs, per image",
    direction="state",
    action="95th percentile compared with budgets.generation_s",
    severity=Severity.ERROR,
    why="Slow generation is waiting users and a higher bill.",
    source="the contract",
    todo="Compare GPU type, steps and size with the recording in which it was met.",
    before="p95 21 s where 30 s are promised",
    after="p95 36 s where 30 s are promised",
    mirror_waiver=STATE,
)
HEALTH_TIME = Rule(
    id="budget-health-check",
    family="budget",
    title="Health was told later than promised",
    looks_at="times of /health",
    direction="state",
    action="the slowest answer compared with budgets.health_check_s",
    severity=Severity.ERROR,
    why="A health check that is slower than its caller's patience takes a working endpoint for a broken one.",
    source="the contract",
    todo="Ask again from where your callers are; if it stays slow, raise their time limit.",
    before="0.3 s where 5 s are promised",
    after="7 s where 5 s are promised",
    mirror_waiver=STATE,
)
DEPENDENCY_TIME = Rule(
    id="budget-dependency-check",
    family="budget",
    title="Dependencies were told later than promised",
    looks_at="times of ComfyUI's inventory routes and of the volume's listing",
    direction="state",
    action="the time in which any of them was under way, compared with budgets.dependency_check_s",
    severity=Severity.ERROR,
    why="/object_info of a large installation takes tens of seconds and blocks ComfyUI meanwhile; so does the first listing of "
    "a volume with over 10,000 files.",
    source="ComfyUI issues 6372 and 12916; docs.runpod.io, storage/s3-api",
    todo="Ask for the workflow's classes alone (comfytape doctor CONTRACT --dependencies, or record --scoped).",
    before="0.4 s where 10 s are promised",
    after="14 s where 10 s are promised",
    mirror_waiver=STATE,
)
TIMES_UNKNOWN = Rule(
    id="budget-unknown",
    family="budget",
    title="A promised time was not measured",
    looks_at="which jobs the tape holds",
    direction="state",
    action="tell 'within budget' from 'not seen'",
    severity=Severity.ERROR,
    why="A tape without a cold job says nothing about cold starts. What was not examined is not green.",
    source="this project's rule that nothing examined is never green",
    todo="Record while the endpoint is at rest, so that the first job meets no worker.",
    before="the first job finds no worker",
    after="all jobs find a warm worker",
    mirror_waiver=STATE,
    inconclusive=True,
)

RULES = (SUCCESS_RATE, SAMPLES, COLD_START, GENERATION, HEALTH_TIME, DEPENDENCY_TIME, TIMES_UNKNOWN)
