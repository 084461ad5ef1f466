"""Which job of a recording belongs to which case: by the recorder's own notes, else by what was submitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfytape_contracts.cases.run import graph_key, input_key, runs_of
from comfytape_contracts.jobs import Job, State
from comfytape_contracts.wire import JobObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfytape_cassettes import Exchange
    from comfytape_contracts.cases.run import Run
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.tape import Tape

__all__ = ["CaseBook", "case_book"]

REFUSALS = frozenset({400, 413, 422})
"""Statuses with which ``/run`` refuses an input."""


@dataclass(frozen=True)
class CaseBook:
    """Every run of every case with the job that it became.

    Attributes:
        runs: what the contract's cases ask for now.
        jobs: by the run's key; a run that is not in it was not recorded.
        changed: keys of runs that were recorded with another input than the contract has now.
        gone: names of recorded cases that the contract does not have any more.
        left_out: ids of all jobs that are no samples.
    """

    runs: Sequence[Run] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    gone: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()

    @property
    def refused(self) -> list[Exchange]:
        """Submissions of cases that were refused."""
        return [job.submitted for job in self.jobs.values() if job.submitted and job.id.startswith("refused")]


def case_book(contract: Contract, tape: Tape, asked: Iterable[Mapping[str, Any]]) -> CaseBook:
    """Assign jobs to cases. ``asked`` is what the recorder noted: ``case``, ``run``, ``asks`` and ``job`` for each.

    Raises:
        UsageError: a file that a case names is missing, or does not fit the case.
    """
    runs = runs_of(contract, tape.inventory) if contract.model.cases or contract.model.suite else []
    noted = list(asked)
    by_id = {job.id: job for job in tape.all_jobs}
    by_key = {run.key: run for run in runs}
    jobs: dict[str, Job] = {}
    changed, gone, left_out = set(), [], set()
    for note in noted:
        job = by_id.get(str(note.get("job")))
        if "case" not in note or job is None:
            continue
        left_out.add(job.id)
        run = by_key.get(f"{note['case']}/{note.get('run', 0)}")
        if run is None:
            gone.append(str(note["case"]))
        elif note.get("asks") != run.asks:
            changed.add(run.key)
        else:
            jobs[run.key] = job
    known = {str(note.get("job")) for note in noted}
    unnoted = [*(job for job in tape.all_jobs if job.id not in known), *refused_jobs(tape)]
    for run in runs:
        # A run that was noted is not looked for: an equal job beside it is a sample.
        if run.key in jobs or run.key in changed:
            continue
        match = next((job for job in unnoted if asks_the_same(job, run)), None)
        if match is not None:
            unnoted.remove(match)
            jobs[run.key] = match
            left_out.add(match.id)
    return CaseBook(runs, jobs, frozenset(changed), tuple(dict.fromkeys(gone)), frozenset(left_out))


def asks_the_same(job: Job, run: Run) -> bool:
    """Whether a job was submitted with a run's input; a ComfyUI is given the workflow alone."""
    if job.input is not None:
        return input_key(job.input) == run.asks
    return job.workflow is not None and run.workflow is not None and graph_key(job.workflow) == graph_key(run.workflow)


def refused_jobs(tape: Tape) -> list[Job]:
    """Submissions that ``/run`` refused, as the jobs that they would have been: FAILED."""
    found: list[Job] = []
    for route, exchange in tape.routed:
        if route.name in ("run", "runsync") and exchange.response.status in REFUSALS:
            name = f"refused{len(found) + 1}"
            words = " ".join(exchange.response.body.text()[:300].split())
            error = f"/{route.name} answered {exchange.response.status}: {words}"
            state = State(JobObject(id=name, status="FAILED", error=error), exchange)
            found.append(Job(route.endpoint, name, exchange, (state,)))
    return found
