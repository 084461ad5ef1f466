"""The price of a job, from what the management API said on the same recording."""

from __future__ import annotations

import pytest

from comfytape_contracts.contract.model import Cost
from comfytape_contracts.cost import bounds_of, own_rate, prices_of
from comfytape_contracts.tape import Tape

WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}
DONE = {"status": "COMPLETED", "delayTime": 2000, "executionTime": 10_000, "workerId": "w1", "output": {"images": []}}
CARDS = [
    {"id": "NVIDIA L4", "pool": "AMPERE_24", "price": {"serverless": 0.72}},
    {"id": "NVIDIA RTX A5000", "pool": "AMPERE_24", "price": {"serverless": 0.9}},
    {"id": "NVIDIA GeForce RTX 4090", "pool": "ADA_24", "price": {"serverless": 1.116}},
    {"id": "NVIDIA A30", "pool": None, "price": {}},
]
CATALOGUE = "https://api.runpod.io/v2/catalog/gpus?include=AVAILABILITY&product=SERVERLESS"


def gpu(*pools, count=1, excluded=()):
    return {"pools": list(pools), "excludedTypes": list(excluded), "count": count}


def price(said, own=None):
    return prices_of(Tape(said), own)["job1"]


@pytest.fixture
def priced(said):
    return said.get(CATALOGUE, {"gpus": CARDS}).job(WORKFLOW, DONE)


def test_the_catalogue_prices_the_pools(priced):
    """Dollars an hour become dollars a second; with several cards the price has two ends."""
    found = price(priced.config(gpu=gpu("AMPERE_24")))
    assert (found.low, found.high) == pytest.approx((0.72 / 3600, 0.9 / 3600))
    assert "catalogue" in found.source


def test_excluded_cards_and_several_gpus_count(priced):
    """A worker with two cards costs twice; a card that is excluded never comes."""
    found = price(priced.config(gpu=gpu("AMPERE_24", count=2, excluded=["NVIDIA RTX A5000"])))
    assert (found.low, found.high) == pytest.approx((2 * 0.72 / 3600,) * 2)


def test_the_card_of_the_worker_that_did_the_job_is_known_exactly(priced):
    """The job names its worker, and the worker its card."""
    priced.config(gpu=gpu("AMPERE_24", "ADA_24"))
    priced.workers({"id": "w1", "status": "IDLE", "gpuTypeId": "NVIDIA GeForce RTX 4090"})
    found = price(priced)
    assert (found.low, found.high) == pytest.approx((1.116 / 3600,) * 2)


def test_the_catalogue_wins_over_table_and_contract(priced):
    """What RunPod said on the day is nearer than a table, and both than a number somebody wrote."""
    own = Cost(usd_per_second=1.0, pool="HOPPER_141")
    assert price(priced.config(gpu=gpu("ADA_24")), own).high == pytest.approx(1.116 / 3600)


def test_pools_without_a_catalogue_are_looked_up_in_the_table(said):
    """The dated table covers the endpoint's own pools."""
    found = price(said.config(gpu=gpu("ADA_24", "AMPERE_80")).job(WORKFLOW, DONE), Cost(usd_per_second=1.0))
    assert (found.low, found.high) == (0.00031, 0.00076)
    assert "2026-06" in found.source


def test_a_cpu_endpoint_has_the_contract_s_price_or_none(said):
    """No card, no pool, no guess."""
    said.config(gpu=None).job(WORKFLOW, DONE)
    assert price(said) is None
    assert price(said, Cost(usd_per_second=0.0001)).source == "the contract"


def test_the_idle_tail_is_the_endpoint_s_own(said):
    """10 s execution, 2 s delay and 30 s idle: the worker was up for at most 42 s."""
    said.config(gpu=gpu("ADA_24"), workers={"min": 0, "max": 3, "idleTimeout": 30}).job(WORKFLOW, DONE)
    tape = Tape(said)
    bounds = bounds_of(tape.jobs[0], prices_of(tape, None)["job1"])
    assert (bounds.low, bounds.high) == pytest.approx((0.0031, 42 * 0.00031))


def test_a_job_that_does_not_say_how_long_it_took_has_no_cost(said):
    """Unknown is not free."""
    said.job(WORKFLOW, "IN_PROGRESS")
    tape = Tape(said)
    own = Cost(usd_per_second=1.0)
    assert bounds_of(tape.jobs[0], prices_of(tape, own)["job1"]) is None


@pytest.mark.parametrize(
    ("own", "rate"),
    [(None, None), (Cost(), None), (Cost(pool="ADA_24"), 0.00031), (Cost(usd_per_second=0.5), 0.5)],
)
def test_the_contract_alone_gives_a_rate_for_the_recorder(own, rate):
    """While recording there is no catalogue yet: the table speaks for a pool, a number for itself."""
    assert own_rate(own) == rate
