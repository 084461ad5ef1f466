"""What commands print: one JSON object for machines, or the verdict and what to do for people."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from comfytape_contracts.findings import Finding, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.verdicts import Report

__all__ = ["console", "print_findings", "print_json", "verdict_text"]

STYLE = {
    Verdict.PASS: "bold green",
    Verdict.FAIL: "bold red",
    Verdict.UNKNOWN: "bold yellow",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "blue",
}


def console(*, stderr: bool = False) -> Console:
    """A console that colours only a terminal and never wraps what goes to a file or pipe."""
    stream = sys.stderr if stderr else sys.stdout
    made = Console(file=stream, stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = 10_000
    return made


def print_json(report: Report) -> None:
    """Print the one object that ``--json`` promises."""
    click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False, default=str))


def verdict_text(verdict: Verdict) -> str:
    """The verdict in capitals with its colour, as rich markup."""
    return f"[{STYLE[verdict]}]{verdict.upper()}[/]"


def print_findings(out: Console, findings: Sequence[Finding], *, limit: int | None = None) -> None:
    """Print findings, the worst first, each with its hint once a group; ``limit`` keeps to a screen."""
    ordered = sorted(findings, key=lambda f: f.severity.rank)
    shown = ordered if limit is None else ordered[:limit]
    for (severity, rule), group in groupby(shown, key=lambda f: (f.severity, f.rule)):
        same = list(group)
        for finding in same:
            where = place(finding)
            out.print(f"[{STYLE[severity]}]{severity}[/] {escape(finding.message)}")
            out.print(f"      [dim]{escape(where)}{rule} · {finding.fingerprint}[/]")
        hints = dict.fromkeys(f.hint for f in same if f.hint)
        for hint in hints:
            out.print(f"      [cyan]→[/] {escape(hint)}")
    hidden = len(ordered) - len(shown)
    if hidden:
        out.print(f"[dim]… and {hidden} more: use -v to see all, --json for machines.[/]")


def place(finding: Finding) -> str:
    """``file:line · `` for a finding that points into a file, else nothing."""
    file, line = finding.location.file, finding.location.line
    if file is None:
        return ""
    return f"{file}:{line} · " if line is not None else f"{file} · "
