"""``comfytape report``: many recordings as a site, as a list, or as the answer to "since when"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape as escape_markup

from comfytape.cli.output import STYLE, console, escape, verdict_text
from comfytape.history.opening import open_history
from comfytape.history.sighting import sightings, together
from comfytape.reporting.site import build_site
from comfytape.reporting.site.build import lines_of
from comfytape.reporting.site.memory import Memory
from comfytape.reporting.site.recorded import Shelf, named
from comfytape.reporting.site.trends import cell
from comfytape.reporting.words import plural
from comfytape.settings import load_settings
from comfytape_cassettes import UsageError
from comfytape_contracts.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from comfytape.history import Run, Sighting
    from comfytape.reporting.site.comparison import Comparison
    from comfytape.reporting.site.recorded import Recorded
    from comfytape_contracts.verdicts import Change

__all__ = ["command"]

SPELLS = 6
"""Stretches of time that are named, the latest ones."""
SHOWN = 3
"""Findings of one kind that are shown of those seen together."""


@click.command("report", short_help="Show many recordings: a site, or since when.")
@click.argument("cassettes", nargs=-1, metavar="[CASSETTE ...]")
@click.option("--html", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Write a static site.")
@click.option(
    "--history", "kept", metavar="URL", envvar="COMFYTAPE_HISTORY", show_envvar=True,
    help="Also what comfytape check --history kept: a file such as history.sqlite, or postgresql://…",
)  # fmt: skip
@click.option("--contract", metavar="NAME", help="The contract of the recordings; default: the one that each names.")
@click.option(
    "--compare", "pairs", nargs=2, multiple=True, metavar="A B", help="Also compare these two recordings; repeatable."
)
@click.option(
    "--since", metavar="FINGERPRINT|RULE", help="Say when a finding or a change first appeared, and where it was seen."
)
@click.pass_context
def command(
    ctx: click.Context,
    cassettes: tuple[str, ...],
    folder: Path | None,
    kept: str | None,
    contract: str | None,
    pairs: tuple[tuple[str, str], ...],
    since: str | None,
) -> None:
    """Show CASSETTE (names, paths or URLs) and what a history holds, the latest last. No network is used.

    Each recording is held to its contract as of the day on which it was made. The site compares each with the one
    before; it can be served from anywhere, and opens without a server.

    \b
    comfytape report recordings/* --html site
    comfytape report --history history.sqlite --since generation-slow
    comfytape report recordings/* --contract z-image-danrisi --since 3f2a9c
    """  # noqa: D301
    if not cassettes and not kept:
        raise UsageError("there is nothing to report on", hint="name cassettes, or a history with --history URL")
    if pairs and not folder:
        raise UsageError("--compare makes a page of the site", hint="add --html DIR")
    memory = Memory.of(folder)
    runs = open_history(kept).runs() if kept else []
    recordings = Shelf(load_settings(), memory, contract or "").recordings(cassettes, runs)
    if not recordings:
        click.echo("there is no recording", err=True)
        ctx.exit(ExitCode.NOTHING)
    out = console()
    if folder:
        wished = [(named(recordings, a), named(recordings, b)) for a, b in pairs]
        site = build_site(recordings, memory, wished)
        pages = f"{site.written} pages written, {site.kept} unchanged"
        out.print(f"{site.recordings} recordings in {escape(str(folder / 'index.html'))}: {pages}")
    if since:
        answer(ctx, out, recordings, memory, since)
    elif not folder:
        show_list(out, [each.run for each in recordings])


def answer(ctx: click.Context, out: Console, recordings: Sequence[Recorded], memory: Memory, since: str) -> None:
    """Print since when; exit code 4 where no recording has it."""
    seen = sightings((each.run for each in recordings), since)
    for group in together(seen):
        show_sightings(out, group)
    if seen:
        return
    # What is not a finding of a check may be a change from one recording to the next, which takes longer to find.
    steps = [step for line in lines_of(recordings, memory) for step in line.steps]
    changed = [(step, change) for step in steps for change in step.changes or () if fits(change, since)]
    for step, change in changed:
        show_change(out, step, change)
    if not changed:
        out.print(f"none of {len(recordings)} recordings has a finding or a change '{escape(since)}'")
        known = {f.rule for each in recordings for f in each.run.findings}
        known |= {change.rule for step in steps for change in step.changes or ()}
        out.print(f"      [cyan]→[/] rules that were seen: {escape(', '.join(sorted(known))) or 'none'}")
        ctx.exit(ExitCode.NOTHING)


def fits(change: Change, since: str) -> bool:
    """Whether a change is of that rule, or one of those that it tells of has that fingerprint."""
    return change.rule == since or any(fingerprint.startswith(since) for fingerprint in change.fingerprints)


def show_sightings(out: Console, group: Sequence[Sighting]) -> None:
    """Print findings that were seen together: whether they stand, since when, and what they say."""
    first = group[0]
    state = f"stands since {moment(first.since)}"
    if first.gone:
        state = f"gone with {moment(first.gone)}, last seen {moment(first.last)}"
    severity = first.finding.severity
    out.print(f"[{STYLE[severity]}]{severity}[/] {escape(first.finding.rule)}: {state}")
    share = f"in {len(first.seen)} of {len(first.runs)} recordings"
    where = f"{first.last.contract} at {first.last.endpoint or 'an unknown endpoint'}"
    spells = [day(a) if a is b else f"{day(a)} to {day(b)}" for a, b in first.spells]
    out.print(f"      {share} of {escape(where)}: {', '.join((['…'] * (len(spells) > SPELLS)) + spells[-SPELLS:])}")
    for sighting in group[:SHOWN]:
        out.print(f"      {sighting.finding.fingerprint} {escape(sighting.finding.message)}")
    if len(group) > SHOWN:
        out.print(f"      [dim]… {len(group) - SHOWN} more, seen in the same recordings[/]")


def show_change(out: Console, step: Comparison, change: Change) -> None:
    """Print one change of an endpoint: between which recordings it came."""
    out.print(f"[{STYLE[change.severity]}]{change.severity}[/] {escape(change.rule)}: {escape(change.line)}")
    out.print(f"      first in {moment(step.after.run)}, not yet in {moment(step.before.run)}")


def day(run: Run) -> str:
    """The day of a recording, as rich markup."""
    return escape_markup(run.recorded_at[:10] or "an unknown day")


def moment(run: Run) -> str:
    """When and by which name a recording was made, as rich markup."""
    return escape_markup(f"{run.recorded_at[:16].replace('T', ' ')} ({run.cassette})")


def show_list(out: Console, runs: Sequence[Run]) -> None:
    """Print a line for each recording, the latest last."""
    for run in runs:
        times = f"cold start {cell(run, 'cold_start_ms')}, p95 {cell(run, 'generation_p95_ms')}"
        out.print(f"{verdict_text(run.verdict)} {moment(run)} {escape(run.contract)}: {plural(run.counts)}; {times}")
