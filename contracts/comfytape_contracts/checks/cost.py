"""What do the images cost, at least and at most?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.checks.jobs import succeeded
from comfytape_contracts.cost import TABLE_MONTHS, Bounds, bounds_of, months_between, prices_of
from comfytape_contracts.outputs import image_count
from comfytape_contracts.rules.budget import TIMES_UNKNOWN
from comfytape_contracts.rules.cost import COST, TABLE_OLD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.cost import Price

__all__ = ["check_cost"]


def check_cost(subject: Subject) -> Outcome:
    """Bounds for each job and image as measurements, and ``budgets.cost_per_image_usd`` held to the bound it names."""
    outcome = subject.outcome()
    prices = prices_of(subject.tape, subject.model.cost)
    ended = [job for job in subject.tape.jobs if job.is_final]
    costs = {
        job.id: (bounds, price)
        for job in ended
        if (price := prices[job.id]) is not None and (bounds := bounds_of(job, price)) is not None
    }
    good = [job for job in ended if succeeded(job, subject.model.outputs.images)]
    images = sum(image_count(job.last) for job in good if job.last)
    total = sum((bounds for bounds, _ in costs.values()), Bounds())
    each = total.over(images) if images and costs else None
    if costs:
        measure(outcome, total, len(costs))
        outcome.measurements["price_source"] = next(price.source for _, price in costs.values())
        look_at_table(subject, outcome, (price for _, price in costs.values()))
    if each is not None:
        outcome.measurements |= {"cost_per_image_low_usd": usd(each.low), "cost_per_image_high_usd": usd(each.high)}
    hold(
        subject, outcome, each, f"{len(costs)} of {len(ended)} jobs have a price and an execution time, {images} images"
    )
    return outcome


def look_at_table(subject: Subject, outcome: Outcome, prices: Iterable[Price]) -> None:
    """Say so where the cost rests on list prices that are much older than the recording."""
    recorded = str(getattr(getattr(subject.tape.cassette, "provenance", None), "recorded_at", ""))
    date = next((price.table_date for price in prices if price.table_date), "")
    try:
        months = months_between(date, recorded)
    except ValueError:  # no table, or a recording that does not say when it was made
        return
    if months >= TABLE_MONTHS:
        finding = TABLE_OLD.finding(
            f"the cost rests on list prices of {date}, {months} months before the recording ({recorded[:7]})",
            location=subject.in_contract("cost"),
            expected=f"less than {TABLE_MONTHS} months",
            actual=months,
        )
        outcome.promise("the price is of the recording's time", [finding], f"{months} months older")


def measure(outcome: Outcome, total: Bounds, jobs: int) -> None:
    """What all jobs cost, and one."""
    outcome.measurements |= {
        "cost_low_usd": usd(total.low),
        "cost_high_usd": usd(total.high),
        "cost_per_job_low_usd": usd(total.low / jobs),
        "cost_per_job_high_usd": usd(total.high / jobs),
    }


def hold(subject: Subject, outcome: Outcome, each: Bounds | None, seen: str) -> None:
    """The budget, where the contract has one."""
    budgets = subject.model.budgets
    promised, bound = budgets.cost_per_image_usd, budgets.cost_bound
    if promised is None:
        return
    where = subject.in_contract("budgets", "cost_per_image_usd")
    promise = f"an image costs under {promised:g} USD ({bound} bound)"
    if each is None:
        finding = TIMES_UNKNOWN.finding(
            f"the cost of an image is not known: {seen}",
            hint="Name the pool or the price: 'cost: {pool: ADA_24}' or 'cost: {usd_per_second: 0.00031}'.",
            location=where,
            identity={"what": "cost"},
        )
        outcome.promise(promise, [finding], seen)
        return
    actual = each.low if bound == "low" else each.high
    evidence = f"between {each.low:.5f} and {each.high:.5f} USD, by {outcome.measurements['price_source']}"
    findings = []
    if actual >= promised:
        findings.append(
            COST.finding(
                f"an image costs {actual:.5f} USD ({bound} bound), expected under {promised:g} USD: {evidence}",
                location=where,
                expected=promised,
                actual=usd(actual),
            )
        )
    outcome.promise(promise, findings, evidence)


def usd(amount: float) -> float:
    """Dollars to a thousandth of a cent and finer than any budget."""
    return round(amount, 6)
