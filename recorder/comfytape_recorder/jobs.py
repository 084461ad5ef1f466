"""Running one sample to its end: submit once, poll through every hiccup, give up at the time limit and cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_recorder.polling import Pace
from comfytape_recorder.runpod import HiccupError

if TYPE_CHECKING:
    import threading

    from comfytape_contracts.wire import JobObject
    from comfytape_recorder.comfyui import ComfyUIClient
    from comfytape_recorder.ledger import Ledger
    from comfytape_recorder.runpod import RunPodClient
    from comfytape_recorder.spending import Spending

__all__ = ["ComfyUIJobs", "Jobs", "Progress", "RunPodJobs", "Shared"]

SUBMIT_TRIES = 6
GONE_AFTER = 3
"""404s in a row after which a job that was known is taken to have expired."""


class Progress(Protocol):
    """Who is told how the recording goes; called from several threads."""

    def job(self, sample: int, status: str, elapsed_s: float, spent_usd: float) -> None:
        """A sample's state, its age in seconds, and the spending of all samples so far."""

    def say(self, text: str) -> None:
        """Something worth a line."""


@dataclass(frozen=True)
class Shared:
    """What all samples of one recording share."""

    ledger: Ledger
    spending: Spending
    progress: Progress
    stop: threading.Event
    timeout_s: float

    def tell(self, sample: int, status: str) -> None:
        """Report a sample's state."""
        now = self.ledger.recording.now_ms()
        started = self.ledger.entry(sample).started_ms
        self.progress.job(sample, status, (now - started) / 1000 if started else 0.0, self.spending.usd(now))


class Jobs(Protocol):
    """A way to run samples."""

    def run(self, sample: int, workflow: dict[str, Any]) -> None:
        """Run a sample to its end, or resume waiting for it when the ledger knows its job."""

    def cancel(self, sample: int) -> None:
        """Cancel the sample's job if it runs."""


