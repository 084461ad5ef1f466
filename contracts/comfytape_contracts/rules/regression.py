"""Rules about getting slower, dearer or less reliable than an earlier recording, beyond noise."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["COST", "RULES", "SUCCESS", "TIME", "UNKNOWN"]

NOISE = (
    "noise is three times the median absolute deviation of the wider recording (×1.4826, so that it is that of a normal "
    "distribution), and at least 10 % of the earlier median"
)

TIME = Rule(
    id="regression-time",
    family="budget",
    title="Jobs take longer than in the earlier recording",
    looks_at="waiting and execution of warm jobs, and cold starts, of two recordings",
    direction="state",
    action="compare medians, from three jobs a side on",
    severity=Severity.ERROR,
    why="Slower by more than the recordings' own spread is no accident: another GPU, another PyTorch, models off a volume, "
    "fewer workers.",
    source=NOISE,
    todo="Compare what the recordings say of GPU, versions and workflow: comfytape drift EARLIER LATER.",
    before="median 8.1 s, was 7.9 s; noise is 0.8 s",
    after="median 12.4 s, was 7.9 s; noise is 0.8 s",
    mirror_waiver="what got faster is said in the line that holds",
)
COST = Rule(
    id="regression-cost",
    family="budget",
    title="Jobs cost more than in the earlier recording",
    looks_at="the bound of each job's cost that budgets.cost_bound names, of two recordings",
    direction="state",
    action="compare medians, from three jobs a side on",
    severity=Severity.ERROR,
    why="More seconds, or a dearer second: both recordings say which price they were reckoned with.",
    source=NOISE,
    todo="Look at regression-time beside it: without one, the price changed.",
    before="median 0.0025 USD, was 0.0024 USD",
    after="median 0.0041 USD, was 0.0024 USD",
    mirror_waiver="what got cheaper is said in the line that holds",
)
SUCCESS = Rule(
    id="regression-success",
    family="budget",
    title="Fewer jobs succeed than in the earlier recording",
    looks_at="jobs with all their images, over all jobs, of two recordings",
    direction="state",
    action="Fisher's exact test, one-sided, at 1 %",
    severity=Severity.ERROR,
    why="A share of ten jobs moves by chance; at 1 % it does not.",
    source="R. A. Fisher, Statistical Methods for Research Workers, on 2×2 tables",
    todo="Fix the failed jobs listed beside this.",
    before="9 of 10, was 10 of 10",
    after="4 of 10, was 10 of 10",
    mirror_waiver="what got better is said in the line that holds",
)
UNKNOWN = Rule(
    id="regression-unknown",
    family="budget",
    title="The recordings cannot be compared in this",
    looks_at="how many jobs either recording holds, and against what it was made",
    direction="state",
    action="tell 'within noise' from 'too few to say'",
    severity=Severity.ERROR,
    why="One slow job is no regression and one quick job no proof of none. A loopback server says nothing about RunPod.",
    source="this project's rule that nothing examined is never green",
    todo="Record more jobs: comfytape record CONTRACT --samples 10.",
    before="ten warm jobs on either side",
    after="one cold start on either side",
    mirror_waiver="a comparison is possible or it is not; there is no before",
    inconclusive=True,
)

RULES = (TIME, COST, SUCCESS, UNKNOWN)
