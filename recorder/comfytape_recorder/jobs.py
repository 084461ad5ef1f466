"""Running one sample to its end: submit once, poll through every hiccup, give up at the time limit and cancel."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_cassettes import CassetteError, UnreachableError, UsageError
from comfytape_contracts.jobs import said_by
from comfytape_recorder.elsewhere import fetch_elsewhere
from comfytape_recorder.ledger import label_of
from comfytape_recorder.lost import settle, total
from comfytape_recorder.polling import Pace
from comfytape_recorder.runpod import HiccupError, InputRefusedError
from comfytape_recorder.transport import NotConnectedError, UnkeptError

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from comfytape_contracts.spending import Spending
    from comfytape_contracts.wire import JobObject
    from comfytape_recorder.comfyui import ComfyUIClient
    from comfytape_recorder.ledger import Ask, Ledger
    from comfytape_recorder.runpod import RunPodClient

__all__ = ["ComfyUIJobs", "Jobs", "Progress", "RunPodJobs", "Shared", "lost_words"]

SUBMIT_TRIES = 6
NOT_ACCEPTED = frozenset({429, 503})
"""Statuses after which a submission certainly left no job behind."""
GONE_AFTER = 3
"""404s in a row after which a job that was known is taken to have expired."""


class Progress(Protocol):
    """Who is told how the recording goes; called from several threads."""

    def job(self, sample: Ask, status: str, elapsed_s: float, spent_usd: float) -> None:
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
    timeouts: dict[Ask, float] = field(default_factory=dict)

    def limit_s(self, sample: Ask) -> float:
        """Seconds after which a job that did not end is cancelled."""
        return self.timeouts.get(sample, self.timeout_s)

    def tell(self, sample: Ask, status: str) -> None:
        """Note and report a sample's state."""
        entry = self.ledger.entry(sample)
        if entry.job is not None and not self.ledger.is_done(entry):
            entry.status = status
        now = self.ledger.recording.now_ms()
        started = self.ledger.entry(sample).started_ms
        self.progress.job(sample, status, (now - started) / 1000 if started else 0.0, self.spending.usd(now))


class Jobs(Protocol):
    """A way to run samples."""

    def run(self, sample: Ask, job_input: Mapping[str, Any]) -> None:
        """Run a sample (or a case's run) to its end, or resume waiting for it when the ledger knows its job."""

    def cancel(self, sample: Ask) -> None:
        """Cancel the sample's job if it has not ended."""


