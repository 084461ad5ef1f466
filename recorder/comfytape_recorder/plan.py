"""What a recording will submit: so many samples, and the runs of the contract's cases."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError
from comfytape_contracts.cases.run import cases_of, runs_of
from comfytape_recorder.runpod import RUN_LIMIT
from comfytape_recorder.samples import dangling_links, sample_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape_contracts.cases.run import Run
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.contract.cases import Case
    from comfytape_recorder.ledger import Ask

__all__ = ["Plan", "chosen_cases", "plan_of"]


@dataclass(frozen=True)
class Plan:
    """Samples by number, cases by the key of each run."""

    contract: Contract
    workflow: dict[str, Any]
    samples: int
    runs: Mapping[str, Run]

    @property
    def asks(self) -> list[Ask]:
        """Everything to submit: samples first, so that their times are not those of a case's aftermath."""
        return [*range(self.samples), *self.runs]

    @property
    def timeouts(self) -> dict[Ask, float]:
        """Seconds allowed, of cases that say so themselves."""
        return {key: run.case.timeout_s for key, run in self.runs.items() if run.case.timeout_s is not None}

    def input_of(self, ask: Ask) -> Mapping[str, Any]:
        """What RunPod is given as ``input``."""
        if isinstance(ask, str):
            return self.runs[ask].job_input
        return {"workflow": sample_workflow(self.contract, self.workflow, ask)}

    def facts_of(self, ask: Ask) -> dict[str, Any]:
        """What the cassette says of a case's run."""
        run = self.runs.get(ask) if isinstance(ask, str) else None
        return {"case": run.case.name, "run": run.number, "asks": run.asks} if run else {}


def chosen_cases(contract: Contract, names: Sequence[str] | None) -> list[Case]:
    """The cases of those names, or all of them.

    Raises:
        UsageError: there is no such case; the nearest name is suggested.
    """
    known = {case.name: case for case, _ in cases_of(contract)}
    for name in names or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            there = f"there are: {', '.join(known)}" if known else "it has none; see docs/cases.md"
            raise UsageError(
                f"{contract.path} has no case '{name}'", hint=f"did you mean '{near[0]}'?" if near else there
            )
    return [case for name, case in known.items() if names is None or name in names]


def plan_of(
    contract: Contract,
    workflow: dict[str, Any],
    samples: int,
    names: Sequence[str] | None,
    inventory: Mapping[str, Any] | None,
) -> Plan:
    """The plan for so many samples and the named cases (None: all).

    Raises:
        UsageError: a case cannot be submitted: a file or input is missing, it is too large, or a link in it leads
            nowhere, which would kill the worker's ComfyUI.
    """
    wanted = {case.name for case in chosen_cases(contract, names)}
    runs = {run.key: run for run in runs_of(contract, inventory) if run.case.name in wanted}
    for run in runs.values():
        dangling = dangling_links(dict(run.workflow or {}))
        if dangling:
            raise UsageError(
                f"{run.label}: {dangling[0]}",
                hint="remove the link or add the node; after such a prompt ComfyUI may execute nothing any more",
            )
        size = len(json.dumps({"input": run.job_input}))
        if size > RUN_LIMIT:
            raise UsageError(
                f"{run.label} is a job of {size:,} bytes, but /run takes at most {RUN_LIMIT:,}",
                hint="use smaller input images",
            )
    return Plan(contract, workflow, samples, runs)
