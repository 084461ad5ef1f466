"""What a tape says about time: how long each job waited, ran and went unnoticed, and whether its worker was warm.

RunPod tells ``delayTime`` (submission to the start of the attempt) and ``executionTime`` (a worker held the job); the
tape adds when the client learned of the end. worker-comfyui waits for ComfyUI inside its handler (start.sh and
handler.py, 5.8.5), so the first execution of a worker holds ComfyUI's start: it is never compared with warm ones.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from comfytape_cassettes.provenance import Provenance
from comfytape_contracts.diagnosis.evidence import Evidence
from comfytape_contracts.outputs import errors_of, image_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from comfytape_contracts.jobs import Job
    from comfytape_contracts.tape import Tape

__all__ = [
    "JobTiming",
    "Warmth",
    "cold_start_ms",
    "grouped_by",
    "surcharge_ms",
    "timings_of",
    "usual_execution",
    "warmths_of",
]

GRAIN_MS = 100.0
"""How far two clocks that measured the same may differ."""
DIRECT = "comfyui"
"""The endpoint of prompts that went to a ComfyUI without RunPod."""


class Warmth(StrEnum):
    """What a job found.

    ``COLD``: no worker that could take it. ``ADDED``: those that could were others, and it ran first on a new one.
    ``BEHIND``: no worker, and it ran on the one that was started for another job: it waited for a cold start, and ran
    warm. ``WARM``: a worker that was up. ``UNKNOWN``: ``/health`` was not asked before, or said that a worker is ready
    which was not seen at work on this tape: an endpoint at rest says so too (FlashBoot), and then starts one.
    """

    COLD = "cold"
    ADDED = "added"
    BEHIND = "behind"
    WARM = "warm"
    UNKNOWN = "unknown"

    @property
    def ran_warm(self) -> bool:
        """Whether its execution is that of a warm worker."""
        return self in (Warmth.WARM, Warmth.BEHIND)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTiming:
    """One job in figures; milliseconds, None where it was not said.

    Attributes:
        number: its place on the whole tape, from 1.
        job: the job.
        warmth: what it found.
        succeeded: whether it brought its images and no error.
        images: how many it brought.
        delay_ms: ``delayTime``.
        execution_ms: ``executionTime``.
        observed_ms: from submission to the first answer that showed its end.
        worker: ``workerId``, or "".
        gpu: the worker's card, or "".
        case: the case of the contract that the recorder ran it for, or "".
    """

    number: int
    job: Job
    warmth: Warmth
    succeeded: bool
    images: int
    delay_ms: float | None
    execution_ms: float | None
    observed_ms: float | None
    worker: str = ""
    gpu: str = ""
    case: str = ""

    @property
    def overhead_ms(self) -> float | None:
        """What the client waited beyond what the platform tells: polling, and the way there and back.

        None where the platform tells of more time than went by: a replay whose clock is faster than ours.
        """
        if self.observed_ms is None or self.delay_ms is None or self.execution_ms is None:
            return None
        beyond = self.observed_ms - self.delay_ms - self.execution_ms
        return beyond if beyond > -GRAIN_MS else None

    @property
    def per_image_ms(self) -> float | None:
        """Execution for each image."""
        return None if self.execution_ms is None else self.execution_ms / max(self.images, 1)


def timings_of(tape: Tape, images: int = 1) -> list[JobTiming]:
    """The jobs of a tape in order of submission. ``images`` is how many a job must bring to have succeeded."""
    cards, warmths = cards_of(tape), warmths_of(tape)
    provenance = getattr(tape.cassette, "provenance", None)
    asked = provenance.samples if isinstance(provenance, Provenance) else ()
    cases = {str(note.get("job")): str(note.get("case") or "") for note in asked}
    return [timing(tape, job, warmths[job.id], images, cards(job), cases.get(job.id, "")) for job in tape.jobs]


def timing(tape: Tape, job: Job, warmth: Warmth, images: int, gpu: str, case: str) -> JobTiming:
    """One job."""
    last = job.last
    brought = image_count(last) if last else 0
    good = last is not None and last.status == "COMPLETED" and brought >= images and not errors_of(last)
    return JobTiming(
        number=tape.numbers[job.id],
        job=job,
        warmth=warmth,
        succeeded=good,
        images=brought,
        delay_ms=last.delay_ms if last else None,
        execution_ms=last.execution_ms if last else None,
        observed_ms=None if job.ended_ms is None or job.submitted is None else job.ended_ms - job.submitted_ms,
        worker=(last.worker_id or "") if last else "",
        gpu=gpu,
        case=case,
    )


def warmths_of(tape: Tape) -> dict[str, Warmth]:
    """What each job of the whole tape found, by id."""
    asked = [at for at, _ in tape.health]
    able = [said.workers.able for _, said in tape.health]
    found: dict[str, Warmth] = {}
    seen: dict[str, tuple[float, float]] = {}
    for job in sorted(tape.all_jobs, key=began):
        place = bisect_right(asked, job.submitted_ms)
        met = able[place - 1] if place else None
        worker = worker_of(job)
        found[job.id] = warmth_of(job, met, seen.get(worker), up_before(seen, job)) if worker else unnamed(met)
        if worker:
            seen[worker] = (seen[worker][0] if worker in seen else began(job), ended(job))
    return found


def warmth_of(job: Job, met: int | None, before: tuple[float, float] | None, known: int) -> Warmth:
    """What a job found, whose worker had (or had not) jobs ``before`` it, when ``known`` workers had been at work."""
    if before is not None:
        # A worker keeps its id when it stops and starts again; back to back it did not stop.
        back_to_back = before[1] > job.submitted_ms
        if met == 0 and back_to_back:
            return Warmth.BEHIND
        if met or back_to_back or job.endpoint == DIRECT:
            return Warmth.WARM
        return Warmth.UNKNOWN if met is None else Warmth.COLD
    if met == 0:
        return Warmth.COLD
    return Warmth.ADDED if met is not None and met <= known else Warmth.UNKNOWN


def unnamed(met: int | None) -> Warmth:
    """What a job found that does not name its worker: only ``/health`` tells."""
    return Warmth.UNKNOWN if met is None else Warmth.WARM if met else Warmth.COLD


def up_before(seen: Mapping[str, tuple[float, float]], job: Job) -> int:
    """How many workers had begun a job of this tape when this one was submitted."""
    return sum(first <= job.submitted_ms for first, _ in seen.values())


def worker_of(job: Job) -> str:
    """Who ran it, or ""; a ComfyUI without RunPod is its own one worker."""
    return DIRECT if job.endpoint == DIRECT else (job.last.worker_id or "") if job.last else ""


def began(job: Job) -> float:
    """When its execution began, ms from the start; its submission where that was not said.

    No later than it was seen at work: a replay may tell of a minute in the queue that it did not wait for.
    """
    said = job.submitted_ms + ((job.last.delay_ms or 0.0) if job.last else 0.0)
    return min([said, *(state.first_ms for state in job.states if state.said.status != "IN_QUEUE")])


def ended(job: Job) -> float:
    """When its execution ended, as far as was said, and no later than that was seen."""
    said = began(job) + ((job.last.execution_ms or 0.0) if job.last else 0.0)
    return said if job.ended_ms is None else min(said, job.ended_ms)


def cards_of(tape: Tape) -> Callable[[Job], str]:
    """The card that ran a job: by the management API's list of workers, else by the ComfyUI that was asked."""
    listed = {w.id: w.gpu_type or "" for e in Evidence.of(tape).endpoints if e.workers for w in e.workers.workers}
    said = dict.fromkeys(devices(tape))
    asked = f"{next(iter(said))} (/system_stats)" if len(said) == 1 else ""

    def card(job: Job) -> str:
        return listed.get(worker_of(job)) or asked

    return card


