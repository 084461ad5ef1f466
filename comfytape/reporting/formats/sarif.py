"""SARIF 2.1.0 (OASIS), for GitHub code scanning and other readers: the rule catalogue, and results with their places.

What GitHub takes from it: docs.github.com, "SARIF support for code scanning".
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from comfytape.reporting.words import node, plain, serious_first
from comfytape_cassettes.version import __version__
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.rules import Rule
    from comfytape_contracts.verdicts import Report

__all__ = ["render", "write"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write one log."""
    destination.put(render(reports))


def render(reports: Sequence[Report]) -> str:
    """One log with a run for each report."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run(report) for report in reports]}
    return json.dumps(plain(log), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def run(report: Report) -> dict[str, Any]:
    """One report. GitHub tells runs of one tool apart by ``automationDetails.id``."""
    rules = list(catalogue().values())
    index = {rule.id: number for number, rule in enumerate(rules)}
    results = [result(f, index, report) for f in serious_first(report.findings)]
    accepted = [result(f, index, report) | {"suppressions": [SUPPRESSED]} for f in serious_first(report.accepted)]
    return {
        "tool": {
            "driver": {"name": "comfytape", "semanticVersion": __version__, "rules": [descriptor(r) for r in rules]}
        },
        "automationDetails": {"id": f"comfytape/{report.contract or PurePath(report.cassette).name}/"},
        "invocations": [{"executionSuccessful": True, "exitCode": int(report.exit_code)}],
        "columnKind": "unicodeCodePoints",
        "results": results + accepted,
        "properties": {
            "verdict": str(report.verdict),
            "lines": [line.to_json() for line in report.lines],
            "measurements": report.measurements,
        },
    }


SUPPRESSED = {"kind": "external", "status": "accepted", "justification": "accepted in accepted.yaml"}


def descriptor(rule: Rule) -> dict[str, Any]:
    """One rule of the catalogue."""
    text = (
        f"{rule.why}\n\nWhat to do: {rule.todo}\n\nBefore: {rule.before}\nAfter: {rule.after}\n\nSource: {rule.source}"
    )
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": text},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [rule.family], "inconclusive": rule.inconclusive},
    }


def result(finding: Finding, index: dict[str, int], report: Report) -> dict[str, Any]:
    """One finding."""
    known = {"ruleIndex": index[finding.rule]} if finding.rule in index else {}
    hint = f"\n\n{finding.hint}" if finding.hint else ""
    return {
        "ruleId": finding.rule,
        **known,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message + hint},
        "locations": [location(finding, report)],
        "partialFingerprints": {"comfytape/v1": finding.fingerprint},
        "properties": {
            "expected": finding.expected,
            "actual": finding.actual,
            "serverError": finding.server_error,
        },
    }


def location(finding: Finding, report: Report) -> dict[str, Any]:
    """The place in the contract or workflow; without one, at the recording, for GitHub wants a place."""
    at = finding.location
    artifact = artifact_of(at.file if at.file is not None else f"{report.cassette}/cassette.json")
    physical = {"artifactLocation": artifact, "region": {"startLine": at.line or 1}}
    where = node(finding)
    logical = {"logicalLocations": [{"fullyQualifiedName": where, "kind": "element"}]} if where else {}
    return {"physicalLocation": physical, **logical}


def artifact_of(file: str) -> dict[str, str]:
    """A file as a URI: relative to the folder comfytape runs in (the checkout, in CI) where it is below it."""
    if "://" in file:
        return {"uri": quote(file, safe=":/?#[]@!$&'()*+,;=%", errors="replace")}
    path = Path(os.path.normpath(file))
    if path.is_absolute():
        if not path.is_relative_to(Path.cwd()):
            return {"uri": "file:///" + quote(path.as_posix().lstrip("/"), safe="/:", errors="replace")}
        path = path.relative_to(Path.cwd())
    return {"uri": quote(path.as_posix(), safe="/", errors="replace"), "uriBaseId": "%SRCROOT%"}
