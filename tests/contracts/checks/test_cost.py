"""What images cost: bounds, and the budget on the bound that the contract names."""

from __future__ import annotations

import json
import math

import pytest

from comfytape_contracts.tape import Tape

RATE = 0.00031
TAIL_S = 5


@pytest.fixture
def by_hand(few):
    """What each image of the recording cost at least and at most, from its jobs' own numbers."""
    ended = [job.last for job in Tape(few).jobs]
    low = sum(RATE * said.execution_ms / 1000 for said in ended)
    high = sum(RATE * math.ceil((said.execution_ms + said.delay_ms) / 1000 + TAIL_S) for said in ended)
    return low / len(ended), high / len(ended)


def line_of(found):
    return next(line for line in found.lines if "costs under" in line.promise)


def test_the_bounds_are_rate_times_what_is_known(report, few, by_hand):
    """Low: execution alone. High: execution, delay and idle tail, in whole seconds."""
    figures = report(few, cost={"usd_per_second": RATE, "idle_s": TAIL_S}).measurements
    assert (figures["cost_per_image_low_usd"], figures["cost_per_image_high_usd"]) == pytest.approx(by_hand, abs=1e-6)
    assert figures["cost_low_usd"] == pytest.approx(4 * by_hand[0], abs=1e-5)
    assert figures["cost_per_job_high_usd"] == pytest.approx(by_hand[1], abs=1e-6)
    assert figures["price_source"] == "the contract"


@pytest.mark.parametrize(("bound", "code"), [("low", 0), ("high", 5)])
def test_the_budget_is_held_to_the_bound_that_the_contract_names(report, few, by_hand, bound, code):
    """Between the bounds both answers are right, and the contract says which is meant."""
    found = report(few, budgets={"cost_per_image_usd": sum(by_hand) / 2, "cost_bound": bound})
    assert found.exit_code == code
    assert f"({bound} bound)" in line_of(found).promise
    assert [f.rule for f in found.findings] == (["budget-cost"] if code else [])


def test_a_failed_job_is_paid_for_too(report, with_output):
    """Three images carry the cost of four jobs."""
    whole = with_output(3, status="FAILED", error="no", without=("output",))
    figures = report(whole).measurements
    assert figures["cost_per_image_low_usd"] == pytest.approx(figures["cost_low_usd"] / 3, abs=1e-6)


def test_without_a_price_the_budget_is_unknown_and_nothing_is_measured(report, few):
    """Not zero, and not green; the hint says what to write."""
    found = report(few, cost=None, budgets={"cost_per_image_usd": 0.02})
    assert found.exit_code == 3
    assert "pool: ADA_24" in next(f.hint for f in found.findings if f.rule == "budget-unknown")
    assert not [name for name in found.measurements if "usd" in name]


def test_a_pool_is_looked_up_in_the_shipped_table(report, few):
    """A list price with its date, where no catalogue was recorded."""
    found = report(few, cost={"usd_per_second": None, "pool": "ADA_24"}, budgets={"cost_per_image_usd": 1.0})
    assert "2026-06" in line_of(found).evidence
    assert found.exit_code == 0


def test_a_pool_that_the_table_does_not_know_falls_back_to_the_contract(report, few):
    """An unknown card is not taken for a cheap one."""
    found = report(few, cost={"pool": "NEW_300"})
    assert found.measurements["price_source"] == "the contract"


@pytest.mark.parametrize(
    ("recorded", "months"), [("2026-11-22T15:50:00.000+00:00", None), ("2027-03-01T00:00:00.000+00:00", 9)]
)
def test_an_old_table_of_prices_is_said_to_be_old(report, few, tmp_path, recorded, months):
    """Counted from the recording, not from today: half a year and more is a warning, and changes no verdict."""
    few.copy_to(tmp_path / "later")
    index = json.loads((tmp_path / "later/cassette.json").read_text())
    index["metadata"]["comfytape"]["recorded_at"] = recorded
    (tmp_path / "later/cassette.json").write_text(json.dumps(index))
    found = report(type(few).open(tmp_path / "later"), cost={"usd_per_second": None, "pool": "ADA_24"})
    assert [f.actual for f in found.findings if f.rule == "price-table-old"] == ([months] if months else [])
    assert found.exit_code == 0
