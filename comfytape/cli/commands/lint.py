"""``comfytape lint``: would this ComfyUI take this workflow, and would it come through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from comfytape.cli.output import SCREEN, console, print_findings, print_json, verdict_text
from comfytape.drifting import read_workflow_file
from comfytape.settings import load_settings
from comfytape.sources import load_inventory
from comfytape_cassettes import UsageError
from comfytape_contracts.convert import convert_workflow
from comfytape_contracts.findings import Severity
from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.verdicts import Report
from comfytape_contracts.workflow import WorkflowFormat, format_of, unwrap

if TYPE_CHECKING:
    from comfytape.drifting import WorkflowFile
    from comfytape.sources import InventorySource
    from comfytape_contracts.findings import Finding

__all__ = ["command"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What linting one file gave: findings that point into it, and what was looked at."""

    findings: list[Finding]
    nodes: int
    converted: bool


@click.command("lint", short_help="Ask what a ComfyUI would say to a workflow.")
@click.argument("workflow")
@click.option(
    "--inventory",
    required=True,
    metavar="FILE|CASSETTE|URL",
    help="What the ComfyUI has: JSON of /object_info, a recording, or a running server.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding, not only a screen of them.")
@click.pass_context
def command(ctx: click.Context, workflow: str, inventory: str, as_json: bool, verbose: bool) -> None:
    """Say what a ComfyUI would say to WORKFLOW, without sending it: rejected, failing late, or fine.

    WORKFLOW is a JSON file in API or UI format, alone or inside a request or a RunPod job.

    \b
    comfytape lint contracts/z-image-danrisi/workflow.json --inventory cassettes/z-image-danrisi
    """  # noqa: D301
    file = read_workflow_file(workflow)
    source = load_inventory(inventory, load_settings())
    linted = lint_file(file, source)
    report = Report(
        findings=linted.findings,
        examined=linted.nodes,
        cassette=inventory,
        measurements={"nodes": linted.nodes, "classes": len(source.object_info), "converted": linted.converted},
    )
    if as_json:
        print_json(report)
    else:
        show(report, workflow, source, verbose=verbose)
    ctx.exit(report.exit_code)


def lint_file(file: WorkflowFile, source: InventorySource) -> Linted:
    """Lint one file, converting the UI format first.

    Raises:
        UsageError: the inventory is empty, or the workflow cannot be converted.
    """
    if not source.object_info:
        raise UsageError(f"{source.label} lists no node classes", hint="record /object_info from a running ComfyUI")
    opened = unwrap(file.document)
    converted = format_of(opened.graph) is WorkflowFormat.UI
    document = convert_workflow(opened.graph, source.object_info) if converted else file.document
    found = lint_workflow(document, source.object_info, comfyui_version=source.comfyui_version)
    return Linted(
        findings=[finding.at(file=file.name, line=None if converted else line_of(file, finding)) for finding in found],
        nodes=len(unwrap(document).graph) if isinstance(unwrap(document).graph, dict) else 0,
        converted=converted,
    )


def line_of(file: WorkflowFile, finding: Finding) -> int | None:
    """Where the finding stands in the file: the input, else the node."""
    return file.line(finding.location.node_id, finding.location.input)


def show(report: Report, workflow: str, source: InventorySource, *, verbose: bool) -> None:
    """One screen: the verdict, then the cause, then what follows from it."""
    out = console()
    said = "would take it" if not any(f.severity == Severity.ERROR for f in report.findings) else "would not take it"
    counts = ", ".join(f"{number} {name}" for name, number in report.counts.items())
    version = f"ComfyUI {source.comfyui_version}" if source.comfyui_version else "this ComfyUI"
    out.print(f"{verdict_text(report.verdict)} {escape(workflow)}: {escape(version)} {said} ({counts})")
    measured = report.measurements
    how = "converted from the UI format, " if measured["converted"] else ""
    out.print(f"[dim]{how}{measured['nodes']} nodes held against {measured['classes']} classes[/]")
    print_findings(out, report.findings, limit=None if verbose else SCREEN)
