"""``comfytape scan``: is there a key in these files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import track

from comfytape.cli.output import SCREEN, console, escape, print_findings, print_json, verdict_text
from comfytape.scanning import environment_secrets, files_under, findings_in, findings_of
from comfytape.settings import load_settings
from comfytape_contracts.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_cassettes.redaction import Refusal

__all__ = ["command"]


@click.command("scan", short_help="Search files for keys before others read them.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files whose path or name matches.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding, not only a screen of them.")
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], exclude: tuple[str, ...], as_json: bool, verbose: bool
) -> None:
    """Search PATHS for keys; exit code 1 if there is one.

    PATHS are files or folders, or - for standard input; without any, the current folder is searched.

    Looked for are the values of RUNPOD_API_KEY, of `secrets_env` in [tool.comfytape] and of every variable whose name
    ends as a key's does (…_KEY, …_TOKEN, …_SECRET, …_PASSWORD, …_WEBHOOK), in every encoding, and the shapes in which
    RunPod, Comfy.org, AWS, GitHub, Slack, Hugging Face and others issue theirs. In a git repository, what git ignores
    is left out. A key is never printed.

    \b
    comfytape scan
    comfytape scan cassettes/ report.html --json
    git log -p | comfytape scan -
    """  # noqa: D301
    settings = load_settings()
    secrets = environment_secrets(os.environ, ["RUNPOD_API_KEY", *settings.secrets_env])
    given = [path for path in paths or (Path(),) if str(path) != "-"]
    files = files_under(given, (*settings.scan_exclude, *exclude))
    watched = track(files, "searching", console=console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    findings = [finding for file in watched for finding in findings_in(file, secrets)]
    if len(given) < len(paths):
        findings += findings_of("standard input", sys.stdin.buffer.read(), secrets)
    examined = len(files) + (len(given) < len(paths))
    report = Report(findings=findings, examined=examined, measurements={"files": examined, "values": len(secrets)})
    if as_json:
        print_json(report)
    else:
        show(report, secrets.refused, verbose=verbose)
    ctx.exit(report.exit_code)


def show(report: Report, refused: Sequence[Refusal], *, verbose: bool) -> None:
    """The verdict and what was searched, then each place."""
    out = console()
    files, values = report.measurements["files"], report.measurements["values"]
    said = "no key" if not report.findings else f"{len(report.findings)} finding(s)"
    out.print(f"{verdict_text(report.verdict)} {said} in {files} file(s)")
    out.print(f"[dim]searched for {values} value(s) of the environment and for known shapes of keys[/]")
    for refusal in refused:
        out.print(f"[yellow]not searched for:[/] the value of {escape(refusal.origin)}: {escape(refusal.reason)}")
    print_findings(out, report.findings, limit=None if verbose else SCREEN)
