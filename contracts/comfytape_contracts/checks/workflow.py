"""Would the recorded ComfyUI accept the contract's workflows?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from comfytape_contracts.checks.subject import Outcome, read_text, read_workflow
from comfytape_contracts.findings import Severity
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.workflow import Positions

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_contracts.checks.subject import Subject
    from comfytape_contracts.findings import Finding

__all__ = ["check_workflows"]


def check_workflows(subject: Subject) -> Outcome:
    """Lint the contract's workflow, and the one that is submitted where it is another, against the inventory.

    Classes that are not loaded are left to ``check_nodes``, which knows the pack that the contract names.
    """
    outcome = subject.outcome()
    if subject.tape.inventory is None or not subject.tape.inventory_is_whole:
        return outcome
    for path in dict.fromkeys((subject.contract.workflow_path, subject.contract.samples_path)):
        findings = problems(subject, path)
        errors = sum(f.severity is Severity.ERROR for f in findings)
        evidence = f"{errors} error(s), {len(findings) - errors} remark(s)" if findings else "nothing to object to"
        outcome.promise(f"ComfyUI would accept {path.name}", findings, evidence)
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
        if f.location.class_type is None or f.location.class_type in subject.tape.inventory
    ]
