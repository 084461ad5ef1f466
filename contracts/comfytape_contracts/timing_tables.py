"""Times and cost of a recording as tables: what every report shows, in the same words."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from comfytape_contracts.cost import Bounds, bounds_of, prices_of
from comfytape_contracts.spread import FEWEST_FOR_INTERVAL, FEWEST_FOR_P95, Spread
from comfytape_contracts.timing import Warmth, grouped_by, surcharge_ms, timings_of, usual_execution
from comfytape_contracts.timing_load import levels_of
from comfytape_contracts.verdicts import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from comfytape_contracts.contract.model import Cost
    from comfytape_contracts.cost import Price
    from comfytape_contracts.tape import Tape
    from comfytape_contracts.timing import JobTiming
    from comfytape_contracts.timing_load import Level

__all__ = ["figures_of", "tables_of"]

FEW = "too few"
NAMED = 5
"""Outliers that are named."""
SHOWN = 24
"""Jobs up to which each has its own row of cost."""
ROWS: tuple[tuple[str, tuple[Warmth, ...], str], ...] = (
    ("waited, met no worker", (Warmth.COLD,), "delay_ms"),
    ("first execution beyond the warm median", (Warmth.COLD, Warmth.ADDED), "surcharge"),
    ("waited, for a worker added under load", (Warmth.ADDED,), "delay_ms"),
    ("waited, behind a cold start", (Warmth.BEHIND,), "delay_ms"),
    ("waited, warm", (Warmth.WARM,), "delay_ms"),
    ("ran, warm", (Warmth.WARM, Warmth.BEHIND), "execution_ms"),
    ("waited, not known whether warm", (Warmth.UNKNOWN,), "delay_ms"),
    ("ran, not known whether warm", (Warmth.UNKNOWN,), "execution_ms"),
    ("polling overhead", tuple(Warmth), "overhead_ms"),
)
"""What is measured, of which jobs."""


def tables_of(tape: Tape, cost: Cost | None, images: int = 1) -> list[Table]:
    """Times, times by worker, card and case, jobs at once, cost; none for a tape without jobs.

    ``cost`` is the contract's, ``images`` how many a job must bring to have succeeded. Jobs that the tape leaves out
    are in the table by case alone.
    """
    timings = timings_of(tape, images)
    if not timings:
        return []
    everyone = timings_of(tape.without(()), images) if tape.left_out else timings
    tables = [times_table(timings), groups_table(timings, everyone), levels_table(timings)]
    return [table for table in (*tables, cost_table(tape, cost, timings)) if table.rows]


def figures_of(tape: Tape, images: int = 1) -> dict[str, float | str]:
    """The same as measurements: ``queue_median_ms``, ``polling_overhead_median_ms``, ``images_per_minute`` …"""
    timings = timings_of(tape, images)
    good = [t for t in timings if t.succeeded]
    found: dict[str, float | str] = {}
    warm = [t for t in good if t.warmth is Warmth.WARM]
    ran = Spread(tuple(t.execution_ms for t in good if t.warmth.ran_warm and t.execution_ms is not None))
    for name, chosen, what in (("queue", warm, "delay_ms"), ("polling_overhead", good, "overhead_ms")):
        values = [value for t in chosen if (value := getattr(t, what)) is not None]
        if values:
            found |= {f"{name}_median_ms": round(median(values)), f"{name}_max_ms": round(max(values))}
    if ran.p50_interval:
        found |= {"execution_median_from_ms": round(ran.p50_interval[0]),
                  "execution_median_to_ms": round(ran.p50_interval[1])}  # fmt: skip
    levels = levels_of(timings)
    if levels:
        found |= {"jobs_at_once": levels[-1].at_once, "workers_seen": len({t.worker for t in timings} - {""})}
    busy = sum(level.busy_ms for level in levels)
    if len(levels) == 1 and busy:
        found["images_per_minute"] = round(sum(level.images for level in levels) * 60_000 / busy, 2)
    unknown = sum(t.warmth is Warmth.UNKNOWN for t in good)
    return found | ({"jobs_of_unknown_warmth": unknown} if unknown else {})


def times_table(timings: Sequence[JobTiming]) -> Table:
    """Cold start, waiting, execution, polling: of jobs that succeeded."""
    good = [t for t in timings if t.succeeded]
    usual = usual_execution(good)
    rows, notes = [], []
    for name, kinds, what in ROWS:
        chosen = [(t, value) for t in good if t.warmth in kinds and (value := measured(t, what, usual)) is not None]
        if chosen:
            spread = Spread(tuple(value for _, value in chosen))
            rows.append((name, str(spread.count), *cells(spread)))
            notes += [without(name, chosen, spread)] if spread.outliers else []
    return Table(
        title="Times",
        columns=("seconds", "jobs", "median", "95 % interval", "p95", "max"),
        rows=tuple(rows),
        notes=(
            *notes,
            f"The interval is the median's. A p95 takes {FEWEST_FOR_P95} jobs, an interval {FEWEST_FOR_INTERVAL}.",
            "Jobs that failed are not in the times.",
        ),
    )


def measured(timing: JobTiming, what: str, usual: float | None) -> float | None:
    """A figure of a job, ms, or None where it is not known."""
    if what == "surcharge":
        return None if usual is None or timing.execution_ms is None else surcharge_ms(timing, usual)
    value: float | None = getattr(timing, what)
    return value


def cells(spread: Spread) -> tuple[str, ...]:
    """Median, its interval, p95 and maximum."""
    sure = spread.p50_interval
    return (
        seconds(spread.p50),
        f"{seconds(sure[0])} to {seconds(sure[1])}" if sure else FEW,
        seconds(spread.p95) if spread.p95 is not None else FEW,
        seconds(spread.largest),
    )


def without(name: str, chosen: Sequence[tuple[JobTiming, float]], whole: Spread) -> str:
    """What outliers change: they stay in the figures, and are named."""
    less, one = whole.without(whole.outliers), len(whole.outliers) == 1
    named = [(f"job {chosen[place][0].number}", seconds(chosen[place][1])) for place in whole.outliers]
    listed = ", ".join(f"{job} ({took} s)" for job, took in named[:NAMED])
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    figures = [("median", whole.p50, less.p50), ("p95", whole.p95, less.p95), ("max", whole.largest, less.largest)]
    changes = ", ".join(
        f"{what} {seconds(all_of)} → {seconds(others) if others is not None else FEW}"
        for what, all_of, others in figures
        if all_of is not None
    )
    return (
        f"{name}: {listed}{more} {'stands' if one else 'stand'} out; without {'it' if one else 'them'} {changes}. "
        f"{'It is' if one else 'They are'} in the figures."
    )


def groups_table(timings: Sequence[JobTiming], everyone: Sequence[JobTiming]) -> Table:
    """Warm jobs by worker, card and case, where there is more than one of either; a card's name is told in any case."""
    rows = []
    for kind, title, chosen in (("worker", "worker", timings), ("gpu", "GPU", timings), ("case", "case", everyone)):
        groups = grouped_by(chosen, kind)
        if len(groups) > 1 or (kind == "gpu" and "" not in groups):
            rows += [group_row(title, name, group) for name, group in groups.items()]
    return Table(
        title="Times by worker, GPU and case",
        columns=("of", "jobs", "succeeded", "ran, warm: jobs", "median", "p95", "max"),
        rows=tuple(rows),
    )


