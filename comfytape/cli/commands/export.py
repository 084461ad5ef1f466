"""``comfytape export``: write a cassette for vcrpy, a browser, mitmproxy or WireMock."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from comfytape.cli.output import console
from comfytape.exporting import SUFFIXES, export_cassette
from comfytape.settings import find_cassette, load_settings
from comfytape_cassettes import Cassette

__all__ = ["command"]


@click.command("export", short_help="Write a cassette for vcrpy, HAR readers or WireMock.")
@click.argument("cassette")
@click.option("--format", "kind", type=click.Choice(list(SUFFIXES)), required=True, help="What reads it.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), required=True, metavar="PATH",
    help="The file to write; for wiremock its root folder.",
)  # fmt: skip
def command(cassette: str, kind: str, output: Path) -> None:
    """Write a cassette, by name or path, for another tool. What is there is replaced.

    vcr is a plain vcrpy cassette: YAML, or JSON where PATH ends in .json and no body is binary. har opens in a
    browser's network panel, mitmproxy and Playwright. Every recorded poll is an entry of its own in both. wiremock is
    a folder with mappings/ and __files/, in which each poll of a job is one state further.

    \b
    comfytape export noise-1024 --format vcr --output noise-1024.yaml
    comfytape export noise-1024 --format har --output noise-1024.har
    comfytape export noise-1024 --format wiremock --output wiremock
    """  # noqa: D301
    tape = Cassette.open(find_cassette(cassette, load_settings()))
    lost = export_cassette(tape, kind, output)
    polls = sum(len(exchange.times) for exchange in tape.exchanges)
    out = console()
    out.print(f"[bold green]done[/] {escape(str(output))}: {polls} requests of {escape(tape.label)}")
    for line in lost:
        out.print(f"[dim]not kept: {escape(line)}[/]")
