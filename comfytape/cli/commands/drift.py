"""``comfytape drift``: what changed between two endpoints, and what of it matters to these workflows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from comfytape.cli.output import STYLE, console, print_findings, print_json, verdict_text
from comfytape.drifting import compare_sources, read_workflow_file
from comfytape.settings import find_contract, load_settings
from comfytape.sources import load_inventory
from comfytape_contracts.contract import Contract
from comfytape_contracts.findings import Severity
from comfytape_contracts.verdicts import ExitCode, Report, exit_code_of, verdict_of

if TYPE_CHECKING:
    from rich.console import Console

    from comfytape.drifting import DriftResult

__all__ = ["command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport(Report):
    """A report whose exit code counts findings from a chosen severity on."""

    fail_on: Severity = Severity.ERROR

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the findings at or above ``fail_on``."""
        return exit_code_of(self.findings, examined=self.examined, fail_on=self.fail_on)


@click.command("drift", short_help="Compare two inventories by what workflows use.")
@click.argument("before")
@click.argument("after")
@click.option("--workflow", "workflows", multiple=True, metavar="FILE", help="A workflow that must go on working.")
@click.option("--contract", metavar="CONTRACT", help="Take workflows and severities from a contract.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="The least severity that fails.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding, not only the lines they are grouped to.")
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str,
    workflows: tuple[str, ...],
    contract: str | None,
    fail_on: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Say what changed between BEFORE and AFTER: JSON files of /object_info, HARs, cassettes, or URLs of ComfyUIs.

    With --workflow an error means that the workflow passed before and is rejected, or fails for certain, after.

    \b
    comfytape drift cassettes/monday cassettes/today --workflow contracts/z-image-danrisi/workflow.json
    comfytape drift cassettes/monday http://127.0.0.1:8188 --contract z-image-danrisi
    """  # noqa: D301
    settings = load_settings()
    held = Contract.load(find_contract(contract, settings)) if contract else None
    own = [str(path) for path in dict.fromkeys((held.workflow_path, held.samples_path))] if held else []
    files = [read_workflow_file(path) for path in (*workflows, *own)]
    result = compare_sources(
        load_inventory(before, settings),
        load_inventory(after, settings),
        files,
        held.model.severities if held else {},
    )
    report = DriftReport(
        findings=result.findings,
        examined=result.examined,
        cassette=f"{before} → {after}",
        measurements=dict(result.measurements),
        fail_on=Severity(fail_on),
    )
    if as_json:
        print_json(report)
    else:
        show(console(), report, result, workflows=len(files), verbose=verbose)
    ctx.exit(report.exit_code)


def show(out: Console, report: DriftReport, result: DriftResult, *, workflows: int, verbose: bool) -> None:
    """Print the verdict, then a line a cause, the worst first."""
    counts = ", ".join(f"{number} {name}" for name, number in report.counts.items())
    verdict = verdict_text(verdict_of(report.exit_code))
    out.print(f"{verdict} {escape(report.cassette)}: {result.changes} changes ({counts})")
    measured: dict[str, Any] = report.measurements
    judged = f"judged by {workflows} workflow{'s' if workflows != 1 else ''}" if workflows else UNJUDGED
    classes = f"{measured['classes_before']} and {measured['classes_after']} classes"
    out.print(f"[dim]{classes} compared in {result.elapsed_ms:.0f} ms; {judged}[/]")
    if verbose:
        print_findings(out, report.findings)
        return
    serious = [group for group in result.groups if group.severity is not Severity.INFO]
    # Judged by workflows, what none of them feels is a count: a screen is for what matters.
    for group in serious if workflows else result.groups:
        out.print(f"[{STYLE[group.severity]}]{group.severity}[/] {escape(group.line)}")
        if group.severity is not Severity.INFO:
            out.print(f"      [cyan]→[/] {escape(group.hint)}")
    if workflows and len(serious) < len(result.groups):
        out.print(f"[dim]{report.counts['info']} changes break nothing that is used: -v shows them[/]")


UNJUDGED = "no workflow given: every change is rated as if something used it (--workflow FILE tells)"
