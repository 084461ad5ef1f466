"""The two questions: what would a server say to this workflow, and to this request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Severity
from comfytape_contracts.inventory import Inventory, parse_version
from comfytape_contracts.lint.age import age_problems
from comfytape_contracts.lint.behaviour import Behaviour
from comfytape_contracts.lint.late import late_problems
from comfytape_contracts.lint.packs import missing_packs
from comfytape_contracts.lint.replacements import with_replacements
from comfytape_contracts.lint.server import judge
from comfytape_contracts.lint.wording import Speaker
from comfytape_contracts.rules import catalogue
from comfytape_contracts.workflow import unwrap

if TYPE_CHECKING:
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.lint.problem import Judgement, Problem

__all__ = ["lint_request", "lint_workflow"]


def lint_workflow(
    workflow: Mapping[str, Any], inventory: Mapping[str, Any], *, comfyui_version: str | None = None
) -> list[Finding]:
    """What a ComfyUI with this inventory would say to this workflow.

    Args:
        workflow: API format; envelopes around it are opened.
        inventory: ``/object_info``, parsed.
        comfyui_version: the server's release, such as ``0.3.64``; by default judged from the inventory, which also
            wins where it shows a newer one: a checkout past a release still calls itself by that release.

    Returns:
        Findings in the order of the workflow, causes first. An error means that the server rejects the workflow
        (``server_error`` is then its own error type), or fails it for certain while running ("fails late"). Where
        the server runs one output and drops another, the findings of the dropped branch are warnings.
    """
    opened = unwrap(workflow)
    graph = opened.graph
    if isinstance(graph, Mapping) and not all(isinstance(key, str) for key in graph):
        graph = {str(key): node for key, node in graph.items()}
    have = Inventory(inventory)
    version = parse_version(comfyui_version) if comfyui_version else None
    behaviour = Behaviour.behind(have, at_least=version)
    late: list[Problem] = []
    served = graph
    if isinstance(graph, Mapping) and behaviour.replaces_classes:
        served, late = with_replacements(graph, have)
    judgement = judge(served, have, behaviour, opened.targets)
    if isinstance(served, Mapping):
        late += late_problems(served, have, behaviour, judgement)
        late += age_problems(served, have, version)
    return _findings(graph, have, judgement, late)


def lint_request(body: Any, inventory: Mapping[str, Any], *, comfyui_version: str | None = None) -> list[Finding]:
    """What ``POST /prompt`` would say to this body, parsed: as ``lint_workflow``, and ``no_prompt`` without one."""
    if isinstance(body, Mapping) and "prompt" not in body:
        said = "the request has no prompt."
        return [catalogue()["not-a-workflow"].finding(said, server_error="no_prompt", actual=sorted(map(str, body)))]
    if not isinstance(body, Mapping):
        return lint_workflow({"prompt": None}, inventory, comfyui_version=comfyui_version)
    envelope = {"prompt": body["prompt"], "partial_execution_targets": body.get("partial_execution_targets")}
    return lint_workflow(envelope, inventory, comfyui_version=comfyui_version)


def _findings(graph: Any, inventory: Inventory, judgement: Judgement, late: list[Problem]) -> list[Finding]:
    speaker = Speaker(graph, inventory)
    lead = missing_packs(judgement.problems, inventory)
    order = {key: index for index, key in enumerate(graph)} if isinstance(graph, Mapping) else {}
    accepted = judgement.status == 200
    placed = [
        (order.get(problem.node_id or "", -1), speaker.finding(problem, severity=_severity(problem, accepted)))
        for problem in (*judgement.problems, *late)
    ]
    return lead + [finding for _, finding in sorted(placed, key=lambda pair: pair[0])]


def _severity(problem: Problem, accepted: bool) -> Severity | None:
    """None for the rule's own severity."""
    if problem.facts.get("takes_any"):
        return Severity.WARNING
    names_branch = problem.server_error or problem.masked or problem.rule == "dependency-cycle"
    return Severity.WARNING if accepted and names_branch else None
