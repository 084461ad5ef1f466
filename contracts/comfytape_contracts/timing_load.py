"""How an endpoint bears several jobs at once: queue, workers and throughput, against how many were under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape_contracts.jobs import Job
    from comfytape_contracts.tape import Tape
    from comfytape_contracts.timing import JobTiming

__all__ = ["Level", "Moment", "busy_ms", "levels_of", "moments_of"]


@dataclass(frozen=True, slots=True)
class Level:
    """Jobs that had at most ``at_once`` companions, themselves counted. ``busy_ms``: one of them was under way."""

    at_once: int
    timings: tuple[JobTiming, ...]
    busy_ms: float

    @property
    def images(self) -> int:
        """Images of jobs that succeeded."""
        return sum(t.images for t in self.timings if t.succeeded)

    @property
    def images_per_minute(self) -> float | None:
        """Throughput; None where no time passed."""
        return self.images * 60_000 / self.busy_ms if self.busy_ms else None

    @property
    def workers(self) -> int:
        """How many different workers took them; 0 where none is named."""
        return len({t.worker for t in self.timings} - {""})


@dataclass(frozen=True, slots=True)
class Moment:
    """What changed at a moment (ms): jobs waiting and executing by what they told later, workers by ``/health``.

    ``able`` is None until ``/health`` was first asked.
    """

    at_ms: float
    waiting: int
    executing: int
    able: int | None


def span(job: Job) -> tuple[float, float]:
    """From submission to the last that the client saw of it; never nothing, so that every begin has an end after it."""
    seen = [state.exchange.last_ms for state in job.states]
    last = job.ended_ms if job.ended_ms is not None else max(seen, default=job.submitted_ms)
    return job.submitted_ms, max(last, job.submitted_ms + 0.001)


def levels_of(timings: Sequence[JobTiming]) -> list[Level]:
    """Jobs by the most that were under way at any moment of their lives, the fewest first."""
    peak: dict[int, int] = {}
    active: set[int] = set()
    # A job that begins when another ends is not at once with it: at one moment, ends come first.
    for _, begins, number in sorted(
        (at, begins, t.number) for t in timings for at, begins in zip(span(t.job), (True, False), strict=True)
    ):
        pass_on(active, peak, number, begins=begins)
    by_level: dict[int, list[JobTiming]] = {}
    for t in timings:
        by_level.setdefault(peak[t.number], []).append(t)
    return [Level(n, tuple(group), busy_ms(t.job for t in group)) for n, group in sorted(by_level.items())]


def pass_on(active: set[int], peak: dict[int, int], number: int, *, begins: bool) -> None:
    """Let a job begin or end; whoever is under way then has that many companions."""
    if not begins:
        active.discard(number)
        return
    active.add(number)
    for other in active:
        peak[other] = max(peak.get(other, 0), len(active))


def busy_ms(jobs: Iterable[Job]) -> float:
    """Milliseconds in which at least one of the jobs was under way: pauses between recordings do not count."""
    total, until = 0.0, float("-inf")
    for begins, ends in sorted(span(job) for job in jobs):
        total += max(ends - max(begins, until), 0.0)
        until = max(until, ends)
    return total


def moments_of(tape: Tape, timings: Sequence[JobTiming]) -> list[Moment]:
    """Every change of queue, execution and workers, in order of time."""
    changes: list[tuple[float, int, int, int | None]] = [(at, 0, 0, said.workers.able) for at, said in tape.health]
    for t in timings:
        begins, ends = span(t.job)
        taken = begins + t.delay_ms if t.delay_ms is not None else None
        executed = min(taken + t.execution_ms, ends) if taken is not None and t.execution_ms is not None else ends
        changes.append((begins, 1, 0, None))
        if taken is None or taken >= ends:
            changes.append((ends, -1, 0, None))
        else:
            changes += [(taken, -1, 1, None), (executed, 0, -1, None)]
    waiting = executing = 0
    able: int | None = None
    found: list[Moment] = []
    for at, more_waiting, more_executing, said in sorted(changes, key=lambda change: change[0]):
        waiting, executing = waiting + more_waiting, executing + more_executing
        able = said if said is not None else able
        found.append(Moment(at, waiting, executing, able))
    return found
