"""What commands print: one JSON object for machines, or the verdict and what to do for people."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape as escape_markup

from comfytape.cli.printable import printable
from comfytape_contracts.findings import Finding, Severity, Verdict
from comfytape_contracts.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.verdicts import Report

SCREEN = 8
"""Findings shown without -v: the rest of a screen is the contract's lines."""

__all__ = ["console", "print_findings", "print_json", "print_report", "verdict_text"]

STYLE = {
    Verdict.PASS: "bold green",
    Verdict.FAIL: "bold red",
    Verdict.UNKNOWN: "bold yellow",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "blue",
}


EXIT_WORDS = {
    ExitCode.BROKEN: "a promise is broken (exit code 1)",
    ExitCode.UNKNOWN: "something could not be examined (exit code 3)",
    ExitCode.NOTHING: "nothing was examined (exit code 4)",
    ExitCode.BUDGET: "only a budget is exceeded (exit code 5)",
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


def escape(text: str) -> str:
    """Foreign text for rich: no markup of its own, no control characters."""
    return escape_markup(printable(text))


def verdict_text(verdict: Verdict) -> str:
    """The verdict in capitals with its colour, as rich markup."""
    return f"[{STYLE[verdict]}]{verdict.upper()}[/]"


def print_report(out: Console, report: Report, *, verbose: bool = False) -> None:
    """Print a check: verdict, what stands against it, the contract line by line, where the recording comes from."""
    out.print(f"{verdict_text(report.verdict)} {escape(report.contract)}: {summary(report)}")
    provenance = report.provenance
    plane = provenance.get("plane", "")
    made = f"recorded {str(provenance.get('recorded_at', ''))[:16]} ({PLANES.get(plane, plane)})"
    out.print(f"[dim]{escape(report.cassette)}, {escape(made)}[/]")
    for note in provenance.get("notes", ()):
        out.print(f"[dim]note: {escape(note)}[/]")
    out.print()
    for line in report.lines:
        out.print(f"  {verdict_mark(line.verdict)} {escape(line.promise)} [dim]· {escape(line.evidence)}[/]")
    if report.findings:
        out.print()
        print_findings(out, report.findings, limit=None if verbose else SCREEN)
    if report.accepted:
        out.print(f"[dim]{len(report.accepted)} accepted finding(s) not counted: see accepted.yaml[/]")
    if verbose:
        for name, version in provenance.get("versions", {}).items():
            out.print(f"[dim]{escape(name)} {escape(version)}[/]")


PLANES = {
    "loopback": "against a server on the same machine, not RunPod's cloud",
    "runpod-cloud": "against RunPod",
    "import": "imported from another tool's file",
}


def verdict_mark(verdict: Verdict) -> str:
    """``pass``, ``FAIL`` or ``????`` in four columns."""
    word = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL", Verdict.UNKNOWN: "????"}[verdict]
    return f"[{STYLE[verdict]}]{word}[/]"


def summary(report: Report) -> str:
    """One sentence that says what the verdict rests on."""
    held = sum(line.verdict is Verdict.PASS for line in report.lines)
    words = f"{held} of {len(report.lines)} promises hold"
    reason = EXIT_WORDS.get(report.exit_code)
    return f"{words}; {reason}" if reason else words


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
