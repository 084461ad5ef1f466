"""What jobs cost: a low and a high bound for each, since RunPod bills workers and not jobs.

A worker is billed from its start until it has stopped, rounded up to the second. Of a job only delay and execution are
known, and the delay holds unbilled waiting too, so (docs.runpod.io, serverless pricing):

``low``   rate × execution
``high``  rate × (execution + delay + idle tail), rounded up to the second
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_contracts.diagnosis.evidence import Evidence
from comfytape_contracts.knowledge.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape_contracts.contract.model import Cost
    from comfytape_contracts.diagnosis.evidence import EndpointEvidence
    from comfytape_contracts.jobs import Job
    from comfytape_contracts.tape import Tape

__all__ = ["TABLE_MONTHS", "Bounds", "Price", "bounds_of", "months_between", "own_rate", "price_of", "prices_of"]

TABLE = "gpu_prices"
"""List prices with their date, for when no catalogue was recorded."""
TABLE_MONTHS = 6
"""Months after which the table is too old to be believed without a word: RunPod changed prices within a year."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per second of a worker: ``low`` and ``high`` differ where several cards may take the job."""

    low: float
    high: float
    source: str
    idle_s: float
    table_date: str = ""
    """Month (YYYY-MM) of the shipped table, where it was what the price was taken from."""

    @property
    def per_second(self) -> str:
        """The price, or the range of it, in words."""
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """US dollars: what was spent at least, and at most."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(self.low + other.low, self.high + other.high)

    def over(self, count: int) -> Bounds:
        """The share of one of ``count``."""
        return Bounds(self.low / count, self.high / count)


def bounds_of(job: Job, price: Price) -> Bounds | None:
    """The bounds of one job; None where it does not say how long it executed."""
    last = job.last
    if last is None or last.execution_ms is None:
        return None
    execution, delay = last.execution_ms / 1000, (last.delay_ms or 0.0) / 1000
    return Bounds(price.low * execution, price.high * math.ceil(execution + delay + price.idle_s))


def prices_of(tape: Tape, own: Cost | None) -> Mapping[str, Price | None]:
    """The price of each job by its id, as ``price_of`` finds it; the catalogue is looked at as it was recorded."""
    endpoints = {endpoint.id: endpoint for endpoint in Evidence.of(tape).endpoints}
    return {job.id: price_of(endpoints.get(job.endpoint), job, own) for job in tape.jobs}


def price_of(endpoint: EndpointEvidence | None, job: Job, own: Cost | None) -> Price | None:
    """RunPod's catalogue, else the shipped table of list prices by pool, else the contract's own price."""
    config = endpoint.config if endpoint else None
    idle = config.workers.idle_s if config else own.idle_s if own else 5.0
    count = config.gpu.count if config and config.gpu else 1
    rates = catalogue_rates(endpoint, job) if endpoint else []
    if rates:
        return Price(min(rates) * count, max(rates) * count, "RunPod's catalogue, as recorded", idle)
    table = load(TABLE)
    pools = config.gpu.pools if config and config.gpu else [own.pool] if own and own.pool else []
    listed = [table["usd_per_second"][pool] for pool in pools if pool in table["usd_per_second"]]
    # A pool that the table does not know may be dearer than those that it knows.
    if listed and len(listed) == len(pools):
        return Price(
            min(listed) * count, max(listed) * count, f"{table['source']}, {table['date']}", idle, table["date"]
        )
    if own and own.usd_per_second is not None:
        return Price(own.usd_per_second, own.usd_per_second, "the contract", idle)
    return None


def months_between(earlier: str, later: str) -> int:
    """Whole months from one date to another; both begin with YYYY-MM.

    Raises:
        ValueError: one of them does not.
    """
    (first_year, first_month), (year, month) = ((int(date[:4]), int(date[5:7])) for date in (earlier, later))
    return (year - first_year) * 12 + month - first_month


def own_rate(own: Cost | None) -> float | None:
    """US dollars per second by the contract alone, in the order of ``price_of``: list price of its pool, own price."""
    if own is None:
        return None
    listed: float | None = load(TABLE)["usd_per_second"].get(own.pool)
    return listed if listed is not None else own.usd_per_second


def catalogue_rates(endpoint: EndpointEvidence, job: Job) -> Sequence[float]:
    """Dollars per second and GPU of the job's own card, or of all cards that the endpoint's pools allow."""
    priced = {gpu.id: (gpu, gpu.price.serverless / 3600) for gpu in endpoint.gpus if gpu.price.serverless is not None}
    worker = job.last.worker_id if job.last else None
    cards = {w.id: w.gpu_type for w in (endpoint.workers.workers if endpoint.workers else ())}
    own = cards.get(worker) if worker else None
    if own in priced:
        return [priced[own][1]]
    gpu = endpoint.config.gpu if endpoint.config else None
    if gpu is None:
        return []
    return [rate for card, rate in priced.values() if card.pool in gpu.pools and card.id not in gpu.excluded]
