"""Recording a contract: probes first, then samples, then the cassette."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import ComfytapeError, UsageError
from comfytape_cassettes.journal import JOURNAL
from comfytape_cassettes.recording import Recording, begun_as
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.cost import own_rate
from comfytape_contracts.jobs import jobs_of
from comfytape_contracts.routes import route_of
from comfytape_contracts.spending import Spending
from comfytape_contracts.tape import Tape
from comfytape_recorder.comfyui import ComfyUIClient, json_of
from comfytape_recorder.jobs import ComfyUIJobs, Jobs, Progress, RunPodJobs, Shared, lost_words
from comfytape_recorder.ledger import Ledger, label_of
from comfytape_recorder.lost import claim, settle
from comfytape_recorder.management import survey
from comfytape_recorder.plan import Plan, chosen_cases, plan_of
from comfytape_recorder.runpod import HiccupError, InputRefusedError, RunPodClient
from comfytape_recorder.samples import workflow_of
from comfytape_recorder.target import plane_of
from comfytape_recorder.transport import Transport
from comfytape_recorder.volume import list_volume, volume_secrets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from comfytape_cassettes import Cassette, Exchange, Failure
    from comfytape_contracts.contract import Contract
    from comfytape_recorder.ledger import Ask, Entry
    from comfytape_recorder.target import Target

__all__ = ["Options", "Outcome", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to record. ``budget_usd`` needs a price in the contract; ``secrets`` are further values never to keep.

    ``cases`` are the names of the contract's cases to submit; None stands for all of them.

    ``management_url`` is where prices and configuration are asked for when the jobs are done; "" asks nobody.
    """

    samples: int
    cases: tuple[str, ...] | None = None
    concurrency: int = 1
    budget_usd: float | None = None
    resume: bool = False
    scoped: bool = False
    secrets: tuple[str, ...] = ()
    management_url: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a recording ended.

    ``cassette`` is None when it was cut off and waits to be resumed; ``stopped`` says why no more was submitted;
    ``entries`` is every sample with its job and last known state.
    """

    cassette: Cassette | None
    entries: tuple[Entry, ...]
    spent_usd: float
    stopped: str = ""


@dataclass
class Run:
    """One run of the recorder."""

    contract: Contract
    options: Options
    jobs: Jobs
    shared: Shared
    plan: Plan
    transport: Transport
    stopped: str = ""
    problems: list[Exception] = field(default_factory=list)

    def submit_all(self) -> None:
        """Run all open samples and cases, ``concurrency`` at a time, until done, stopped or out of budget.

        Raises:
            KeyboardInterrupt: Ctrl-C; the caller cancels what runs.
        """
        todo = self.shared.ledger.open_asks(self.plan.asks)
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="sample") as pool:
            try:
                while todo or running:
                    if self.stopped or self.problems:
                        todo.clear()
                    while todo and len(running) < self.options.concurrency and self.may_start(todo[0]):
                        running.add(pool.submit(self.sample, todo.pop(0)))
                    if not running:
                        # A budget that does not allow the next job, and nothing running that could make room.
                        break
                    done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                    self.watch_budget()
            except BaseException:
                # The pool waits for its threads: let them come back, and wait here where Ctrl-C can still cut in.
                self.shared.stop.set()
                self.let_threads_return(running)
                raise
        if todo and not self.stopped:
            self.stopped = "the budget does not allow another job"

    def let_threads_return(self, running: set[Future[None]]) -> None:
        """Cancel what is known to run, then wait for the threads; a second Ctrl-C ends their requests."""
        try:
            if running:
                self.shared.progress.say(
                    "stopping: cancelling the jobs that were started (Ctrl-C again leaves them running)"
                )
                self.cancel_all()
            wait(running)
        except KeyboardInterrupt:
            self.transport.abort()
            raise

    def may_start(self, sample: Ask) -> bool:
        """A job that is already paid for may always be waited for; a new one must fit the budget."""
        if self.shared.ledger.entry(sample).job is not None:
            return True
        return self.shared.spending.allows_another(self.shared.ledger.recording.now_ms())

    def sample(self, sample: Ask) -> None:
        """Run one sample, or a case's run, in a thread; what goes wrong is kept for the main thread."""
        if self.shared.stop.is_set():
            return
        entry = self.shared.ledger.entry(sample)
        if entry.job is None:
            entry.case = self.plan.facts_of(sample)
        try:
            self.jobs.run(sample, self.plan.input_of(sample))
        except InputRefusedError as error:
            entry.note = str(error)
            if isinstance(sample, int):
                self.problems.append(error)
            else:
                # That is how this case ended; whether it should have is for the check to say.
                self.shared.ledger.mark("ended", sample, status="REFUSED")
                self.shared.tell(sample, "REFUSED")
        except ComfytapeError as error:
            self.problems.append(error)
            entry.note = str(error)

    def watch_budget(self) -> None:
        """Cancel what waits in the queue once the budget is spent; what executes is nearly paid for already."""
        now = self.shared.ledger.recording.now_ms()
        if not self.stopped and self.shared.spending.is_exceeded(now):
            self.stopped = f"the budget of {self.options.budget_usd:g} USD is spent"
            for entry in list(self.shared.ledger.entries.values()):
                if entry.is_queued:
                    self.jobs.cancel(entry.sample)

    def cancel_all(self) -> None:
        """Cancel everything that was started and has not ended."""
        for entry in list(self.shared.ledger.entries.values()):
            self.jobs.cancel(entry.sample)


