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

TABLE_OLD = Rule(
    id="price-table-old",
    family="cost",
    title="The list prices are older than the recording by months",
    looks_at="the date of the shipped price table and the date of the recording",
    direction="state",
    action="warn from six months on, where the table is what the cost was reckoned with",
    severity=Severity.WARNING,
    why="RunPod changes its prices; a cost by an old table may be off by any factor.",
    source="the table shipped with comfytape, taken from docs.runpod.io",
    todo="Record with the management API in reach (its catalogue has today's prices), update comfytape, or write the "
    "price into the contract: cost.usd_per_second, without a pool.",
    before="the table is of 2026-06, the recording of 2026-09",
    after="the table is of 2026-06, the recording of 2027-03",
    mirror_waiver="a table cannot be newer than it is",
)

RULES = (COST, TABLE_OLD)