def group_row(title: str, name: str, group: Sequence[JobTiming]) -> tuple[str, ...]:
    """One worker, card or case."""
    good = [t for t in group if t.succeeded and t.warmth.ran_warm and t.execution_ms is not None]
    spread = Spread(tuple(t.execution_ms for t in good if t.execution_ms is not None))
    middle, _, p95, largest = cells(spread) if good else ("–", "", "–", "–")
    done = str(sum(t.succeeded for t in group))
    return (f"{title} {name or 'not known'}", str(len(group)), done, str(len(good)), middle, p95, largest)


def levels_table(timings: Sequence[JobTiming]) -> Table:
    """Throughput, success and waiting by how many jobs were under way at once."""
    return Table(
        title="Jobs at once",
        columns=("at once", "jobs", "succeeded", "workers", "images a minute", "waited, median", "ran, median"),
        rows=tuple(level_row(level) for level in levels_of(timings)),
        notes=("A job counts under the most that were under way at any moment of its life; cold ones are among them.",),
    )


def level_row(level: Level) -> tuple[str, ...]:
    """One level."""
    rate = level.images_per_minute
    return (
        str(level.at_once),
        str(len(level.timings)),
        f"{sum(t.succeeded for t in level.timings) / len(level.timings):.0%}",
        str(level.workers) if level.workers else "not known",
        "–" if rate is None else f"{rate:.1f}",
        middle_of(level.timings, lambda t: t.delay_ms),
        middle_of(level.timings, lambda t: t.execution_ms),
    )


