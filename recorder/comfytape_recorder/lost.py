"""A submission whose answer never came: did it arrive? A job is paid once, so in doubt it is not submitted again.

RunPod has no idempotency key. What it has are counters: ``/health`` before a submission and after it differ by the jobs
that came in between, and all of ours are known but one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UnreachableError
from comfytape_contracts.jobs import jobs_of
from comfytape_contracts.prompts import prompts_of
from comfytape_recorder.runpod import HiccupError

if TYPE_CHECKING:
    import threading

    from comfytape_contracts.wire import Health
    from comfytape_recorder.ledger import Ask, Entry, Ledger
    from comfytape_recorder.runpod import RunPodClient

__all__ = ["claim", "settle", "total"]

LOOKS = 3
"""Times that the counters must agree before a submission is taken not to have arrived."""
PAUSE_S = 1.0
"""Seconds between two looks: counters may lag behind."""


def claim(ledger: Ledger) -> None:
    """Give a submission its job where the answer is in the journal, and only our note of it is missing.

    Submissions are made one at a time, so of a recorder that was killed at most one is without its note.
    """
    open_entries = [entry for entry in ledger.entries.values() if entry.answer_lost and entry.status != "LOST"]
    if len(open_entries) == 1:
        known = {job for entry in ledger.entries.values() for job in entry.jobs}
        kept = list(ledger.recording.exchanges())
        jobs = [job for job in (*jobs_of(kept), *prompts_of(kept)) if job.submitted and not job.is_final]
        unclaimed = [job.id for job in jobs if job.id not in known]
        if len(unclaimed) == 1:
            ledger.mark("submitted", open_entries[0].sample, job=unclaimed[0])


def settle(ledger: Ledger, client: RunPodClient, stop: threading.Event) -> list[Entry]:
    """Find out about every submission without an answer, and mark it in the ledger.

    Found again by its id: "submitted". Certainly not arrived: "not accepted", so it may be submitted again. Else
    "lost"; those are returned.

    Raises:
        UsageError: key or endpoint are refused.
    """
    open_entries = [entry for entry in ledger.entries.values() if entry.answer_lost and entry.status != "LOST"]
    if not open_entries:
        return []
    if not arrived(ledger, open_entries, client, stop):
        for entry in open_entries:
            ledger.mark("not accepted", entry.sample)
        return []
    strangers = unknown_jobs(ledger, client)
    if len(strangers) == len(open_entries):
        for entry, job in zip(open_entries, strangers, strict=True):
            ledger.mark("submitted", entry.sample, job=job)
        return []
    for entry in open_entries:
        ledger.mark("lost", entry.sample)
    return open_entries


def unknown_jobs(ledger: Ledger, client: RunPodClient) -> list[str]:
    """Jobs that the endpoint lists and that are not ours; empty where it does not list any (it is undocumented)."""
    known = {job for entry in ledger.entries.values() for job in entry.jobs}
    try:
        return [job.id for job in client.requests() if job.id not in known]
    except UnreachableError:
        return []


def arrived(ledger: Ledger, entries: list[Entry], client: RunPodClient, stop: threading.Event) -> bool:
    """Whether one of the submissions may have arrived; True also where that cannot be told."""
    expected = expected_total(ledger.recording.marks(), {entry.sample for entry in entries})
    if expected is None:
        return True
    for _ in range(LOOKS):
        try:
            if total(client.health()) != expected:
                return True
        except (HiccupError, UnreachableError):
            return True
        if stop.wait(PAUSE_S):
            return True
    return False


def expected_total(marks: list[dict[str, Any]], samples: set[Ask]) -> int | None:
    """What the endpoint counts if none of these submissions arrived, or None where it was not asked before.

    Whether it counts cancelled jobs is not documented. They are left out here: where it does count them the total is
    higher, which reads as "may have arrived".
    """
    left = [n for n, m in enumerate(marks) if m.get("event") == "submitting" and m.get("sample") in samples]
    last = {marks[n]["sample"]: n for n in left}
    first = min(last.values())
    seen = marks[first].get("seen")
    events = [mark.get("event") for mark in marks[first:]]
    return seen + events.count("submitted") - events.count("withdrawn") if isinstance(seen, int) else None


def total(health: Health) -> int:
    """All jobs that a health document counts."""
    jobs = health.jobs
    return jobs.completed + jobs.failed + jobs.in_progress + jobs.in_queue
