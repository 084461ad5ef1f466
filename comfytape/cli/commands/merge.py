"""``comfytape merge``: several cassettes into one."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from comfytape.cli.output import console
from comfytape.merging import merge_cassettes, opened
from comfytape.settings import find_cassette, load_settings
from comfytape_cassettes import UsageError
from comfytape_cassettes.journal import JOURNAL

__all__ = ["command"]


@click.command("merge", short_help="Make one cassette of several.")
@click.argument("cassettes", nargs=-1, required=True, metavar="CASSETTE ...")
@click.option("--name", required=True, help="Name of the merged cassette.")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="DIR", help="Folder of cassettes; default: ./cassettes."
)
@click.option("--note", "notes", multiple=True, help="A sentence that readers of the cassette must know; repeatable.")
def command(cassettes: tuple[str, ...], name: str, into: Path | None, notes: tuple[str, ...]) -> None:
    """Merge recordings of one endpoint: the shards of a load test, or recordings with 1, 2 and 4 jobs at once.

    All exchanges are kept, on one clock. A shard whose process was killed is finished first with what it had received.

    \b
    comfytape merge cassettes/noise-1024-load-w* --name noise-1024-load
    comfytape check noise-1024 --cassette noise-1024-load --report html=load.html
    """  # noqa: D301
    settings = load_settings()
    folder = (into or settings.cassettes) / name
    parts = []
    for each in dict.fromkeys(cassettes):
        cut_off = next((p for p in (Path(each), settings.cassettes / each) if (p / JOURNAL).is_file()), None)
        parts.append(opened(str(cut_off) if cut_off else find_cassette(each, settings)))
    if any(Path(part.label).resolve() == folder.resolve() for part in parts):
        raise UsageError(f"{folder} is one of the cassettes to merge", hint="choose another --name")
    merged = merge_cassettes(parts, folder, notes, settings.secret_values())
    out = console()
    out.print(
        f"[bold green]done[/] {escape(merged.label)}: {len(parts)} recordings, {len(merged.exchanges)} exchanges, "
        f"{len(merged.provenance.samples)} jobs"
    )