def devices(tape: Tape) -> Iterator[str]:
    """Names of the devices that ``/system_stats`` lists (ComfyUI server.py, system_stats)."""
    for _, data in tape.answers("system_stats"):
        named = data.get("devices") if isinstance(data, dict) else None
        for device in named if isinstance(named, list) else ():
            if isinstance(device, dict) and isinstance(device.get("name"), str):
                yield device["name"]


def usual_execution(timings: Sequence[JobTiming]) -> float | None:
    """The median execution of warm jobs that succeeded, ms; None where there is none."""
    times = [t.execution_ms for t in timings if t.succeeded and t.warmth.ran_warm and t.execution_ms is not None]
    return median(times) if times else None


def cold_start_ms(timing: JobTiming, usual: float) -> float:
    """What a cold job took beyond a warm one: its delay, and what its execution took over the ``usual``."""
    return (timing.delay_ms or 0.0) + surcharge_ms(timing, usual)


def surcharge_ms(timing: JobTiming, usual: float) -> float:
    """What an execution took over the ``usual``; never less than nothing."""
    return max((timing.execution_ms or 0.0) - usual, 0.0)


def grouped_by(timings: Sequence[JobTiming], what: str) -> dict[str, list[JobTiming]]:
    """Jobs by ``case``, ``worker`` or ``gpu``, in order of first seeing; jobs of which it is not known under ""."""
    groups: dict[str, list[JobTiming]] = {}
    for each in timings:
        groups.setdefault(getattr(each, what), []).append(each)
    return groups
