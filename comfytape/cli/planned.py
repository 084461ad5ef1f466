"""What ``record --dry-run`` prints: every job that would be submitted, and what they may cost."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from comfytape.cli.output import escape
from comfytape.settings import find_cassette
from comfytape_cassettes import Cassette, CassetteError, UsageError
from comfytape_contracts.cost import own_rate
from comfytape_contracts.expectation import outcome_words
from comfytape_contracts.tape import Tape
from comfytape_recorder.plan import plan_of
from comfytape_recorder.samples import workflow_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from comfytape.settings import Settings
    from comfytape_contracts.contract import Contract

__all__ = ["print_plan"]


def print_plan(out: Console, contract: Contract, samples: int, cases: Sequence[str] | None, settings: Settings) -> None:
    """Print the plan. Nothing is sent, no key is needed.

    Raises:
        UsageError: a case cannot be submitted as it stands.
    """
    tape = earlier(contract, settings)
    plan = plan_of(contract, workflow_of(contract), samples, cases, tape.inventory if tape else None)
    out.print(f"{len(plan.asks)} jobs: {samples} samples, {len(plan.runs)} of cases. Nothing was sent.")
    seen: set[str] = set()
    for run in plan.runs.values():
        case = run.case
        if case.name not in seen:
            product = " x ".join(f"{count} {name}" for name, count in case.axes.items())
            of = f", {product}" if case.runs > 1 else ""
            wanted = " or ".join(outcome_words(name) for name in case.expects)
            out.print(f"  case {escape(case.name)}: {case.runs} job(s){escape(of)}, expects {wanted}")
        seen.add(case.name)
        if run.varied:
            out.print(f"      [dim]{escape(run.varied)}[/]")
    out.print(estimate(contract, tape, len(plan.asks)))


def earlier(contract: Contract, settings: Settings) -> Tape | None:
    """The contract's recording, where there is one: it knows what the endpoint has and how long jobs take."""
    try:
        return Tape(Cassette.open(find_cassette(contract.name, settings)))
    except (CassetteError, UsageError):
        return None


def estimate(contract: Contract, tape: Tape | None, jobs: int) -> str:
    """What the jobs may cost, as far as price and times are known."""
    rate = own_rate(contract.model.cost)
    if rate is None:
        return "cost: not known, the contract has no price (add cost: {usd_per_second: …})"
    ended = [job.last for job in tape.jobs if job.last and job.is_final] if tape else []
    billed = [((last.delay_ms or 0.0) + (last.execution_ms or 0.0)) / 1000 for last in ended]
    if billed:
        each, by = median(billed), f"median of {len(billed)} recorded jobs"
    elif contract.model.budgets.generation_s is not None:
        each, by = contract.model.budgets.generation_s, "budgets.generation_s"
    else:
        return "cost: not known, no earlier recording and no budgets.generation_s says how long a job takes"
    return f"cost: about {jobs * each * rate:.4f} USD: {jobs} jobs of {each:.1f} s ({by}) at {rate:g} USD a second"
