"""Why no worker takes a job: the causes in the order in which they are ruled out.

The order is that of runpod-mcp's diagnoseQueuedJob: paused, unhealthy, none, throttled, initializing, ready.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from comfytape_contracts.diagnosis.cause import Cause, Confidence, Stage
from comfytape_contracts.diagnosis.evidence import is_probe
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules import queue as rules

if TYPE_CHECKING:
    from comfytape_contracts.diagnosis.evidence import EndpointEvidence
    from comfytape_contracts.rules import Rule

__all__ = ["FIRST_SECONDS", "LONG_START_S", "Counts", "counts_of", "examine_queue"]

FIRST_SECONDS = 15.0
"""Before this a scaler with a queue delay of 4 s has hardly begun to start a worker."""

LONG_START_S = 120.0
"""A container from a cached image is up well before this."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Queue and workers as last seen: gauges of ``/health``, records of the management API where it has more."""

    in_queue: int = 0
    in_progress: int = 0
    able: int = 0
    idle: int = 0
    running: int = 0
    initializing: int = 0
    throttled: int = 0
    unhealthy: int = 0

    @property
    def none(self) -> bool:
        """Whether no worker is in any state."""
        return not (self.able or self.initializing or self.throttled or self.unhealthy)

    def words(self) -> str:
        """All numbers in one line."""
        return (
            f"jobs: inQueue {self.in_queue}, inProgress {self.in_progress}; workers: ready {self.able}, "
            f"running {self.running}, initializing {self.initializing}, throttled {self.throttled}, "
            f"unhealthy {self.unhealthy}"
        )

    def to_json(self) -> dict[str, int]:
        """The numbers by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def counts_of(endpoint: EndpointEvidence) -> Counts | None:
    """What was last seen; None where neither API said anything."""
    health, workers = endpoint.last_health, endpoint.workers
    if health is None and workers is None:
        return None
    jobs, gauge = (health.jobs, health.workers) if health else (None, None)
    record = workers.summary if workers else None

    def larger(name: str) -> int:
        return max(getattr(gauge, name, 0), getattr(record, name, 0))

    return Counts(
        in_queue=max(jobs.in_queue if jobs else 0, len(endpoint.waiting)),
        in_progress=jobs.in_progress if jobs else 0,
        able=max(gauge.able if gauge else 0, larger("idle"), larger("running")),
        idle=larger("idle"),
        running=larger("running"),
        initializing=larger("initializing"),
        throttled=larger("throttled"),
        unhealthy=larger("unhealthy"),
    )


def examine_queue(endpoint: EndpointEvidence) -> Stage | None:
    """Whether a worker would take a job; None where nothing was said about workers."""
    counts, config = counts_of(endpoint), endpoint.config
    if counts is None and config is None:
        return None
    counts = counts or Counts()
    limits = f"; workers.min {config.workers.min}, workers.max {config.workers.max}" if config else ""
    cause = (
        paused(endpoint, counts)
        or unhealthy(endpoint, counts)
        or (stuck(endpoint, counts) if is_stuck(endpoint, counts) else at_ease(endpoint, counts))
    )
    return Stage(
        promise="a worker takes jobs", evidence=counts.words() + limits, causes=(cause,) if cause is not None else ()
    )


def is_stuck(endpoint: EndpointEvidence, counts: Counts) -> bool:
    """Whether jobs wait and none is worked on; jobs of the recording that came to an end prove the opposite."""
    if endpoint.waiting:
        return True
    return bool(counts.in_queue and not counts.in_progress and not endpoint.ended) or is_funnel(endpoint, counts)


def is_funnel(endpoint: EndpointEvidence, counts: Counts) -> bool:
    """One worker at work, others idle, jobs waiting, and a volume that they share."""
    shared = endpoint.config is not None and bool(endpoint.config.volumes)
    return bool(counts.in_queue and counts.running == 1 and counts.idle and shared)


def made(
    rule: Rule, endpoint: EndpointEvidence, counts: Counts, claim: str, *, confidence: Confidence, **more: str
) -> Cause:
    """A cause about this queue, with all its numbers as evidence."""
    waited = endpoint.waited_s
    seen_for = f"; seen waiting for {waited:.1f} s" if waited >= 0.1 else ""
    return Cause(
        rule=rule,
        subject=endpoint.id,
        claim=claim,
        evidence=counts.words() + seen_for + more.get("also", ""),
        confidence=confidence,
        next_step=more.get("next_step", ""),
        seen={**counts.to_json(), "waited_s": round(waited, 1)},
    )


def paused(endpoint: EndpointEvidence, counts: Counts) -> Cause | None:
    """No worker may start."""
    config = endpoint.config
    if config is None or config.workers.max > 0:
        return None
    return made(
        rules.PAUSED,
        endpoint,
        counts,
        f"endpoint {endpoint.id} is paused: workers.max is 0, so jobs wait for ever",
        confidence=Confidence.CERTAIN,
        also=f"; workers.min {config.workers.min}, workers.max 0",
    )


def unhealthy(endpoint: EndpointEvidence, counts: Counts) -> Cause | None:
    """Workers crash; with others that work it is a warning."""
    if not counts.unhealthy:
        return None
    found = made(
        rules.UNHEALTHY,
        endpoint,
        counts,
        f"{counts.unhealthy} worker(s) of {endpoint.id} crash as soon as they start; this is not a lack of capacity",
        confidence=Confidence.LIKELY if counts.able else Confidence.CERTAIN,
    )
    return found if not counts.able else replace_severity(found, Severity.WARNING)


def replace_severity(cause: Cause, severity: Severity) -> Cause:
    """The same cause with another weight."""
    return replace(cause, severity=severity)


def stuck(endpoint: EndpointEvidence, counts: Counts) -> Cause | None:
    """Jobs wait: the first cause that the numbers allow."""
    waited, name = endpoint.waited_s, endpoint.id
    only_probe = bool(endpoint.waiting) and all(is_probe(job) for job in endpoint.waiting)
    sure = Confidence.LIKELY if waited >= FIRST_SECONDS else Confidence.POSSIBLE
    if only_probe and waited < FIRST_SECONDS and not (counts.throttled or counts.initializing):
        return None
    if counts.none:
        claim = f"no worker of {name} is even being started"
        return made(
            rules.NO_WORKERS, endpoint, counts, claim, confidence=sure, also=unseen_max(endpoint) + stock(endpoint)
        )
    if not counts.able and counts.throttled:
        claim = f"all workers of {name} are throttled: RunPod's hosts have no free GPU for them"
        also = unseen_max(endpoint) + stock(endpoint)
        return made(rules.THROTTLED, endpoint, counts, claim, confidence=Confidence.LIKELY, also=also)
    if not counts.able:
        return initializing(endpoint, counts, only_probe=only_probe)
    if is_funnel(endpoint, counts):
        claim = f"one worker of {name} gets all jobs while {counts.idle} are idle"
        return made(
            rules.FUNNEL, endpoint, counts, claim, confidence=Confidence.POSSIBLE, also="; a volume is attached"
        )
    if counts.in_progress:
        claim = f"all workers of {name} are at work, and jobs wait for the next free one"
        return made(rules.BUSY, endpoint, counts, claim, confidence=Confidence.LIKELY)
    claim = f"{counts.able} worker(s) of {name} are ready, but none takes a job"
    return made(rules.NOT_TAKEN, endpoint, counts, claim, confidence=sure)


def initializing(endpoint: EndpointEvidence, counts: Counts, *, only_probe: bool) -> Cause:
    """Workers that start, and for how long they do."""
    up = [
        w.up_s for w in (endpoint.workers.workers if endpoint.workers else ()) if w.up_s and w.status == "INITIALIZING"
    ]
    seconds = max([*up, endpoint.waited_s])
    long = seconds >= LONG_START_S
    config = endpoint.config
    private = config is not None and config.registry is None
    credentials = f"; image {config.image}, no registry credentials" if config is not None and private else ""
    claim = (
        f"{counts.initializing} worker(s) of {endpoint.id} have been initializing for {seconds:.0f} s: the image is "
        "being pulled, or cannot be pulled"
        if long
        else f"{counts.initializing} worker(s) of {endpoint.id} are starting, for {seconds:.0f} s so far: normal for a "
        "cold start"
    )
    found = made(
        rules.INITIALIZING,
        endpoint,
        counts,
        claim,
        confidence=Confidence.LIKELY if long else Confidence.POSSIBLE,
        also=credentials,
        next_step=""
        if long
        else "Ask again in a minute or two; if it still initializes, read the worker's system log.",
    )
    return replace_severity(found, Severity.INFO) if only_probe and not long else found


def at_ease(endpoint: EndpointEvidence, counts: Counts) -> Cause | None:
    """Nothing waits: a note about cold starts, or that more cannot be said."""
    config = endpoint.config
    if counts.in_queue and counts.in_progress:
        claim = f"{counts.in_queue} job(s) wait for {counts.running or counts.able} busy worker(s) of {endpoint.id}"
        return made(rules.BUSY, endpoint, counts, claim, confidence=Confidence.LIKELY)
    if counts.able or endpoint.ended:
        return None
    if config is not None:
        claim = f"endpoint {endpoint.id} is at rest: the first job waits for a worker to start"
        also = f"; workers.min {config.workers.min}, workers.max {config.workers.max}"
        return made(rules.COLD_START, endpoint, counts, claim, confidence=Confidence.CERTAIN, also=also)
    claim = f"endpoint {endpoint.id} is at rest or paused: /health looks the same, and workers.max was not seen"
    return made(rules.WORKERS_UNSEEN, endpoint, counts, claim, confidence=Confidence.CERTAIN)


def unseen_max(endpoint: EndpointEvidence) -> str:
    """A word of caution where workers.max is not known."""
    return "" if endpoint.config is not None else "; workers.max was not seen, so a paused endpoint is not ruled out"


def stock(endpoint: EndpointEvidence) -> str:
    """What the catalogue says of the endpoint's pools."""
    pools = endpoint.config.gpu.pools if endpoint.config and endpoint.config.gpu else []
    said = {g.pool: g.availability for g in endpoint.gpus if g.pool in pools and g.availability}
    return "; stock: " + ", ".join(f"{pool} {level}" for pool, level in said.items()) if said else ""