@dataclass(frozen=True)
class RunPodJobs:
    """Samples as jobs of a queue endpoint."""

    client: RunPodClient
    shared: Shared
    health: threading.Lock
    submitting: threading.Lock

    def run(self, sample: Ask, job_input: Mapping[str, Any]) -> None:
        """See ``Jobs.run``."""
        ledger = self.shared.ledger
        job_id = ledger.entry(sample).job
        resumed = job_id is not None
        ledger.entry(sample).started_ms = ledger.recording.now_ms()
        if job_id is None:
            with self.submitting:
                job_id = None if self.shared.stop.is_set() else self.submit(sample, job_input)
            if job_id is None:
                return
        self.shared.spending.started(sample, ledger.recording.now_ms())
        last = self.wait(sample, job_id)
        if last is None:
            return
        if resumed and last.status == "CANCELLED":
            # Cancelled when the recorder stopped, on a disk that did not take the note: it brought nothing.
            ledger.mark("withdrawn", sample, job=job_id)
            self.run(sample, job_input)
            return
        fetch_elsewhere(self.client, last)
        billed = (last.delay_ms or 0.0) + (last.execution_ms or 0.0)
        self.shared.spending.ended(sample, billed)
        ledger.mark("ended", sample, job=job_id, status=last.status)
        self.shared.tell(sample, last.status)

    def submit(self, sample: Ask, job_input: Mapping[str, Any]) -> str | None:
        """Submit once, one sample at a time; None when it was not accepted or its job is lost.

        Only what certainly left no job behind (no connection, 429, 503, or counters that did not move) leads to another
        try.

        Raises:
            UsageError: key, endpoint or input are refused.
        """
        ledger, pace = self.shared.ledger, Pace()
        for _ in range(SUBMIT_TRIES):
            ledger.mark("submitting", sample, seen=self.counted())
            try:
                said = self.client.run(job_input)
            except UsageError:
                ledger.mark("not accepted", sample)
                raise
            except UnkeptError as error:
                # The job runs: it must be known to be cancelled, though no disk holds its id.
                if (said_now := said_by(error.exchange)) is not None:
                    ledger.entry(sample).jobs.append(said_now.id)
                raise
            except (HiccupError, UnreachableError) as error:
                ledger.entry(sample).note = str(error)
                if not self.may_try_again(sample, error):
                    return ledger.entry(sample).job
                asked_to_wait = error.retry_after if isinstance(error, HiccupError) else None
                self.shared.tell(sample, "REFUSED, TRYING AGAIN")
                if self.shared.stop.wait(pace.after_hiccup(asked_to_wait)):
                    return None
                continue
            ledger.entry(sample).note = ""
            ledger.mark("submitted", sample, job=said.id)
            self.shared.tell(sample, said.status)
            return said.id
        ledger.entry(sample).note = f"not accepted in {SUBMIT_TRIES} tries: {ledger.entry(sample).note}"
        return None

    def may_try_again(self, sample: Ask, error: HiccupError | UnreachableError) -> bool:
        """Whether a submission that went wrong certainly left no job behind; the ledger knows afterwards."""
        ledger = self.shared.ledger
        if isinstance(error, NotConnectedError) or (isinstance(error, HiccupError) and error.status in NOT_ACCEPTED):
            ledger.mark("not accepted", sample)
            return True
        for entry in settle(ledger, self.client, self.shared.stop):
            self.shared.progress.say(lost_words(entry.sample))
        entry = ledger.entry(sample)
        return entry.job is None and entry.status != "LOST"

    def counted(self) -> int | None:
        """How many jobs the endpoint counts now, or None where it does not say."""
        try:
            return total(self.client.health())
        except (HiccupError, UnreachableError):
            return None

    def wait(self, sample: Ask, job_id: str) -> JobObject | None:
        """Poll until the job's final state, or None when it expired or the recording was stopped."""
        pace, missing, last = Pace(), 0, ""
        deadline = self.shared.ledger.recording.now_ms() + self.shared.limit_s(sample) * 1000
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
                delay = min(pace.after_hiccup(hiccup.retry_after), self.left_s(deadline))
                continue
            except UnreachableError:
                delay = min(pace.after_hiccup(None), self.left_s(deadline))
                continue
            missing = 0
            if said.is_final:
                return None if self.shared.ledger.entry(sample).job != job_id else said
            self.look_at_health()
            delay = pace.after_answer() if said.status == last else pace.after_change()
            last = said.status
            self.shared.tell(sample, last)
        return None

    def left_s(self, deadline: float) -> float:
        """Seconds until the job's time is over."""
        return max((deadline - self.shared.ledger.recording.now_ms()) / 1000, 0.0) + 0.01

    def look_at_health(self) -> None:
        """Record ``/health`` beside the polls, one at a time; that it fails now and then does not matter."""
        if self.health.acquire(blocking=False):
            try:
                self.client.health()
            except (HiccupError, UnreachableError):
                pass
            finally:
                self.health.release()

    def give_up(self, sample: Ask, job_id: str) -> JobObject | None:
        """Cancel a job that did not end in time: it would go on costing."""
        self.shared.progress.say(
            f"{label_of(sample)}: no end after {self.shared.limit_s(sample):g} s; cancelling job {job_id}"
        )
        try:
            said = self.client.cancel(job_id)
            if said.is_final and said.status != "CANCELLED":
                # It had ended, while nobody could be asked: /cancel names the state, /status has the result.
                return self.client.status(job_id)
        except (HiccupError, UnreachableError) as error:
            self.shared.ledger.entry(sample).note = f"no answer when it was given up: {error}"
            said = None
        self.shared.spending.ended(sample, self.shared.limit_s(sample) * 1000)
        # Not withdrawn: that it did not end in time is what this sample shows.
        self.shared.ledger.mark("ended", sample, job=job_id, status=said.status if said else "TIMED_OUT")
        self.shared.tell(sample, self.shared.ledger.entry(sample).status)
        return None

    def expired(self, sample: Ask, job_id: str) -> JobObject | None:
        """A job that the endpoint no longer knows: its result is gone (30 minutes after completion, or its TTL)."""
        self.shared.progress.say(f"{label_of(sample)}: job {job_id} is not known any more; its result has expired")
        self.shared.ledger.mark("ended", sample, job=job_id, status="EXPIRED")
        self.shared.spending.ended(sample, 0.0)
        return None

    def cancel(self, sample: Ask) -> None:
        """See ``Jobs.cancel``."""
        job_id = self.shared.ledger.entry(sample).job
        if job_id is None or self.shared.ledger.is_done(self.shared.ledger.entry(sample)):
            return
        try:
            said = self.client.cancel(job_id)
            if said.status == "CANCELLED":
                self.shared.ledger.mark("withdrawn", sample, job=job_id)
                self.shared.spending.withdrawn(sample, self.shared.ledger.recording.now_ms())
        except CassetteError as error:
            # It was asked for, but cannot be written down: the other jobs are to be cancelled all the same.
            self.shared.ledger.entry(sample).note = f"cancelled, but {error}"
        except (HiccupError, UnreachableError, UsageError) as error:
            self.shared.ledger.entry(sample).note = f"could not be cancelled: {error}"
        else:
            self.shared.tell(sample, said.status)