def record(contract: Contract, target: Target, path: Path, options: Options, progress: Progress) -> Outcome:
    """Record a contract into the cassette folder ``path``.

    Raises:
        UsageError: the contract's workflow, the budget or the target do not fit; nothing was started.
        CassetteError: the folder cannot be written, or holds an unfinished recording (``--resume``).
        UnreachableError: the endpoint does not answer; what was received is kept for ``--resume``.
    """
    workflow = workflow_of(contract)
    chosen_cases(contract, options.cases)
    price = own_rate(contract.model.cost)
    if options.budget_usd is not None and price is None:
        raise UsageError(
            f"--budget needs a price, and {contract.path} has none",
            hint="add 'cost: {usd_per_second: 0.00031}' (RunPod's price for your GPU, per second)",
        )
    hidden = (target.key, *options.secrets, *volume_secrets(contract.model.volume))
    secrets = Secrets.of([value for value in hidden if value])
    # A recorder that was killed before its first line has nothing to resume and paid for nothing.
    if options.resume and not is_blank(path):
        recording = Recording.resume(path, secrets=secrets)
    else:
        where = " and ".join(url for url in (target.base_url if target.endpoint else "", target.comfyui_url) if url)
        recording = Recording.start(
            path, plane=plane_of(target), secrets=secrets, source=where, contract=contract.name, notes=options.notes
        )
    transport = Transport(recording)
    try:
        shared = Shared(
            Ledger(recording),
            Spending(price, options.budget_usd),
            progress,
            threading.Event(),
            contract.model.samples.timeout_s,
        )
        count_earlier_spending(shared)
        run = Run(
            contract,
            options,
            jobs_for(target, transport, shared),
            shared,
            Plan(contract, workflow, options.samples, {}),
            transport,
        )
        return carry_out(run, target, transport)
    except ComfytapeError:
        if not any(mark.get("event") == "submitting" for mark in recording.marks()):
            # Nothing was paid for, so nothing needs resuming: the next run starts anew.
            recording.discard()
        raise
    finally:
        transport.close()
        recording.close()


def is_blank(path: Path) -> bool:
    """Whether a journal is there that has no first line yet."""
    return (path / JOURNAL).is_file() and begun_as(path / JOURNAL) is None


def count_earlier_spending(shared: Shared) -> None:
    """A resumed recording goes on with the budget that is left."""
    for job in jobs_of(shared.ledger.recording.exchanges()):
        if job.is_final and job.last is not None:
            shared.spending.before((job.last.delay_ms or 0.0) + (job.last.execution_ms or 0.0))


def jobs_for(target: Target, transport: Transport, shared: Shared) -> Jobs:
    """RunPod where an endpoint is named, else the ComfyUI itself."""
    if target.endpoint:
        return RunPodJobs(
            RunPodClient(transport, target.endpoint, target.key, target.base_url),
            shared,
            threading.Lock(),
            threading.Lock(),
        )
    return ComfyUIJobs(ComfyUIClient(transport, target.comfyui_url), shared, threading.Lock())


def carry_out(run: Run, target: Target, transport: Transport) -> Outcome:
    """Probe, submit, finish; on Ctrl-C cancel what was started and keep what was received."""
    ledger, spending = run.shared.ledger, run.shared.spending
    recording = ledger.recording
    try:
        probe(run, target, transport)
        settle_lost_answers(run, target, transport)
        plan_cases(run, target)
        run.submit_all()
    except KeyboardInterrupt:
        run.cancel_all()
        return Outcome(None, entries_of(run), spending.usd(recording.now_ms()), "interrupted")
    if run.problems:
        run.cancel_all()
        raise run.problems[0]
    if (
        target.endpoint
        and run.options.management_url
        and not survey(recording, target.endpoint, target.key, run.options.management_url)
    ):
        run.shared.progress.say("the management API did not answer: the recording holds no prices")
    dropped = {job for entry in ledger.entries.values() for job in entry.withdrawn if entry.job}
    cassette = recording.finish(samples=ledger.samples(), versions=versions_of(recording), keep=of_other_jobs(dropped))
    return Outcome(cassette, entries_of(run), spending.usd(recording.now_ms()), run.stopped)