@dataclass(frozen=True)
class RunPodJobs:
    """Samples as jobs of a queue endpoint."""

    client: RunPodClient
    shared: Shared
    health: threading.Lock

    def run(self, sample: int, workflow: dict[str, Any]) -> None:
        """See ``Jobs.run``."""
        ledger = self.shared.ledger
        job_id = ledger.entry(sample).job
        ledger.entry(sample).started_ms = ledger.recording.now_ms()
        if job_id is None:
            job_id = self.submit(sample, workflow)
            if job_id is None:
                return
        self.shared.spending.started(sample, ledger.recording.now_ms())
        last = self.wait(sample, job_id)
        if last is None:
            return
        billed = (last.delay_ms or 0.0) + (last.execution_ms or 0.0)
        self.shared.spending.ended(sample, billed)
        ledger.mark("ended", sample, job=job_id, status=last.status)
        self.shared.tell(sample, last.status)

    def submit(self, sample: int, workflow: dict[str, Any]) -> str | None:
        """Submit once. Only an answer that says "not accepted" (429, 5xx) leads to another try.

        Raises:
            UnreachableError: the answer was lost; the job may run, so it is not submitted again.
            UsageError: key, endpoint or input are refused.
        """
        ledger, pace = self.shared.ledger, Pace()
        for _ in range(SUBMIT_TRIES):
            self.look_at_health()
            ledger.mark("submitting", sample)
            try:
                said = self.client.run({"workflow": workflow})
            except HiccupError as hiccup:
                ledger.mark("not accepted", sample)
                self.shared.tell(sample, "REFUSED, TRYING AGAIN")
                if self.shared.stop.wait(pace.after_hiccup(hiccup.retry_after)):
                    return None
                continue
            except UsageError:
                ledger.mark("not accepted", sample)
                raise
            ledger.mark("submitted", sample, job=said.id)
            self.shared.tell(sample, said.status)
            return said.id
        ledger.entry(sample).note = f"not accepted in {SUBMIT_TRIES} tries"
        return None

    def wait(self, sample: int, job_id: str) -> JobObject | None:
        """Poll until the job's final state, or None when it expired or the recording was stopped."""
        pace, missing, last = Pace(), 0, ""
        deadline = self.shared.ledger.recording.now_ms() + self.shared.timeout_s * 1000
        delay = pace.after_answer()
        while not self.shared.stop.wait(delay):
            if self.shared.ledger.recording.now_ms() > deadline:
                return self.give_up(sample, job_id)
            try:
                said = self.client.status(job_id)
            except HiccupError as hiccup:
                missing = missing + 1 if " 404 " in f" {hiccup} " else 0
                if missing >= GONE_AFTER:
                    return self.expired(sample, job_id)
                self.shared.tell(sample, last or "IN_QUEUE")
                delay = pace.after_hiccup(hiccup.retry_after)
                continue
            except UnreachableError:
                delay = pace.after_hiccup(None)
                continue
            missing = 0
            if said.is_final:
                return said
            self.look_at_health()
            delay = pace.after_answer() if said.status == last else pace.after_change()
            last = said.status
            self.shared.tell(sample, last)
        return None

    def look_at_health(self) -> None:
        """Record ``/health`` beside the polls, one at a time; that it fails now and then does not matter."""
        if self.health.acquire(blocking=False):
            try:
                self.client.health()
            except (HiccupError, UnreachableError):
                pass
            finally:
                self.health.release()

    def give_up(self, sample: int, job_id: str) -> JobObject | None:
        """Cancel a job that did not end in time: it would go on costing."""
        self.shared.progress.say(
            f"sample {sample + 1}: no end after {self.shared.timeout_s:g} s; cancelling job {job_id}"
        )
        self.cancel(sample)
        self.shared.ledger.mark("ended", sample, job=job_id, status="CANCELLED")
        self.shared.spending.ended(sample, self.shared.timeout_s * 1000)
        return None

    def expired(self, sample: int, job_id: str) -> JobObject | None:
        """A job that the endpoint no longer knows: its result is gone (30 minutes after completion, or its TTL)."""
        self.shared.progress.say(f"sample {sample + 1}: job {job_id} is not known any more; its result has expired")
        self.shared.ledger.mark("ended", sample, job=job_id, status="EXPIRED")
        return None

    def cancel(self, sample: int) -> None:
        """See ``Jobs.cancel``."""
        job_id = self.shared.ledger.entry(sample).job
        if job_id is None or self.shared.ledger.is_done(self.shared.ledger.entry(sample)):
            return
        try:
            said = self.client.cancel(job_id)
        except (HiccupError, UnreachableError, UsageError) as error:
            self.shared.ledger.entry(sample).note = f"could not be cancelled: {error}"
            return
        if said.status == "CANCELLED":
            self.shared.ledger.mark("withdrawn", sample, job=job_id)
        self.shared.tell(sample, said.status)


@dataclass(frozen=True)
class ComfyUIJobs:
    """Samples as prompts of a ComfyUI without RunPod."""

    client: ComfyUIClient
    shared: Shared

    def run(self, sample: int, workflow: dict[str, Any]) -> None:
        """See ``Jobs.run``."""
        ledger, pace = self.shared.ledger, Pace(longest=2.0)
        entry = ledger.entry(sample)
        entry.started_ms = ledger.recording.now_ms()
        prompt_id = entry.job
        if prompt_id is None:
            ledger.mark("submitting", sample)
            try:
                prompt_id = self.client.submit(workflow)
            except UsageError:
                ledger.mark("not accepted", sample)
                raise
            ledger.mark("submitted", sample, job=prompt_id)
        deadline = ledger.recording.now_ms() + self.shared.timeout_s * 1000
        while not self.shared.stop.wait(pace.after_answer()):
            try:
                found = self.client.history(prompt_id)
            except UnreachableError:
                continue
            if found is not None:
                self.client.fetch_images(found)
                status = "COMPLETED" if (found.get("status") or {}).get("status_str") == "success" else "FAILED"
                ledger.mark("ended", sample, job=prompt_id, status=status)
                self.shared.tell(sample, status)
                return
            self.shared.tell(sample, "IN_PROGRESS")
            if ledger.recording.now_ms() > deadline:
                self.cancel(sample)
                return

    def cancel(self, sample: int) -> None:
        """See ``Jobs.cancel``."""
        entry = self.shared.ledger.entry(sample)
        if entry.job is not None and not self.shared.ledger.is_done(entry):
            self.client.interrupt(entry.job)
            self.shared.ledger.mark("withdrawn", sample, job=entry.job)