def middle_of(timings: Sequence[JobTiming], of: Callable[[JobTiming], float | None]) -> str:
    """The median of what jobs that succeeded told, seconds."""
    return seconds(Spread(tuple(value for t in timings if t.succeeded and (value := of(t)) is not None)).p50)


def cost_table(tape: Tape, cost: Cost | None, timings: Sequence[JobTiming]) -> Table:
    """Low and high bound of each job, worker and card, of an image and of all; nothing where no price is known."""
    prices = prices_of(tape, cost)
    priced = [
        (t, price, bounds)
        for t in timings
        if (price := prices[t.job.id]) is not None and (bounds := bounds_of(t.job, price)) is not None
    ]
    rows = list(cost_rows(priced)) if priced else []
    sources = dict.fromkeys(f"{price.per_second} USD a second, by {price.source}" for _, price, _ in priced)
    return Table(
        title="Cost",
        columns=("USD", "at least", "at most"),
        rows=tuple(rows),
        notes=(
            *sources,
            "At least: execution. At most: execution, waiting and the idle tail, in whole seconds.",
            "RunPod bills workers, not jobs, so what a job cost lies between.",
        ),
    )


def cost_rows(priced: Sequence[tuple[JobTiming, Price, Bounds]]) -> Iterator[tuple[str, ...]]:
    """The table's rows, the sums last."""
    if len(priced) <= SHOWN:
        for t, _, bounds in priced:
            yield (f"job {t.number}{f' ({t.warmth})' if t.warmth is not Warmth.WARM else ''}", *dollars(bounds))
    for kind, title in (("worker", "worker"), ("gpu", "GPU"), ("case", "case")):
        groups = grouped_by([t for t, _, _ in priced], kind)
        for name, group in groups.items() if len(groups) > 1 else ():
            inside = {t.number for t in group}
            total = sum((b for t, _, b in priced if t.number in inside), Bounds())
            yield (f"{title} {name or 'not known'}, {len(group)} jobs", *dollars(total))
    total = sum((bounds for _, _, bounds in priced), Bounds())
    images = sum(t.images for t, _, _ in priced if t.succeeded)
    yield (f"all {len(priced)} jobs", *dollars(total))
    yield ("a job, on average", *dollars(total.over(len(priced))))
    if images:
        yield (f"an image, of {images}", *dollars(total.over(images)))


def dollars(bounds: Bounds) -> tuple[str, str]:
    """Both bounds."""
    return f"{bounds.low:.5f}", f"{bounds.high:.5f}"


def seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds; quick ones to the hundredth."""
    if milliseconds is None:
        return "–"
    return f"{milliseconds / 1000:.2f}" if abs(milliseconds) < 10_000 else f"{milliseconds / 1000:.1f}"
