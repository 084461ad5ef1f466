"""The command group: finds commands by file name, imports only the one that runs, reports what we could not do."""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

import click

from comfytape.cli import commands
from comfytape.cli.names import complete_names
from comfytape.cli.printable import printable
from comfytape.cli.suggesting import SuggestingGroup
from comfytape_cassettes.errors import ComfytapeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells number it (128 + SIGINT)."""


class CommandFiles(SuggestingGroup):
    """A group whose commands are the modules of ``comfytape.cli.commands``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Command names in alphabetical order, read from the file names."""
        return sorted(m.name.removesuffix("_") for m in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one module that is asked for: ``replay`` must not pay for ``requests``."""
        if cmd_name not in self.list_commands(ctx):
            return None
        # `import` is a Python keyword, so its module is `import_`.
        suffix = "_" if cmd_name == "import" else ""
        command: click.Command = importlib.import_module(f"{commands.__name__}.{cmd_name}{suffix}").command
        complete_names(command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a ComfytapeError becomes words on stderr and its exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except ComfytapeError as error:
            report_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)


def report_error(error: ComfytapeError) -> None:
    """Print what we could not do, and the next step, to stderr."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(str(error))}", err=True)
    if error.hint:
        click.echo(f"{click.style('hint:', fg='cyan')}  {printable(error.hint)}", err=True)


def print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """``--version``: the versions that matter in a bug report."""
    if not value or ctx.resilient_parsing:
        return
    from comfytape.versions import version_lines  # noqa: PLC0415 - only this option pays for it

    for line in version_lines():
        click.echo(line)
    ctx.exit()


@click.group(
    cls=CommandFiles,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 pass, 1 a promise is broken, 2 usage or configuration, 3 unknown, "
    "4 nothing to check, 5 only a budget is exceeded.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Print versions.",
)
def cli() -> None:
    """Record what a RunPod + ComfyUI endpoint really says, hold it to a contract, replay it offline.

    \b
    comfytape record z-image-danrisi           # talk to the live endpoint, write a cassette
    comfytape check z-image-danrisi            # hold the cassette to the contract
    comfytape replay cassettes/z-image-danrisi # serve it as an offline RunPod and ComfyUI
    """  # noqa: D301 - \b is click's "do not rewrap"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or file that cannot spell a character gets its number, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli.main(args=list(arguments) if arguments is not None else None, prog_name="comfytape")
