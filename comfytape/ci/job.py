"""One job of a workflow: record where asked to, check, and give a result for every contract that was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comfytape.run import check_contracts
from comfytape.settings import find_contract, names_in
from comfytape_cassettes import ComfytapeError, UsageError
from comfytape_contracts.contract import Contract
from comfytape_contracts.findings import Verdict
from comfytape_contracts.verdicts import ExitCode, Line, Report, worst_exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape.settings import Settings

__all__ = ["Job", "Result", "carry_out"]

RECORDED = Path("comfytape-recorded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to do.

    Attributes:
        contracts: names or paths; all contracts where there is none.
        cassette: the one recording to check; "" takes the one of the contract's name.
        cassettes: the folder of recordings; None is ``comfytape-recorded`` where ``live``, else as the settings say.
        endpoints: ids; each has a folder of its own below ``cassettes``. None: the environment names the endpoint.
        live: record into ``cassettes`` first.
        samples: jobs a contract; None leaves it to the contract.
        budget_usd: for all recordings together, in even shares; None for no limit.
    """

    contracts: tuple[str, ...] = ()
    cassette: str = ""
    cassettes: Path | None = None
    endpoints: tuple[str, ...] = ()
    live: bool = False
    samples: int | None = None
    budget_usd: float | None = None

    def folder(self, settings: Settings) -> Path:
        """Where recordings are, or come to be."""
        return self.cassettes or (RECORDED if self.live else settings.cassettes)


@dataclass(frozen=True, slots=True)
class Result:
    """A report for each contract and endpoint, what could not be done, and the exit code of it all."""

    reports: tuple[Report, ...]
    problems: tuple[ComfytapeError, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The worst of all."""
        codes = [report.exit_code for report in self.reports]
        return worst_exit_code([*codes, *(ExitCode(problem.exit_code) for problem in self.problems)])


def carry_out(job: Job, settings: Settings) -> Result:
    """Record and check. A contract that cannot be looked at is an UNKNOWN of its own and does not hide the others.

    Raises:
        UsageError: there is no contract at all, or the job contradicts itself.
    """
    names = list(job.contracts) or names_in(settings.contracts, "contract.yaml")
    if not names:
        raise UsageError(
            f"there is no contract in {settings.contracts}", hint="draft one: comfytape init NAME --workflow FILE"
        )
    if job.cassette and (job.live or job.endpoints):
        raise UsageError("one cassette was named, and recordings are to be made or compared", hint="leave it out")
    reports: list[Report] = []
    problems: list[ComfytapeError] = []
    for name, endpoint, folder in units(job, names, settings):
        there = settings.model_copy(update={"cassettes": folder})
        try:
            if job.live:
                record(
                    job, find_contract(name, settings), endpoint, folder, share=len(names) * max(len(job.endpoints), 1)
                )
            reports += check_contracts([name], job.cassette or None, there)
        except ComfytapeError as error:
            problems.append(error)
            reports.append(not_examined(name, folder, error))
    return Result(tuple(reports), tuple(problems))


def units(job: Job, names: list[str], settings: Settings) -> Iterator[tuple[str, str, Path]]:
    """Every contract at every endpoint, with its folder of recordings."""
    for endpoint in job.endpoints or ("",):
        for name in names:
            yield name, endpoint, job.folder(settings) / endpoint


def record(job: Job, contract: Path, endpoint: str, folder: Path, *, share: int) -> None:
    """Run ``comfytape record`` as a process of its own, so that a signal ends it as it would on a terminal.

    A recording that was stopped is checked like any other; one that did not come about is an error.

    Raises:
        UsageError: there is no recording afterwards, or one from before.
    """
    loaded = Contract.load(contract)
    place = folder / loaded.name
    if (place / "cassette.json").exists():
        raise UsageError(f"{place} holds a recording from before", hint="record into an empty folder")
    # -P: the folder we are in is the user's, and what is called comfytape there is not ours.
    command = [sys.executable, "-P", "-m", "comfytape", "record", str(contract), "--into", str(folder)]
    if job.samples is not None:
        command += ["--samples", str(job.samples)]
    if job.budget_usd is not None:
        command += ["--budget", f"{job.budget_usd / share:.6f}"]
    # The first name wins over the others, so the endpoint is the one that was asked for whatever else is set.
    named = {loaded.model.endpoint.id_env[0]: endpoint} if endpoint else {}
    ended = subprocess.run(command, env=os.environ | named, check=False)  # noqa: S603 - our own command
    if not (place / "cassette.json").exists():
        raise UsageError(
            f"{loaded.name} was not recorded: comfytape record ended with exit code {ended.returncode}",
            hint="its own words are in the log above",
        )


def not_examined(name: str, folder: Path, error: ComfytapeError) -> Report:
    """What stands for a contract that could not be looked at: nothing examined, which is never green."""
    line = Line(promise="it can be looked at", verdict=Verdict.UNKNOWN, evidence=str(error))
    return Report(findings=(), examined=0, contract=Path(name).name, cassette=folder.as_posix(), lines=(line,))
