"""A report with the contract it is held to: what it says, without secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape.alerts.change import Looked
from comfytape.alerts.problem import Problem, problems_in
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_contracts.findings import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from comfytape.alerts.document import Document
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.contract.alerts import Alerts
    from comfytape_contracts.findings import Finding

__all__ = ["Subject"]

PIECE = 12
"""Characters from which a part of a channel's URL counts as a secret of its own."""
NOTHING = Problem(
    cause="nothing-examined",
    rule="nothing-examined",
    severity=Severity.ERROR,
    fingerprints=(),
    count=1,
    message="the report examined nothing, so nothing is known",
    hint="Look at the output of the run: was anything recorded?",
    inconclusive=True,
)
"""What an UNKNOWN report without a finding says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A report and its contract.

    Attributes:
        name: the contract, with the endpoint where it has several, and the command where it is not ``check``.
        contract, alerts: the contract, and its section.
        looked: what the report says.
        accepted: findings that the baseline covers.
        clean: takes every secret that has to do with it out of a text.
    """

    name: str
    contract: Contract
    alerts: Alerts
    looked: Looked
    accepted: tuple[Finding, ...]
    clean: Callable[[str], str]

    @classmethod
    def of(
        cls,
        document: Document,
        contract: Contract,
        alerts: Alerts,
        *,
        target: str = "",
        today: date,
        secrets: Iterable[str] = (),
    ) -> Subject:
        """A report as it is told, split by the baseline where its command did not do that."""
        standing, accepted = document.findings, document.accepted
        if document.command != "check":
            split = contract.baseline().split(standing, today)
            standing, accepted = tuple(split.standing), tuple(split.accepted)
        packs = {node.class_type: node.pack for node in contract.model.nodes}
        clean = redactor_of(contract, alerts, secrets).text
        least = Severity(alerts.on).rank
        problems = problems_in((f for f in standing if f.severity.rank <= least), packs, clean)
        if document.verdict is Verdict.UNKNOWN and not problems:
            problems = [NOTHING]
        names = [contract.name, f"at {target}" if target else ""]
        names.append(f"({document.command})" if document.command != "check" else "")
        return cls(
            name=" ".join(name for name in names if name),
            contract=contract,
            alerts=alerts,
            looked=Looked(
                problems=problems,
                lesser=frozenset(problem.cause for problem in problems_in(standing, packs, clean)),
                accepted=frozenset(problem.cause for problem in problems_in(accepted, packs, clean)),
                unknown=document.is_unknown,
            ),
            accepted=accepted,
            clean=clean,
        )


def redactor_of(contract: Contract, alerts: Alerts, secrets: Iterable[str]) -> Redactor:
    """Knows every secret that this contract's alerts have to do with, whole and in parts."""
    names = {channel.env for channel in alerts.channels} | {"GITHUB_TOKEN", contract.model.endpoint.key_env}
    values = {name: value for name in sorted(names) if (value := os.environ.get(name, "").strip())}
    pieces = {
        f"{name}, part {number}": piece
        for name, value in values.items()
        for number, piece in enumerate(re.split(r"[/:@?&=]+", value))
        if len(piece) >= PIECE
    }
    known = Secrets.of(values).with_(pieces).with_(secrets)
    return Redactor(known)
