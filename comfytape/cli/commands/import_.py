"""``comfytape import``: turn HAR files of other tools into a cassette."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from comfytape.cli.output import console
from comfytape.importing import import_hars
from comfytape.settings import load_settings

__all__ = ["command"]


@click.command("import", short_help="Turn HAR files into a cassette.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.har ...")
@click.option("--into", type=click.Path(path_type=Path), help="Folder of cassettes; default: ./cassettes.")
@click.option("--name", help="Name of the cassette; default: the first file's.")
@click.option("--note", "notes", multiple=True, help="A sentence that readers of the cassette must know; repeatable.")
def command(files: tuple[Path, ...], into: Path | None, name: str | None, notes: tuple[str, ...]) -> None:
    """Turn HAR files of a browser, mitmproxy or Playwright into one cassette. Keys in them are not kept.

    \b
    comfytape import inventory.har jobs.har --into cassettes --name z-image-danrisi
    """  # noqa: D301
    settings = load_settings()
    folder = (into or settings.cassettes) / (name or Path(files[0].name.removesuffix(".gz")).stem)
    cassette = import_hars(files, folder, notes, settings.secret_values())
    polls = sum(len(exchange.times) for exchange in cassette.exchanges)
    out = console()
    out.print(
        f"[bold green]done[/] {escape(cassette.label)}: {len(cassette.exchanges)} exchanges "
        f"({polls} with repeated polls), {len(cassette.folder.names('bodies'))} body files"
    )
    for note in cassette.provenance.notes:
        out.print(f"[dim]note: {escape(note)}[/]")
