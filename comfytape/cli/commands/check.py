"""``comfytape check``: hold recordings to their contracts."""

from __future__ import annotations

import click

from comfytape.cli.output import console, print_report
from comfytape.history import Run
from comfytape.history.opening import open_history
from comfytape.reporting import ReportRequest
from comfytape.reporting.formats import format_names, json_
from comfytape.run import check_contracts
from comfytape.settings import load_settings
from comfytape_cassettes import UsageError
from comfytape_contracts.verdicts import worst_exit_code

__all__ = ["command"]


@click.command("check", short_help="Hold a recording to its contract.")
@click.argument("contracts", nargs=-1, metavar="[CONTRACT ...]")
@click.option(
    "--cassette", metavar="PATH", help="The recording to check; default: the cassette of the contract's name."
)
@click.option(
    "--against",
    metavar="CASSETTE",
    help="An earlier recording: say where times, cost or success got worse beyond noise.",
)
@click.option(
    "--report",
    "wanted",
    multiple=True,
    metavar="FORMAT=PATH",
    help=f"Write a report, as often as needed; - as the path is standard output. Formats: {', '.join(format_names())}.",
)
@click.option(
    "--history", "kept", metavar="URL", envvar="COMFYTAPE_HISTORY", show_envvar=True,
    help="Keep the result in a database: a file such as history.sqlite, or postgresql://…",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding and where the recording comes from.")
@click.pass_context
def command(
    ctx: click.Context,
    contracts: tuple[str, ...],
    cassette: str | None,
    against: str | None,
    wanted: tuple[str, ...],
    kept: str | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Hold recordings to their contracts. Without CONTRACT, all contracts are checked. No network is used.

    \b
    comfytape check z-image-danrisi
    comfytape check z-image-danrisi --cassette recordings/today --json
    comfytape check z-image-danrisi --cassette recordings/today --against recordings/last-week
    comfytape check --report html=report.html --report junit=junit.xml --report github=-
    """  # noqa: D301
    # Before any check: a slip in an option must not cost a minute.
    requests = [ReportRequest.parse(text) for text in wanted]
    taken = sum(request.destination.is_stdout for request in requests) + as_json
    history = open_history(kept) if kept else None
    if taken > 1:
        raise UsageError("two reports cannot share standard output", hint="give all but one of them a file")
    reports = check_contracts(contracts, cassette, load_settings(), against=against)
    if as_json:
        click.echo(json_.render(reports), nl=False)
    else:
        for report in reports:
            print_report(console(stderr=bool(taken)), report, verbose=verbose)
    for request in requests:
        request.write(reports)
    if history:
        history.append([Run.of(report) for report in reports])
    ctx.exit(worst_exit_code(report.exit_code for report in reports))
