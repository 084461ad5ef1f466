"""From what was said to one cause: ``diagnose``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.diagnosis.configuration import examine_configuration
from comfytape_contracts.diagnosis.evidence import EndpointEvidence, Evidence
from comfytape_contracts.diagnosis.failures import examine_failures
from comfytape_contracts.diagnosis.handler import examine_handler
from comfytape_contracts.diagnosis.queue import counts_of, examine_queue
from comfytape_contracts.diagnosis.reach import reach_endpoint
from comfytape_contracts.diagnosis.server import examine_comfyui
from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.inventory import CORE, pack_of
from comfytape_contracts.rules import catalogue
from comfytape_contracts.rules.endpoint import MISCONFIGURED
from comfytape_contracts.verdicts import ExitCode, Line, Report, exit_code_of, worst_exit_code
from comfytape_contracts.volume import VolumeListing

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.diagnosis.cause import Cause, Stage
    from comfytape_contracts.diagnosis.evidence import Asked
    from comfytape_contracts.tape import Recorded

__all__ = ["Diagnosis", "diagnose"]

FAMILIES = ("endpoint", "queue", "server", "failure", "job", "configuration")
"""From the client to the job: what stands nearer hides what stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis(Report):
    """A report whose findings have causes; the first cause is the one to act on."""

    causes: tuple[Cause, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """As of every report; a wrong key, id or base URL is our own configuration (2)."""
        ours = [f for f in self.findings if f.rule in MISCONFIGURED]
        others = [f for f in self.findings if f.rule not in MISCONFIGURED]
        code = exit_code_of(others, examined=self.examined or len(ours))
        return worst_exit_code([code, ExitCode.USAGE]) if ours else code

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints, with ``causes`` beside it."""
        # Zero-argument super() does not work in a dataclass with slots.
        return {**Report.to_json(self), "causes": [cause.to_json() for cause in self.causes]}


def diagnose(
    said: Recorded,
    *,
    contract: Contract | None = None,
    asked: Asked | None = None,
    endpoint: str = "",
    label: str = "",
    provenance: dict[str, Any] | None = None,
    dependencies: bool = False,
) -> Diagnosis:
    """Why this endpoint can or cannot do its job, from what was said alone.

    Args:
        said: a cassette, or the answers to a round of live questions.
        contract: what the endpoint should be able to do; its nodes, models and versions are looked at too.
        asked: where live questions went; None for a recording.
        endpoint: only this endpoint of a recording; "" for all.
        label: where ``said`` is, for people.
        provenance: where it comes from, for people.
        dependencies: the contract's nodes, models, versions and volume alone, whether or not anything was said of them.

    Raises:
        UsageError: the contract's workflow cannot be read.
        CassetteError: the cassette is damaged.
    """
    evidence = Evidence(said, asked)
    chosen = [e for e in evidence.endpoints if (not endpoint or e.id == endpoint) and not dependencies]
    stages = [stage for each in chosen for stage in examine(each)]
    server = examine_comfyui(evidence, packs_of(contract))
    alone = server is not None and not chosen and not dependencies
    prompts = examine_failures(EndpointEvidence("comfyui", jobs=evidence.tape.jobs)) if alone else None
    stages += [stage for stage in (server, prompts) if stage is not None]
    causes = sorted((c for stage in stages for c in stage.causes), key=order)
    findings, lines = [c.finding() for c in causes], [line_of(stage) for stage in stages]
    figures = measured(chosen)
    told = evidence.tape.inventory is not None or VolumeListing.of(said) is not None
    if contract is not None and (told or dependencies):
        outcomes = hold_dependencies(contract, evidence, alone=dependencies)
        findings += [f for outcome in outcomes for f in outcome.findings]
        rules = catalogue()
        # What is broken before what was not seen.
        findings.sort(key=lambda f: (f.severity.rank, rules[f.rule].inconclusive))
        lines += [line for outcome in outcomes for line in outcome.lines]
        figures |= {key: value for outcome in outcomes for key, value in outcome.measurements.items()}
    return Diagnosis(
        findings=findings,
        examined=sum(line.verdict is not Verdict.UNKNOWN for line in lines),
        contract=contract.name if contract else "",
        cassette=label,
        lines=lines,
        measurements=figures,
        provenance=provenance or {},
        causes=tuple(causes),
    )


def order(cause: Cause) -> tuple[int, bool, bool, int, int]:
    """The one cause to act on comes first: the heaviest, what fails, our own mistakes, the surest, the nearest."""
    return (
        cause.weight.rank,
        cause.rule.inconclusive,
        cause.rule.id not in MISCONFIGURED,
        cause.confidence.rank,
        FAMILIES.index(cause.rule.family) if cause.rule.family in FAMILIES else len(FAMILIES),
    )


def examine(endpoint: EndpointEvidence) -> list[Stage]:
    """All that can be said of one endpoint; what cannot be reached is not guessed about."""
    reach = reach_endpoint(endpoint)
    if any(cause.weight is Severity.ERROR for cause in reach.causes):
        return [reach]
    queue, handler = examine_queue(endpoint), examine_handler(endpoint)
    if queue is not None and handler is not None and queue.verdict is Verdict.UNKNOWN:
        # That nobody answered the probe is what the queue has explained already.
        unexplained = tuple(cause for cause in handler.causes if not cause.rule.inconclusive)
        handler = replace(handler, causes=unexplained, unseen=len(unexplained) < len(handler.causes))
    parts = [queue, handler, examine_failures(endpoint), examine_configuration(endpoint)]
    return [reach, *(part for part in parts if part is not None)]


def line_of(stage: Stage) -> Line:
    """A stage as a line of the report."""
    return Line(promise=stage.promise, verdict=stage.verdict, evidence=stage.evidence)


def hold_dependencies(contract: Contract, evidence: Evidence, *, alone: bool) -> list[Outcome]:
    """The contract's nodes, models, versions, volume and time limits, held to what was said.

    Beside an endpoint that shows no ComfyUI its nodes and models are left out; ``alone`` they are unknown then.
    """
    from comfytape_contracts.checks.models import check_models  # noqa: PLC0415 - loads Pillow and the linter
    from comfytape_contracts.checks.nodes import check_nodes  # noqa: PLC0415
    from comfytape_contracts.checks.speed import check_speed  # noqa: PLC0415
    from comfytape_contracts.checks.subject import Subject  # noqa: PLC0415
    from comfytape_contracts.checks.versions import check_versions  # noqa: PLC0415
    from comfytape_contracts.checks.volume import check_volume  # noqa: PLC0415

    subject = Subject(contract, evidence.tape)
    seen = evidence.tape.inventory is not None or alone
    inventory = [check_nodes, check_models, check_versions] if seen else []
    outcomes = [check(subject) for check in (*inventory, check_volume)]
    return [*outcomes, check_speed(subject, health=not alone)]


def packs_of(contract: Contract | None) -> dict[str, list[str]]:
    """The classes that a contract requires, by the pack that must provide them; core modules are no packs."""
    packs: dict[str, list[str]] = {}
    for node in contract.model.nodes if contract else ():
        pack = node.pack.removeprefix("custom_nodes.")
        if pack and pack_of(pack) != CORE:
            packs.setdefault(pack, []).append(node.class_type)
    return packs


def measured(endpoints: list[EndpointEvidence]) -> dict[str, Any]:
    """The numbers of each endpoint, as last seen."""
    figures: dict[str, Any] = {}
    for each in endpoints:
        counts = counts_of(each)
        figures[each.id] = {
            **(counts.to_json() if counts else {}),
            "waited_s": round(each.waited_s, 1),
            "jobs": len(each.jobs),
            "jobs_ended": len(each.ended),
        }
        if each.config is not None:
            figures[each.id] |= {"workers_min": each.config.workers.min, "workers_max": each.config.workers.max}
    return figures
