"""GitHub Actions: findings as annotations on the lines of a pull request, and the step summary.

Workflow commands and how they are escaped: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit,
packages/core/src/command.ts. The runner reads them from what a step prints, so the usual path is ``-``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import markdown
from comfytape.reporting.words import plural, serious_first, summary, worst_verdict
from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report

__all__ = ["commands", "write"]

SUMMARY = "GITHUB_STEP_SUMMARY"
SUMMARY_LIMIT = 1024 * 1024 // 4
"""Characters: a summary may have 1 MiB, and a character takes up to four bytes."""
SHOWN = 10
"""Annotations of each level that GitHub shows of one step; it drops the rest without a word."""
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write the annotations, and add to the step summary where ``GITHUB_STEP_SUMMARY`` names one."""
    destination.put(commands(reports))
    if summary_file := os.environ.get(SUMMARY):
        Destination(summary_file).add(markdown.render(reports, SUMMARY_LIMIT))


def commands(reports: Sequence[Report]) -> str:
    """One workflow command a line, the worst findings first; a verdict line for the log at the end."""
    findings = serious_first(finding for report in reports for finding in report.findings)
    lines: list[str] = []
    for severity in Severity:
        same = [finding for finding in findings if finding.severity is severity]
        # The tenth says how many there are, or nobody would know of the eleventh.
        room = SHOWN if len(same) <= SHOWN else SHOWN - 1
        lines += [annotation(finding) for finding in same[:room]]
        if len(same) > room:
            more = f"{len(same) - room} more: see the step summary or another report"
            lines.append(f"::{LEVELS[severity]} title=comfytape::{data(more)}")
    for report in reports:
        if report.verdict != "pass" and not report.counts["error"]:
            words = f"{report.contract}: {report.verdict.upper()}, {summary(report)}"
            lines.append(f"::error title=comfytape::{data(words)}")
    counts = {str(s): sum(report.counts[str(s)] for report in reports) for s in Severity}
    lines.append(f"comfytape: {worst_verdict(reports).upper()}, {plural(counts)}")
    return "\n".join(lines) + "\n"


def annotation(finding: Finding) -> str:
    """One finding as a workflow command."""
    at = finding.location
    fields = {"file": at.file, "line": at.line if at.file else None, "title": f"comfytape {finding.rule}"}
    properties = ",".join(f"{key}={field(str(value))}" for key, value in fields.items() if value is not None)
    hint = f"\n{finding.hint}" if finding.hint else ""
    return f"::{LEVELS[finding.severity]} {properties}::{data(finding.message + hint)}"


def data(text: str) -> str:
    """A command's message, so that no line of it is read as a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def field(text: str) -> str:
    """A command's property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")
