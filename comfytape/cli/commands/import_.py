"""``comfytape import``: turn recordings of other tools into a cassette."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from rich.markup import escape

from comfytape.cli.output import console
from comfytape.importing import import_files
from comfytape.settings import load_settings
from comfytape_cassettes import UsageError

__all__ = ["command"]

NAME = re.compile(r"[^\W_][\w .+@-]*", re.ASCII)
"""Names that mean the same folder on every system, and never another one."""


@click.command("import", short_help="Turn recordings of other tools into a cassette.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE ...")
@click.option("--into", type=click.Path(path_type=Path), help="Folder of cassettes; default: ./cassettes.")
@click.option("--name", help="Name of the cassette; default: the first file's.")
@click.option("--note", "notes", multiple=True, help="A sentence that readers of the cassette must know; repeatable.")
def command(files: tuple[Path, ...], into: Path | None, name: str | None, notes: tuple[str, ...]) -> None:
    """Turn recordings of other tools into one cassette. Keys in them are not kept.

    FILE is a HAR (browser, mitmproxy, Playwright), a vcrpy cassette in YAML or JSON, webhook bodies of RunPod in JSON
    or JSON lines, or a cassette folder; known by its content, also under gzip. Several are told in order of time.

    \b
    comfytape import inventory.har jobs.har --into cassettes --name z-image-danrisi
    comfytape import tests/cassettes/test_generate.yaml
    comfytape import webhooks.jsonl --name last-night
    """  # noqa: D301
    settings = load_settings()
    folder = (into or settings.cassettes) / checked_name(name, files[0])
    secrets = [value for value in (os.environ.get("RUNPOD_API_KEY"), *settings.secret_values()) if value]
    cassette, unkept = import_files(files, folder, notes, secrets)
    polls = sum(len(exchange.times) for exchange in cassette.exchanges)
    out = console()
    out.print(
        f"[bold green]done[/] {escape(cassette.label)}: {len(cassette.exchanges)} exchanges "
        f"({polls} with repeated polls), {len(cassette.folder.names('bodies'))} body files"
    )
    for note in cassette.provenance.notes:
        out.print(f"[dim]note: {escape(note)}[/]")
    for line in unkept:
        out.print(f"[dim]not kept: {escape(line)}[/]")


def checked_name(name: str | None, first: Path) -> str:
    """The cassette's name: as given, else the first file's less its suffix.

    Raises:
        UsageError: it would be no folder of its own.
    """
    named = Path(first.name.removesuffix(".gz")).stem if name is None else name
    if not NAME.fullmatch(named) or named.endswith((".", " ")):
        raise UsageError(
            f"{named[:80]!r} cannot be the name of a cassette",
            hint="--name with letters, digits, '-', '_' and '.', such as --name z-image-danrisi",
        )
    return named
