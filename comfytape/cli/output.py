"""What commands print: one JSON object for machines, or the verdict and what to do for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table

from comfytape.cli.printable import printable
from comfytape.reporting.formats import json_
from comfytape.reporting.words import grouped, made, place, summary
from comfytape_contracts.findings import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.words import Group
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report
    from comfytape_contracts.verdicts import Table as FigureTable

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


def console(*, stderr: bool = False) -> Console:
    """A console that colours only a terminal and never wraps what goes to a file or pipe."""
    stream = sys.stderr if stderr else sys.stdout
    made = Console(file=stream, stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = 10_000
    return made


def print_json(report: Report) -> None:
    """Print the one object that ``--json`` promises."""
    click.echo(json_.render([report]), nl=False)


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
    out.print(f"[dim]{escape(report.cassette)}, {escape(made(provenance))}[/]")
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
        print_tables(out, report.tables)
        for name, version in provenance.get("versions", {}).items():
            out.print(f"[dim]{escape(name)} {escape(version)}[/]")


def print_tables(out: Console, tables: Sequence[FigureTable]) -> None:
    """Print times and cost."""
    for shown in tables:
        table = Table(box=SIMPLE, title=escape(shown.title), title_justify="left", title_style="bold", pad_edge=False)
        for number, column in enumerate(shown.columns):
            table.add_column(escape(column), justify="right" if number else "left", overflow="fold")
        for row in shown.rows:
            table.add_row(*map(escape, row))
        out.print()
        out.print(table)
        for note in shown.notes:
            out.print(f"[dim]{escape(note)}[/]")


def verdict_mark(verdict: Verdict) -> str:
    """``pass``, ``FAIL`` or ``????`` in four columns."""
    word = {Verdict.PASS: "pass", Verdict.FAIL: "FAIL", Verdict.UNKNOWN: "????"}[verdict]
    return f"[{STYLE[verdict]}]{word}[/]"


def print_findings(out: Console, findings: Sequence[Finding], *, limit: int | None = None) -> None:
    """Print findings by rule, the worst first, each hint once; ``limit`` keeps to a screen, yet shows every rule."""
    groups = grouped(findings)
    shown = groups if limit is None else groups[:limit]
    each = None if limit is None else max(limit // max(len(shown), 1), 1)
    for group in shown:
        print_group(out, group, each)
    printed = sum(len(group.findings[:each]) for group in shown)
    if printed < len(findings):
        out.print(f"[dim]… and {len(findings) - printed} more: use -v to see all, --json for machines.[/]")


def print_group(out: Console, group: Group, limit: int | None) -> None:
    """Print the first findings of one rule, how many more there are, and what to do."""
    told = group.findings[:limit]
    for finding in told:
        out.print(f"[{STYLE[group.severity]}]{group.severity}[/] {escape(finding.message)}")
        where = " · ".join(part for part in (place(finding), group.rule, finding.fingerprint) if part)
        out.print(f"      [dim]{escape(where)}[/]")
    if len(told) < len(group.findings):
        out.print(f"      [dim]… {len(group.findings) - len(told)} more of this kind[/]")
    for hint in dict.fromkeys(finding.hint for finding in told if finding.hint):
        out.print(f"      [cyan]→[/] {escape(hint)}")
