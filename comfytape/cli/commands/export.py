"""``comfytape export``: write a cassette as one file that vcrpy, a browser or mitmproxy reads."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from comfytape.cli.output import console
from comfytape.exporting import SUFFIXES, export_cassette
from comfytape.settings import find_cassette, load_settings
from comfytape_cassettes import Cassette

__all__ = ["command"]


@click.command("export", short_help="Write a cassette as one vcrpy or HAR file.")
@click.argument("cassette")
@click.option("--format", "kind", type=click.Choice(list(SUFFIXES)), required=True, help="What reads the file.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The file to write."
)
def command(cassette: str, kind: str, output: Path) -> None:
    """Write a cassette, by name or path, as one file for another tool. A file that is there is replaced.

    vcr is a plain vcrpy cassette: YAML, or JSON where FILE ends in .json and no body is binary. har opens in a
    browser's network panel, mitmproxy and Playwright. Every recorded poll is an entry of its own in both.

    \b
    comfytape export noise-1024 --format vcr --output noise-1024.yaml
    """  # noqa: D301
    tape = Cassette.open(find_cassette(cassette, load_settings()))
    export_cassette(tape, kind, output)
    polls = sum(len(exchange.times) for exchange in tape.exchanges)
    console().print(f"[bold green]done[/] {escape(str(output))}: {polls} requests of {escape(tape.label)}")
