"""What commands print: one JSON object for machines, or the verdict and what to do for people."""

from __future__ import annotations

import sys
from textwrap import shorten
from typing import TYPE_CHECKING

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table
from rich.text import Text

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
"""Findings shown without -v by commands that have no contract to show."""
ROWS = 24
"""Rows of a terminal that a check fills without -v; findings get LEAST_ROWS of them, however much does not hold."""
LEAST_ROWS = 9
NAMES = 150
"""Letters that the names of what is left out may take."""

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
    """Print a check: verdict, what to do about what stands against it, the contract line by line."""
    provenance = report.provenance
    head = [
        f"{verdict_text(report.verdict)} {escape(report.contract)}: {summary(report)}",
        f"[dim]{escape(report.cassette)}, {escape(made(provenance))}[/]",
        *(f"[dim]note: {escape(note)}[/]" for note in provenance.get("notes", ())),
    ]
    promises = promise_lines(report, verbose=verbose)
    for line in head:
        out.print(line)
    if report.findings:
        # Three empty or closing lines stand between and below the parts.
        used = 3 + sum(height(out, line) for line in (*head, *promises))
        out.print()
        print_findings(out, report.findings, rows=None if verbose else max(ROWS - used, LEAST_ROWS))
    out.print()
    # Where all is well a line each is enough; whoever wants all of it takes -v, or a file.
    crop = out.is_terminal and not verbose and report.verdict is Verdict.PASS
    for line in promises:
        out.print(line, no_wrap=crop, overflow="ellipsis" if crop else None)
    if report.accepted:
        out.print(f"[dim]{len(report.accepted)} accepted finding(s) not counted: see accepted.yaml[/]")
    if verbose:
        print_tables(out, report.tables)
        for name, version in provenance.get("versions", {}).items():
            out.print(f"[dim]{escape(name)} {escape(version)}[/]")


def promise_lines(report: Report, *, verbose: bool) -> list[str]:
    """The contract as rich markup: every line, or, where not all promises hold, those that do in one."""
    folded = not verbose and report.verdict is not Verdict.PASS
    kept = [line for line in report.lines if line.verdict is Verdict.PASS] if folded else []
    told = [
        f"  {verdict_mark(line.verdict)} {escape(line.promise)} [dim]· {escape(line.evidence)}[/]"
        for line in report.lines
        if line not in kept
    ]
    if kept:
        names = shorten("; ".join(line.promise for line in kept), NAMES, placeholder=" … (-v shows all)")
        words = f"{len(kept)} of {len(report.lines)} promises kept: {names}"
        told.append(f"  {verdict_mark(Verdict.PASS)} [dim]{escape(words)}[/]")
    return told


def height(out: Console, line: str) -> int:
    """How many rows of the terminal a line of markup takes."""
    return len(out.render_lines(Text.from_markup(line), pad=False))


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


def print_findings(
    out: Console, findings: Sequence[Finding], *, limit: int | None = None, rows: int | None = None
) -> None:
    """Print findings by rule, the worst first, each hint once.

    ``limit`` findings are printed at most, yet of as many rules as can be; as many ``rows`` of the terminal are
    filled. The rules of what is left out are named.
    """
    groups = grouped(findings)
    shown = groups[:limit]
    each = None if limit is None else max(limit // max(len(shown), 1), 1)
    printed = used = 0
    for number, group in enumerate(shown):
        lines, told = group_lines(group, each)
        if rows is not None:
            for fewer in (2, 1):
                if used + sum(height(out, line) for line in lines) > rows:
                    lines, told = group_lines(group, fewer)
            if number and used + sum(height(out, line) for line in lines) > rows:
                shown = groups[:number]
                break
        for line in lines:
            out.print(line)
        used += sum(height(out, line) for line in lines)
        printed += told
    if printed < len(findings):
        rules = ", ".join(dict.fromkeys(group.rule for group in groups[len(shown) :]))
        more = f" ({shorten(rules, NAMES, placeholder=' …')})" if rules else ""
        out.print(
            f"[dim]… and {len(findings) - printed} more{escape(more)}: use -v to see all, --json for machines.[/]"
        )


def group_lines(group: Group, limit: int | None) -> tuple[list[str], int]:
    """The first findings of one rule, how many more there are, and what to do, as markup; and how many are told."""
    told = group.findings[:limit]
    lines = []
    for finding in told:
        lines.append(f"[{STYLE[group.severity]}]{group.severity}[/] {escape(finding.message)}")
        where = " · ".join(part for part in (place(finding), group.rule, finding.fingerprint) if part)
        lines.append(f"      [dim]{escape(where)}[/]")
    if len(told) < len(group.findings):
        lines.append(f"      [dim]… {len(group.findings) - len(told)} more of this kind[/]")
    hints = dict.fromkeys(finding.hint for finding in told if finding.hint)
    lines.extend(f"      [cyan]→[/] {escape(hint)}" for hint in hints)
    return lines, len(told)
