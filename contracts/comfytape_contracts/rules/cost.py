"""Rules about what an image costs."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

COST = Rule(
    id="budget-cost",
    family="budget",
    title="An image costs more than promised",
    looks_at="execution and delay of jobs, times the price of a second",
    direction="state",
    action="the bound that budgets.cost_bound names, compared with budgets.cost_per_image_usd",
    severity=Severity.ERROR,
    why="RunPod bills workers, not jobs, so a job's cost lies between rate × execution and rate × (execution + delay + "
    "idle tail). Failed jobs are paid for as well and count into the price of the images that came.",
    source="docs.runpod.io, serverless pricing; the contract",
    todo="Look at both bounds: a high low bound is slow generation or a dear card, a high high bound cold starts and idle "
    "time.",
    before="0.009 USD where 0.02 USD are promised",
    after="0.031 USD where 0.02 USD are promised",
    mirror_waiver="a budget is a number that somebody chose; there is no before",
)

RULES = (COST,)
