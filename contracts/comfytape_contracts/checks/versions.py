"""Is ComfyUI's version in the contract's range, and does what is pinned run?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from comfytape_contracts.checks.registry import check_registry
from comfytape_contracts.rules.dependency import COMFYUI_VERSION, DEPENDENCIES_UNKNOWN

if TYPE_CHECKING:
    from comfytape_contracts.checks.subject import Outcome, Subject

__all__ = ["check_versions"]


def check_versions(subject: Subject) -> Outcome:
    """Hold ``versions.comfyui`` against ``/system_stats``, and ``versions.registry`` against all that is told.

    Raises:
        UsageError: the registry is not there, or is none.
    """
    outcome = check_registry(subject)
    wanted = subject.model.versions.comfyui
    found = str(subject.tape.system.get("comfyui_version", ""))
    if found:
        outcome.measurements["comfyui_version"] = found
    if wanted is None:
        return outcome
    where = subject.in_contract("versions", "comfyui")
    try:
        version = Version(found)
    except InvalidVersion:
        said = f"it says {found!r}" if found else "the recording holds no /system_stats"
        finding = DEPENDENCIES_UNKNOWN.finding(
            f"ComfyUI must be {wanted}, but {said}", location=where, expected=wanted, identity={"what": "comfyui"}
        )
        outcome.promise(f"ComfyUI is {wanted}", [finding], said)
        return outcome
    findings = []
    if not SpecifierSet(wanted).contains(version, prereleases=True):
        findings.append(
            COMFYUI_VERSION.finding(
                f"ComfyUI is {found}, expected {wanted}", location=where, expected=wanted, actual=found
            )
        )
    outcome.promise(f"ComfyUI is {wanted}", findings, f"ComfyUI {found}")
    return outcome
