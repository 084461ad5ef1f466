"""The part of a load test that one process makes: jobs submitted, polled, cancelled at the end, all kept in a cassette.

Each job runs in a thread of its own (a greenlet under Locust), never in that of the simulated user: Locust kills its
users wherever they stand, and a submission that was killed between request and answer would leave a paid job that
nobody knows.
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.cost import own_rate
from comfytape_contracts.spending import Spending
from comfytape_recorder.ledger import Ledger
from comfytape_recorder.management import survey
from comfytape_recorder.polling import Pace
from comfytape_recorder.runpod import HiccupError, RunPodClient
from comfytape_recorder.samples import sample_workflow, workflow_of
from comfytape_recorder.target import plane_of
from comfytape_recorder.transport import Transport

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_cassettes import Cassette
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.wire import JobObject
    from comfytape_recorder.target import Target

__all__ = ["LOAD", "MANY", "JobFailedError", "Shard"]

LOAD = "load"
"""The mark that tells the journal of a load test: unlike that of ``comfytape record``, nobody resumes it."""

MANY = 1_000_000
"""Samples of one process: the next one's are counted from there on, so that no two processes submit equal seeds."""
HEALTH_S = 2.0
"""Seconds between two looks at ``/health``."""
ROOM_S = 0.2
"""Seconds between two looks at the budget while it has no room."""
CONNECTIONS = 1000
LAST_WAIT_S = 60.0
"""Seconds that jobs are given at the end to be cancelled."""


class JobFailedError(Exception):
    """A job that did not complete, or that was not accepted."""


class Shard:
    """One process's recording of a load test. Safe to use from several threads."""

    def __init__(self, contract: Contract, target: Target, path: Path, *, index: int = 0, budget_usd: float | None,
                 secrets: tuple[str, ...] = (), management_url: str = "") -> None:  # fmt: skip
        """Begin the recording and ask for health, so that a wrong key or endpoint is known before any user starts.

        ``management_url`` is where prices and cards are asked for at the end; "" asks nobody.

        Raises:
            UsageError: the contract's workflow, the key or the endpoint do not fit, or a budget has no price.
            CassetteError: ``path`` cannot be written, or holds an unfinished recording.
            UnreachableError: nothing answers.
        """
        price = own_rate(contract.model.cost)
        if not target.endpoint:
            raise UsageError("a load test needs a RunPod endpoint", hint="set the variables that the contract names")
        if budget_usd is not None and price is None:
            raise UsageError(
                f"a budget needs a price, and {contract.path} has none", hint="add 'cost: {usd_per_second: 0.00031}'"
            )
        self.contract, self.target, self.management_url = contract, target, management_url
        self.workflow = workflow_of(contract)
        self.numbers = itertools.count(index * MANY)
        self.spending = Spending(price, budget_usd, contract.model.cost.idle_s if contract.model.cost else 0.0)
        self.stop = threading.Event()
        self.running: set[Future[JobObject]] = set()
        self.recording = Recording.start(
            path, plane=plane_of(target), contract=contract.name, source=target.base_url,
            secrets=Secrets.of([value for value in (target.key, *secrets) if value]),
        )  # fmt: skip
        self.recording.mark(event=LOAD)
        self.ledger = Ledger(self.recording)
        self.transport = Transport(self.recording, connections=CONNECTIONS)
        self.client = RunPodClient(self.transport, target.endpoint, target.key, target.base_url)
        self.pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="job")
        try:
            self.look()
        except BaseException:
            self.abandon()
            raise
        self.watcher = threading.Thread(target=self.watch, name="health", daemon=True)
        self.watcher.start()

    def run(self) -> JobObject | None:
        """One job from submission to its end; None when the budget allows no other, or the test is over.

        Raises:
            JobFailedError: it was not accepted, or ended otherwise than COMPLETED.
            UsageError: key, endpoint or input are refused.
        """
        sample = next(self.numbers)
        # A job under way may turn out shorter than the longest so far, and leave room.
        while self.spending.budget == 0 or not self.spending.claim(sample, self.recording.now_ms()):
            if not self.spending.running or self.stop.wait(ROOM_S):
                return None
        if self.stop.is_set():
            return None
        future = self.pool.submit(self.job, sample)
        self.running.add(future)
        future.add_done_callback(self.running.discard)
        said = future.result()
        if said.status != "COMPLETED" and not self.stop.is_set():
            raise JobFailedError(f"{said.status} {said.error or ''}".rstrip()[:300])
        return said

    def job(self, sample: int) -> JobObject:
        """Submit, poll, and cancel when the test is over."""
        try:
            said = self.client.run({"workflow": sample_workflow(self.contract, self.workflow, sample)})
        except (HiccupError, UnreachableError) as error:
            self.spending.refused(sample)
            raise JobFailedError(f"not accepted: {error}") from error
        except UsageError:
            self.spending.refused(sample)
            raise
        self.ledger.mark("submitted", sample, job=said.id)
        said = self.ended(said)
        self.spending.ended(sample, (said.delay_ms or 0.0) + (said.execution_ms or 0.0))
        return said

    def ended(self, said: JobObject) -> JobObject:
        """The job's final state; its cancellation where the test ended first or its time is over."""
        pace, job_id = Pace(), said.id
        deadline = self.recording.now_ms() + self.contract.model.samples.timeout_s * 1000
        delay = pace.after_answer()
        while not self.stop.wait(delay) and self.recording.now_ms() < deadline:
            try:
                now = self.client.status(job_id)
            except HiccupError as hiccup:
                delay = pace.after_hiccup(hiccup.retry_after)
            except UnreachableError:
                delay = pace.after_hiccup(None)
            else:
                if now.is_final:
                    return now
                delay = pace.after_answer() if now.status == said.status else pace.after_change()
                said = now
        return self.cancelled(said)

    def cancelled(self, said: JobObject) -> JobObject:
        """Cancel a job; where it ended just before, its result is fetched."""
        try:
            now = self.client.cancel(said.id)
            return now if now.status == "CANCELLED" else self.client.status(said.id)
        except (HiccupError, UnreachableError):
            return said

    def look(self) -> None:
        """Record ``/health``; what is no health document is on the tape and says enough.

        Raises:
            UsageError: key or endpoint are refused.
            UnreachableError: nothing answers.
        """
        try:
            self.client.health()
        except HiccupError:
            return

    def watch(self) -> None:
        """Record ``/health`` until the test is over."""
        while not self.stop.wait(HEALTH_S):
            try:
                self.look()
            except (UnreachableError, UsageError):
                continue

    def finish(self) -> Cassette:
        """End all jobs, ask for prices, and make the cassette.

        Raises:
            CassetteError: it cannot be written; the journal stays.
        """
        self.stop.set()
        wait(list(self.running), timeout=LAST_WAIT_S)
        self.watcher.join(HEALTH_S)
        if self.management_url:
            survey(self.recording, self.target.endpoint, self.target.key, self.management_url)
        try:
            return self.recording.finish(samples=self.ledger.samples())
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of threads, connections and the journal, which stays where the recording was not finished."""
        self.stop.set()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.transport.close()
        self.recording.close()