def entries_of(run: Run) -> tuple[Entry, ...]:
    """Every sample, in order."""
    return tuple(run.shared.ledger.ordered())


def plan_cases(run: Run, target: Target) -> None:
    """Add the cases, now that the inventory is known that tells prompts and sizes in a workflow.

    Raises:
        UsageError: a case cannot be submitted.
    """
    if not run.contract.model.cases and not run.contract.model.suite:
        return
    said = Tape(Received(tuple(run.shared.ledger.recording.exchanges())))
    plan = plan_of(run.contract, run.plan.workflow, run.options.samples, run.options.cases, said.inventory)
    if not target.endpoint:
        raw = [key for key, case in plan.runs.items() if case.workflow is None]
        for key in raw:
            run.shared.progress.say(f"{label_of(key)}: not submitted: a ComfyUI takes workflows alone")
        plan = replace(plan, runs={key: case for key, case in plan.runs.items() if key not in raw})
    run.plan = plan
    run.shared.timeouts.update(plan.timeouts)


@dataclass(frozen=True, slots=True)
class Received:
    """What a recording in progress holds, as a tape is read."""

    exchanges: tuple[Exchange, ...]
    failures: tuple[Failure, ...] = ()


def probe(run: Run, target: Target, transport: Transport) -> None:
    """Health and inventory, before any job is paid for. A resumed recording that has them asks no more.

    Raises:
        UsageError: key or endpoint are refused.
        UnreachableError: nothing answers.
    """
    recording = run.shared.ledger.recording
    if any(mark.get("event") == "probed" for mark in recording.marks()):
        return
    if target.endpoint:
        client = RunPodClient(transport, target.endpoint, target.key, target.base_url)
        ask(client.health, run)
    if target.comfyui_url:
        run.shared.progress.say(f"asking {target.comfyui_url} what it has")
        classes = sorted({node["class_type"] for node in run.plan.workflow.values()}) if run.options.scoped else None
        folders = {file.folder for file in run.contract.model.models}
        silent = ComfyUIClient(transport, target.comfyui_url).probe(folders, classes)
        if silent:
            run.shared.progress.say(f"{target.comfyui_url} did not answer as a ComfyUI does to: {', '.join(silent)}")
    if unlisted := list_volume(run.contract, recording):
        run.shared.progress.say(unlisted)
    recording.mark(event="probed")


def ask(health: Callable[[], object], run: Run) -> None:
    """Ask for health; an answer that is none is kept on the tape, and the jobs will tell."""
    try:
        health()
    except HiccupError as hiccup:
        run.shared.progress.say(f"health: {hiccup}")


def settle_lost_answers(run: Run, target: Target, transport: Transport) -> None:
    """After a crash between a submission and its answer: find the job, or find out whether it arrived at all."""
    ledger = run.shared.ledger
    claim(ledger)
    if not target.endpoint:
        # A ComfyUI costs nothing: what has no answer is simply submitted again.
        for entry in [entry for entry in ledger.entries.values() if entry.answer_lost]:
            ledger.mark("not accepted", entry.sample)
    if target.endpoint:
        client = RunPodClient(transport, target.endpoint, target.key, target.base_url)
        for entry in settle(ledger, client, run.shared.stop):
            run.shared.progress.say(lost_words(entry.sample))


def versions_of(recording: Recording) -> dict[str, str]:
    """Versions that the recording shows: ComfyUI's, Python's and PyTorch's."""
    system: dict[str, Any] = {}
    for exchange in recording.exchanges():
        if route_of(exchange.request.url).name == "system_stats":
            said = json_of(exchange)
            found = said.get("system") if isinstance(said, dict) else None
            system = found if isinstance(found, dict) else system
    keys = {"comfyui_version": "ComfyUI", "python_version": "Python", "pytorch_version": "PyTorch"}
    return {name: str(system[key]) for key, name in keys.items() if system.get(key)}


def of_other_jobs(dropped: set[str]) -> Callable[[Exchange], bool]:
    """Keeps exchanges but those of jobs that were cancelled on Ctrl-C and submitted anew."""

    def keep(exchange: Exchange) -> bool:
        route = route_of(exchange.request.url)
        if route.name in ("run", "prompt") and exchange.request.method == "POST":
            return not any(job in exchange.response.body.text() for job in dropped)
        return route.argument not in dropped

    return keep
