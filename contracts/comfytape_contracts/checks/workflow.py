"""Would the recorded ComfyUI accept the contract's workflows?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from comfytape_contracts.checks.nodes import required_classes
from comfytape_contracts.findings import Severity
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.workflow import Positions
from comfytape_contracts.workflow.file import read_text, read_workflow

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_contracts.checks.subject import Outcome, Subject
    from comfytape_contracts.findings import Finding

__all__ = ["check_workflows"]


def check_workflows(subject: Subject) -> Outcome:
    """Lint the contract's workflow, and the one that is submitted where it is another, against the inventory.

    Required classes that are not loaded are reported by ``check_nodes``, which knows the pack that the contract names.
    """
    outcome = subject.outcome()
    inventory = subject.tape.inventory
    if inventory is None or not subject.tape.inventory_is_whole:
        return outcome
    required = required_classes(subject)
    for path in dict.fromkeys((subject.contract.workflow_path, subject.contract.samples_path)):
        found = problems(subject, path)
        told = [f for f in found if f.location.class_type in required and f.location.class_type not in inventory]
        findings = [f for f in found if f not in told]
        errors = sum(f.severity is Severity.ERROR for f in found)
        evidence = f"{errors} error(s), {len(found) - errors} remark(s)" if found else "nothing to object to"
        outcome.promise(f"ComfyUI would accept {path.name}", findings, evidence, elsewhere=told)
    return outcome


def problems(subject: Subject, path: Path) -> list[Finding]:
    """What lint says of one workflow file, pointing into it."""
    assert subject.tape.inventory is not None
    version = str(subject.tape.system.get("comfyui_version", "")) or None
    findings = lint_workflow(read_workflow(path), subject.tape.inventory, comfyui_version=version)
    positions = Positions.of(read_text(path))
    return [
        replace(
            f,
            location=replace(
                f.location, file=str(path), line=positions.line(f.location.node_id, "inputs", f.location.input)
            ),
        )
        for f in findings
    ]
