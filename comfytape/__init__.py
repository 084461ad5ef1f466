"""comfytape records what a RunPod + ComfyUI endpoint really says, holds it to a contract, and replays it offline.

The public API, each name imported when it is first used, so that ``import comfytape`` costs nothing::

    from comfytape import Cassette, Contract, ReplayServer, check, convert_workflow, diff_inventories, lint_workflow

    report = check(Contract.load("contracts/z-image-danrisi"), Cassette.open("cassettes/z-image-danrisi"))
    assert report.verdict == "pass", report.findings
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from comfytape_cassettes import Cassette, CassetteError, ComfytapeError, LeakError, UnreachableError, UsageError
    from comfytape_contracts.checks import check
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.convert import convert_workflow
    from comfytape_contracts.drift import diff_inventories
    from comfytape_contracts.findings import Finding, Location, Severity, Verdict
    from comfytape_contracts.lint import lint_workflow
    from comfytape_contracts.verdicts import Report
    from comfytape_replayer import ReplayServer

HOMES = {
    "Cassette": "comfytape_cassettes",
    "CassetteError": "comfytape_cassettes",
    "ComfytapeError": "comfytape_cassettes",
    "Contract": "comfytape_contracts.contract",
    "Finding": "comfytape_contracts.findings",
    "LeakError": "comfytape_cassettes",
    "Location": "comfytape_contracts.findings",
    "ReplayServer": "comfytape_replayer",
    "Report": "comfytape_contracts.verdicts",
    "Severity": "comfytape_contracts.findings",
    "UnreachableError": "comfytape_cassettes",
    "UsageError": "comfytape_cassettes",
    "Verdict": "comfytape_contracts.findings",
    "check": "comfytape_contracts.checks",
    "convert_workflow": "comfytape_contracts.convert",
    "diff_inventories": "comfytape_contracts.drift",
    "lint_workflow": "comfytape_contracts.lint",
}

__all__ = [
    "Cassette",
    "CassetteError",
    "ComfytapeError",
    "Contract",
    "Finding",
    "LeakError",
    "Location",
    "ReplayServer",
    "Report",
    "Severity",
    "UnreachableError",
    "UsageError",
    "Verdict",
    "__version__",
    "check",
    "convert_workflow",
    "diff_inventories",
    "lint_workflow",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room."""
    if name not in HOMES:
        raise AttributeError(f"module 'comfytape' has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)