@dataclass(frozen=True)
class ComfyUIJobs:
    """Samples as prompts of a ComfyUI without RunPod."""

    client: ComfyUIClient
    shared: Shared
    submitting: threading.Lock

    def run(self, sample: Ask, job_input: Mapping[str, Any]) -> None:
        """See ``Jobs.run``."""
        ledger, pace = self.shared.ledger, Pace(longest=2.0)
        entry = ledger.entry(sample)
        entry.started_ms = ledger.recording.now_ms()
        prompt_id = entry.job
        if prompt_id is None:
            with self.submitting:
                ledger.mark("submitting", sample)
                try:
                    for name, data in images_in(job_input):
                        self.client.upload(name, data)
                    prompt_id = self.client.submit(job_input["workflow"])
                except UsageError:
                    ledger.mark("not accepted", sample)
                    raise
                ledger.mark("submitted", sample, job=prompt_id)
        self.shared.spending.started(sample, ledger.recording.now_ms())
        status = self.ended_as(sample, prompt_id, pace)
        if status:
            self.shared.spending.ended(sample, ledger.recording.now_ms() - entry.started_ms)
            ledger.mark("ended", sample, job=prompt_id, status=status)
            self.shared.tell(sample, status)

    def ended_as(self, sample: Ask, prompt_id: str, pace: Pace) -> str:
        """Wait for the prompt's end and fetch its images; "" when the recording was stopped."""
        deadline = self.shared.ledger.recording.now_ms() + self.shared.limit_s(sample) * 1000
        while not self.shared.stop.wait(pace.after_answer()):
            try:
                found = self.client.history(prompt_id)
                if found is not None:
                    self.client.fetch_images(found)
                    status = found.get("status")
                    good = isinstance(status, dict) and status.get("status_str") == "success"
                    return "COMPLETED" if good else "FAILED"
            except UnreachableError:
                self.shared.tell(sample, "NO ANSWER, TRYING AGAIN")
            else:
                self.shared.tell(sample, "IN_PROGRESS")
            if self.shared.ledger.recording.now_ms() > deadline:
                self.shared.progress.say(
                    f"{label_of(sample)}: no end after {self.shared.limit_s(sample):g} s; interrupting it"
                )
                self.client.interrupt(prompt_id)
                return "TIMED_OUT"
        return ""

    def cancel(self, sample: Ask) -> None:
        """See ``Jobs.cancel``."""
        entry = self.shared.ledger.entry(sample)
        if entry.job is not None and not self.shared.ledger.is_done(entry):
            self.client.interrupt(entry.job)
            self.shared.spending.withdrawn(sample, self.shared.ledger.recording.now_ms())
            self.shared.ledger.mark("withdrawn", sample, job=entry.job)


def images_in(job_input: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The input images of a job as worker-comfyui reads them: name and base64, with or without a data-URI prefix.

    Raises:
        InputRefusedError: they are something else.
    """
    images = job_input.get("images")
    for image in images if isinstance(images, list) else ():
        try:
            text = image["image"]
            yield str(image["name"]), base64.b64decode(text.partition(",")[2] or text, validate=True)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputRefusedError("'images' must be a list of objects with name and image, in base64") from error


def lost_words(sample: Ask) -> str:
    """What to say of a submission whose job id was never received."""
    return (
        f"{label_of(sample)}: it was submitted, but its job id was not received. It is not submitted again, for that "
        "could pay twice; look for it in RunPod's console."
    )
