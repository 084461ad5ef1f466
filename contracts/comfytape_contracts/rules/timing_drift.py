"""Rules about how long jobs take, compared with a recording from before and beyond its noise."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

_rule = partial(Rule, family="timing-drift")

_NOISE = (
    "comfytape compares medians; noise is the larger of 10 % and three times the median absolute deviation, scaled to a "
    "standard deviation (×1.4826)"
)

RULES = (
    _rule(
        id="execution-slower",
        title="Jobs take longer",
        looks_at="executionTime of the jobs, warm ones and cold ones apart",
        direction="added",
        action="compare medians from three jobs a side on",
        severity=Severity.WARNING,
        severity_unused=Severity.WARNING,
        why="The same workflow takes more GPU seconds, which is what RunPod bills: another GPU, another PyTorch, models off the "
        "volume instead of the image, or a node that runs more often.",
        source=_NOISE,
        todo="Look for device-changed, pytorch-changed and output-now-list beside it.",
        before="median 8.1 s of 10 jobs",
        after="median 12.4 s of 10 jobs",
        mirror="execution-faster",
    ),
    _rule(
        id="execution-faster",
        title="Jobs take less time",
        looks_at="executionTime of the jobs, warm ones and cold ones apart",
        direction="removed",
        action="compare medians from three jobs a side on",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Welcome, unless work is missing: a cached result, fewer steps, a branch that was dropped.",
        source=_NOISE,
        todo="Look at one picture, then record the new time as the measure.",
        before="median 12.4 s of 10 jobs",
        after="median 8.1 s of 10 jobs",
        mirror="execution-slower",
    ),
    _rule(
        id="delay-longer",
        title="Jobs wait longer before they run",
        looks_at="delayTime of the jobs, warm ones and cold ones apart",
        direction="added",
        action="compare medians from three jobs a side on",
        severity=Severity.WARNING,
        severity_unused=Severity.WARNING,
        why="delayTime holds the queue and, for a cold worker, its start: image pull, boot, imports of packs. Throttled GPUs show "
        "here first.",
        source=_NOISE + "; docs.runpod.io, delay time",
        todo="Look at /health for throttled workers; compare the size of the image.",
        before="cold median 42 s",
        after="cold median 95 s",
        mirror="delay-shorter",
    ),
    _rule(
        id="delay-shorter",
        title="Jobs wait less before they run",
        looks_at="delayTime of the jobs, warm ones and cold ones apart",
        direction="removed",
        action="compare medians from three jobs a side on",
        severity=Severity.INFO,
        severity_unused=Severity.INFO,
        why="Faster starts: FlashBoot, a smaller image, more workers kept active (which cost).",
        source=_NOISE,
        todo="Nothing; check the number of active workers if cost matters.",
        before="cold median 95 s",
        after="cold median 42 s",
        mirror="delay-longer",
    ),
)
