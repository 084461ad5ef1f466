"""``comfytape record``: talk to the live endpoint and write a cassette."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comfytape.cli.output import console
from comfytape.cli.planned import print_plan
from comfytape.cli.progress import RecordingProgress
from comfytape.settings import find_contract, load_settings
from comfytape_contracts.contract import Contract
from comfytape_contracts.cost import own_rate
from comfytape_contracts.verdicts import ExitCode
from comfytape_recorder.ledger import DONE
from comfytape_recorder.management import management_url_of
from comfytape_recorder.plan import chosen_cases
from comfytape_recorder.record import Options, record
from comfytape_recorder.target import target_of

if TYPE_CHECKING:
    from comfytape_recorder.ledger import Entry
    from comfytape_recorder.record import Outcome

__all__ = ["command"]

INTERRUPTED = 130


@click.command("record", short_help="Record the live endpoint into a cassette.")
@click.argument("contract")
@click.option("--samples", type=click.IntRange(min=0), help="Jobs to submit; default: what the contract says.")
@click.option(
    "--case", "cases", multiple=True, metavar="NAME", help="Only this case of the contract, and no samples; repeatable."
)
@click.option("--concurrency", type=click.IntRange(1, 200), default=1, show_default=True, help="Jobs at a time.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="Stop before spending more.")
@click.option("--resume", is_flag=True, help="Continue a recording that was cut off; nothing is paid twice.")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="DIR", help="Folder of cassettes; default: ./cassettes."
)
@click.option("--scoped", is_flag=True, help="Ask ComfyUI for the workflow's classes only, not for all it has.")
@click.option("--dry-run", is_flag=True, help="Show what would be submitted and what it may cost; send nothing.")
@click.option("--note", "notes", multiple=True, help="A sentence that readers of the cassette must know; repeatable.")
@click.pass_context
def command(
    ctx: click.Context,
    contract: str,
    samples: int | None,
    cases: tuple[str, ...],
    concurrency: int,
    budget: float | None,
    resume: bool,
    into: Path | None,
    scoped: bool,
    dry_run: bool,
    notes: tuple[str, ...],
) -> None:
    """Record CONTRACT's endpoint: what it has, then samples with varied prompts and seeds, then the contract's cases.

    This costs GPU time; --dry-run tells how many jobs there are and, where prices and times are known, what they cost.

    The endpoint comes from the environment: RUNPOD_ENDPOINT_COMFYUI (or RUNPOD_ENDPOINT_ID) and RUNPOD_API_KEY; a
    ComfyUI beside it from COMFYUI_URL. Ctrl-C cancels the jobs it started and keeps what was received.

    \b
    comfytape record z-image-danrisi --samples 10 --concurrency 2 --budget 0.50
    comfytape record z-image-danrisi --resume
    comfytape record noise-cases --dry-run
    comfytape record noise-cases --case unknown-node --into trials
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:8900/v2 comfytape record noise-1024
    """  # noqa: D301
    settings = load_settings()
    loaded = Contract.load(find_contract(contract, settings))
    count = samples if samples is not None else 0 if cases else loaded.model.samples.count
    chosen = chosen_cases(loaded, cases or None)
    if dry_run:
        print_plan(console(), loaded, count, cases or None, settings)
        return
    target = target_of(loaded.model.endpoint, os.environ)
    options = Options(
        samples=count,
        cases=cases or None,
        concurrency=concurrency,
        budget_usd=budget,
        resume=resume,
        scoped=scoped,
        secrets=settings.secret_values(),
        management_url=management_url_of(os.environ, target.base_url),
        notes=notes,
    )
    path = (into or settings.cassettes) / loaded.name
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a supervisor's stop is a person's Ctrl-C
    with RecordingProgress(
        console(stderr=True), count + sum(case.runs for case in chosen), priced=own_rate(loaded.model.cost) is not None
    ) as progress:
        outcome = record(loaded, target, path, options, progress)
    report(outcome, path, priced=own_rate(loaded.model.cost) is not None)
    if outcome.cassette is None:
        ctx.exit(INTERRUPTED)
    if outcome.stopped or not all(came_to_an_end(entry) for entry in outcome.entries):
        ctx.exit(ExitCode.UNKNOWN)


def came_to_an_end(entry: Entry) -> bool:
    """A sample must be COMPLETED; a case may be meant to fail, which is for the check to say."""
    return entry.status == "COMPLETED" or (bool(entry.case) and entry.status in DONE)


def report(outcome: Outcome, path: Path, *, priced: bool) -> None:
    """Say how it ended, and every job that is not simply COMPLETED with its last known state."""
    out = console()
    done = sum(entry.status == "COMPLETED" for entry in outcome.entries)
    for entry in outcome.entries:
        if entry.status != "COMPLETED":
            note = f": {entry.note}" if entry.note else ""
            out.print(f"  {entry.label}: {entry.status} {entry.job or ''}{note}", markup=False)
    spent = f", about {outcome.spent_usd:.4f} USD at most" if priced else ""
    if outcome.cassette is None:
        out.print(f"[bold yellow]interrupted[/] {done} of {len(outcome.entries)} jobs are kept in {path}{spent}")
        out.print("      [cyan]→[/] continue with --resume")
        return
    if outcome.stopped:
        out.print(f"[bold yellow]stopped[/] {outcome.stopped}")
    samples = [entry for entry in outcome.entries if not entry.case]
    done = sum(entry.status == "COMPLETED" for entry in samples)
    cases = len(outcome.entries) - len(samples)
    ended = sum(came_to_an_end(entry) for entry in outcome.entries if entry.case)
    beside = f", {ended} of {cases} jobs of cases ended" if cases else ""
    out.print(f"[bold green]recorded[/] {path}: {done} of {len(samples)} samples COMPLETED{beside}{spent}")
    out.print(f"      [cyan]→[/] comfytape check {outcome.cassette.provenance.contract} --cassette {path}")
