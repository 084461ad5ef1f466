"""Jobs that clients started here: each plays one recorded job under an id of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from comfytape_replayer.timeline import QUEUED, State, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_replayer.clock import Clock
    from comfytape_replayer.recorded import Submission
    from comfytape_replayer.scenarios import Cast

__all__ = ["Instance", "Instances", "fresh_id"]

KEPT = 20_000
"""Instances kept; the oldest that have ended are forgotten first, as RunPod forgets results."""

RETENTION_MS = 30 * 60_000.0
SYNC_RETENTION_MS = 60_000.0
"""How long a result can be asked for after its job has ended: /run and /runsync (docs.runpod.io, send requests)."""


class Instance:
    """One job of one client. ``instant``: each poll shows one recorded state more; else the clock decides."""

    __slots__ = (
        "attempt", "cast", "clock", "cursor", "endpoint", "expires_ms", "forced", "id", "id_bytes", "number",
        "started_ms", "submission", "sync", "timeline",
    )  # fmt: skip

    def __init__(
        self, job_id: str, submission: Submission, timeline: Timeline, clock: Clock, *, endpoint: str = "",
        sync: bool = False, ttl_ms: float | None = None, cast: Cast | None = None,
    ) -> None:  # fmt: skip
        self.id = job_id
        self.id_bytes = job_id.encode()
        self.endpoint = endpoint
        self.submission = submission
        self.timeline = timeline
        self.clock = clock
        self.cast = cast
        self.cursor = 0
        self.attempt = 1
        self.number = 0
        self.forced: State | None = None
        self.sync = sync
        self.started_ms = clock.now_ms()
        self.expires_ms = ttl_ms

    def now(self) -> State:
        """The state it is in, without moving it."""
        if self.forced is not None:
            return self.forced
        if not self.clock.instant:
            elapsed = self.elapsed_ms()
            while self.cursor + 1 < len(self.timeline) and self.timeline[self.cursor + 1].at_ms <= elapsed:
                self.cursor += 1
        return self.timeline[self.cursor]

    def poll(self) -> State:
        """The state that a client who asks now sees."""
        if self.forced is not None or self.clock.factor is not None:
            return self.now()
        timeline = self.timeline
        if self.cursor + 1 < len(timeline):
            self.cursor += 1
        return timeline[self.cursor]

    def peek(self) -> State:
        """The state that ``poll`` would show."""
        if self.forced is None and self.clock.instant and self.cursor + 1 < len(self.timeline):
            return self.timeline[self.cursor + 1]
        return self.now()

    def finish(self) -> State:
        """The last state, for a client that waits for it."""
        if self.forced is None and self.clock.instant:
            self.cursor = len(self.timeline) - 1
        return self.now()

    def remaining_ms(self) -> float:
        """Virtual time until the last state; 0 once it is reached."""
        if self.forced is not None or self.clock.instant:
            return 0.0
        return max(self.timeline[-1].at_ms - self.elapsed_ms(), 0.0)

    def elapsed_ms(self) -> float:
        """Virtual time since it was submitted."""
        return self.clock.now_ms() - self.started_ms

    def force(self, state: State) -> None:
        """Put it into a state for good, as a cancellation does."""
        self.forced = state

    def restart(self, timeline: Timeline) -> None:
        """Begin again under the same id, as ``/retry`` does."""
        self.timeline, self.cursor, self.forced = timeline, 0, None
        self.attempt += 1
        self.started_ms = self.clock.now_ms()

    def is_expired(self) -> bool:
        """Whether its result is no longer kept; never where the speed is ``instant``."""
        if self.clock.factor is None:
            return False
        elapsed = self.elapsed_ms()
        if self.expires_ms is not None and elapsed > self.expires_ms:
            return True
        state = self.now()
        kept = SYNC_RETENTION_MS if self.sync else RETENTION_MS
        return state.is_final and self.forced is None and elapsed > state.at_ms + kept


class Instances:
    """All instances, by id. Two jobs never share one, however equal their workflows are."""

    def __init__(self) -> None:
        self.by_id: dict[str, Instance] = {}
        self.count = 0

    def add(self, instance: Instance) -> None:
        """Keep a new instance; forget the oldest one that has ended when there are too many."""
        self.count += 1
        instance.number = self.count
        self.by_id[instance.id] = instance
        if len(self.by_id) > KEPT:
            ended = next((old for old in self.by_id.values() if old.now().is_final), None)
            oldest = ended or next(iter(self.by_id.values()))
            del self.by_id[oldest.id]

    def find(self, job_id: str) -> Instance | None:
        """The instance of that id, or None where it is unknown or expired."""
        found = self.by_id.get(job_id)
        if found is None or not found.is_expired():
            return found
        del self.by_id[job_id]
        return None

    def of(self, endpoint: str) -> Iterator[Instance]:
        """All instances of an endpoint, in order of submission."""
        return (instance for instance in self.by_id.values() if instance.endpoint == endpoint)

    def queued(self, endpoint: str) -> list[Instance]:
        """Those that wait in the queue."""
        return [instance for instance in self.of(endpoint) if instance.now().status == QUEUED]


def fresh_id(recorded: str, *, sync: bool = False) -> str:
    """A new job id of the right form: a UUID with the recorded suffix (``-u1``); ``sync-`` before that of /runsync."""
    tail = recorded.removeprefix("sync-")[36:]
    return f"{'sync-' if sync else ''}{uuid.uuid4()}{tail}"
