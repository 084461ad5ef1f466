"""``comfytape alert``: tell people what is new, worse or resolved, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from comfytape.alerts import Round
from comfytape.alerts.message import headline, sentence
from comfytape.alerts.state import StateFile
from comfytape.cli.output import STYLE, console, escape
from comfytape.settings import load_settings
from comfytape_contracts.findings import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from comfytape.alerts.change import Change
    from comfytape.alerts.round import Outcome

__all__ = ["command"]


@click.command("alert", short_help="Tell people what is new, worse or resolved.")
@click.argument("reports", nargs=-1, required=True, metavar="REPORT.json ...")
@click.option("--contract", default="", metavar="CONTRACT", help="Whose alerts, for reports of drift and doctor.")
@click.option("--target", default="", metavar="NAME", help="Which endpoint, where one contract is held to several.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".comfytape/alerts.json"),
    show_default=True,
    help="What was told already; keep it from run to run.",
)
@click.option("--digest", is_flag=True, help="Remind of accepted findings that are still there, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be told; send and keep nothing.")
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="For all channels together.",
)
@click.pass_context
def command(
    ctx: click.Context,
    reports: tuple[str, ...],
    contract: str,
    target: str,
    state: Path,
    digest: bool,
    dry_run: bool,
    deadline: float,
) -> None:
    """Compare reports with what was told before, and tell the contract's channels what changed.

    REPORT.json is what `check --report json=…`, `drift --json` or `doctor --json` wrote. Channels, threshold and owner
    are in the contract under `alerts`, addresses and keys in the environment. Exit codes: 0 all is told, 2 a channel
    is not set up, 3 a channel did not take it; then the others were told, and this one is told next time.

    \b
    comfytape check --report json=report.json; comfytape alert report.json
    comfytape alert report.json --digest
    comfytape drift BEFORE AFTER --contract z-image-danrisi --json > drift.json
    comfytape alert drift.json --contract z-image-danrisi --dry-run
    """  # noqa: D301
    task = Round(
        settings=load_settings(),
        state=StateFile(state),
        contract=contract,
        target=target,
        digest=digest,
        deadline_s=deadline,
    )
    outcome = task.preview(reports) if dry_run else task.run(reports)
    show(console(), outcome, dry_run=dry_run)
    ctx.exit(outcome.exit_code)


def show(out: Console, outcome: Outcome, *, dry_run: bool) -> None:
    """Print each change with the channels that were told, then what failed."""
    told: dict[tuple[str, str], tuple[Change, list[str]]] = {}
    for delivery in outcome.deliveries:
        for change in delivery.changes:
            if not delivery.failure:
                entry = told.setdefault((delivery.subject, change.problem.cause), (change, []))
                entry[1].append(delivery.channel)
        if delivery.is_digest and not delivery.failure:
            out.print(f"digest of {escape(delivery.subject)} → {delivery.channel}")
    for (subject, _), (change, channels) in told.items():
        out.print(f"{escape(headline(change))} {escape(subject)}: {escape(sentence(change))}")
        out.print(f"      [dim]{'would go to' if dry_run else 'told'}: {', '.join(channels)}[/]")
    for name in outcome.silent:
        out.print(f"[dim]{escape(name)} has no 'alerts': nobody is told[/]")
    failed = [delivery for delivery in outcome.deliveries if delivery.failure]
    for delivery in failed:
        kept = f"; {len(delivery.changes)} kept for the next run" if delivery.changes else ""
        words = f"{delivery.channel} was not told of {delivery.subject}: {delivery.failure}{kept}"
        out.print(f"[{STYLE[Verdict.FAIL]}]error:[/] {escape(words)}")
        if delivery.hint:
            out.print(f"      [cyan]→[/] {escape(delivery.hint)}")
    if not told and not failed and not any(delivery.is_digest for delivery in outcome.deliveries):
        out.print("nothing has changed: nobody is told")
