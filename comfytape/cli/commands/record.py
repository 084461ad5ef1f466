"""``comfytape record``: talk to the live endpoint and write a cassette."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comfytape.cli.output import console
from comfytape.cli.progress import RecordingProgress
from comfytape.settings import find_contract, load_settings
from comfytape_contracts.contract import Contract
from comfytape_contracts.cost import own_rate
from comfytape_contracts.verdicts import ExitCode
from comfytape_recorder.management import management_url_of
from comfytape_recorder.record import Options, record
from comfytape_recorder.target import target_of

if TYPE_CHECKING:
    from comfytape_recorder.record import Outcome

__all__ = ["command"]

INTERRUPTED = 130


@click.command("record", short_help="Record the live endpoint into a cassette.")
@click.argument("contract")
@click.option("--samples", type=click.IntRange(min=1), help="Jobs to submit; default: what the contract says.")
@click.option("--concurrency", type=click.IntRange(1, 200), default=1, show_default=True, help="Jobs at a time.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="Stop before spending more.")
@click.option("--resume", is_flag=True, help="Continue a recording that was cut off; nothing is paid twice.")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="DIR", help="Folder of cassettes; default: ./cassettes."
)
@click.option("--scoped", is_flag=True, help="Ask ComfyUI for the workflow's classes only, not for all it has.")
@click.option("--note", "notes", multiple=True, help="A sentence that readers of the cassette must know; repeatable.")
@click.pass_context
def command(
    ctx: click.Context,
    contract: str,
    samples: int | None,
    concurrency: int,
    budget: float | None,
    resume: bool,
    into: Path | None,
    scoped: bool,
    notes: tuple[str, ...],
) -> None:
    """Record CONTRACT's endpoint: what it has, then jobs with varied prompts and seeds. This costs GPU time.

    The endpoint comes from the environment: RUNPOD_ENDPOINT_COMFYUI (or RUNPOD_ENDPOINT_ID) and RUNPOD_API_KEY; a
    ComfyUI beside it from COMFYUI_URL. Ctrl-C cancels the jobs it started and keeps what was received.

    \b
    comfytape record z-image-danrisi --samples 10 --concurrency 2 --budget 0.50
    comfytape record z-image-danrisi --resume
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:8900/v2 comfytape record noise-1024
    """  # noqa: D301
    settings = load_settings()
    loaded = Contract.load(find_contract(contract, settings))
    target = target_of(loaded.model.endpoint, os.environ)
    options = Options(
        samples=samples or loaded.model.samples.count,
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
        console(stderr=True), options.samples, priced=own_rate(loaded.model.cost) is not None
    ) as progress:
        outcome = record(loaded, target, path, options, progress)
    report(outcome, path, priced=own_rate(loaded.model.cost) is not None)
    if outcome.cassette is None:
        ctx.exit(INTERRUPTED)
    if outcome.stopped or any(entry.status != "COMPLETED" for entry in outcome.entries):
        ctx.exit(ExitCode.UNKNOWN)


def report(outcome: Outcome, path: Path, *, priced: bool) -> None:
    """Say how it ended, and every job that is not simply COMPLETED with its last known state."""
    out = console()
    done = sum(entry.status == "COMPLETED" for entry in outcome.entries)
    for entry in outcome.entries:
        if entry.status != "COMPLETED":
            note = f": {entry.note}" if entry.note else ""
            out.print(f"  sample {entry.sample + 1}: {entry.status} {entry.job or ''}{note}", markup=False)
    spent = f", about {outcome.spent_usd:.4f} USD at most" if priced else ""
    if outcome.cassette is None:
        out.print(f"[bold yellow]interrupted[/] {done} of {len(outcome.entries)} samples are kept in {path}{spent}")
        out.print("      [cyan]→[/] continue with --resume")
        return
    if outcome.stopped:
        out.print(f"[bold yellow]stopped[/] {outcome.stopped}")
    out.print(f"[bold green]recorded[/] {path}: {done} of {len(outcome.entries)} samples COMPLETED{spent}")
    out.print(f"      [cyan]→[/] comfytape check {outcome.cassette.provenance.contract} --cassette {path}")
