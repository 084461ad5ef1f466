"""How a diagnosis is printed: the first cause in full, the others in two lines each, then what a contract lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape.cli.output import STYLE, escape, verdict_mark, verdict_text
from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from rich.console import Console

    from comfytape_contracts.diagnosis import Cause, Diagnosis

__all__ = ["print_diagnosis"]


def print_diagnosis(out: Console, found: Diagnosis, *, verbose: bool) -> None:
    """The first cause in full, what was looked at, and the other causes in a line each."""
    shown = [cause for cause in found.causes if verbose or cause.weight is not Severity.INFO]
    first = shown[0] if shown else None
    subject = first.claim if first and first.weight is Severity.ERROR else "nothing stands in the way of a job"
    if found.exit_code and (first is None or first.weight is not Severity.ERROR):
        subject = next((f.message for f in found.findings if f.severity is Severity.ERROR), "nothing was examined")
    out.print(f"{verdict_text(found.verdict)} {escape(subject)}")
    if first is not None and first.weight is Severity.ERROR:
        print_cause(out, first)
        shown = shown[1:]
    out.print()
    for line in found.lines:
        out.print(f"  {verdict_mark(line.verdict)} {escape(line.promise)} [dim]· {escape(line.evidence)}[/]")
    if shown:
        out.print()
    for cause in shown:
        out.print(
            f"[{STYLE[cause.weight]}]{cause.weight}[/] {escape(cause.claim)} "
            f"[dim]· {escape(cause.evidence)} · {cause.confidence} · {cause.rule.id}[/]"
        )
        out.print(f"      [cyan]→[/] {escape(cause.next_step or cause.rule.todo)}")
    print_findings(out, found, verbose=verbose)


def print_findings(out: Console, found: Diagnosis, *, verbose: bool) -> None:
    """What the contract promises and is not so: nodes, models, versions, the volume."""
    told = {cause.finding().fingerprint for cause in found.causes}
    for finding in found.findings:
        if finding.fingerprint not in told and (verbose or finding.severity is not Severity.INFO):
            out.print(
                f"[{STYLE[finding.severity]}]{finding.severity}[/] {escape(finding.message)} [dim]· {finding.rule}[/]"
            )
            out.print(f"      [cyan]→[/] {escape(finding.hint)}")


def print_cause(out: Console, cause: Cause) -> None:
    """Evidence, confidence, next step, reason and source."""
    for name, text in (
        ("evidence", cause.evidence),
        ("confidence", str(cause.confidence)),
        ("next step", cause.next_step or cause.rule.todo),
        ("why", cause.rule.why),
        ("source", f"{cause.rule.source} ({cause.rule.id})"),
    ):
        out.print(f"      [cyan]{name:<11}[/]{escape(text)}")
