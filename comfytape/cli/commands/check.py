"""``comfytape check``: hold recordings to their contracts."""

from __future__ import annotations

import json

import click

from comfytape.cli.output import console, print_report
from comfytape.run import check_contracts
from comfytape.settings import load_settings
from comfytape_contracts.verdicts import worst_exit_code

__all__ = ["command"]


@click.command("check", short_help="Hold a recording to its contract.")
@click.argument("contracts", nargs=-1, metavar="[CONTRACT ...]")
@click.option(
    "--cassette", metavar="PATH", help="The recording to check; default: the cassette of the contract's name."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show every finding and where the recording comes from.")
@click.pass_context
def command(ctx: click.Context, contracts: tuple[str, ...], cassette: str | None, as_json: bool, verbose: bool) -> None:
    """Hold recordings to their contracts. Without CONTRACT, all contracts are checked. No network is used.

    \b
    comfytape check z-image-danrisi
    comfytape check z-image-danrisi --cassette recordings/today --json
    """  # noqa: D301
    reports = check_contracts(contracts, cassette, load_settings())
    if as_json:
        documents = [report.to_json() for report in reports]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else merged(documents), indent=2, ensure_ascii=False))
    else:
        for report in reports:
            print_report(console(), report, verbose=verbose)
    ctx.exit(worst_exit_code(report.exit_code for report in reports))


def merged(documents: list[dict[str, object]]) -> dict[str, object]:
    """Several results as the one object that ``--json`` promises; the single ones are under ``contracts``."""
    from comfytape_contracts.findings import Verdict  # noqa: PLC0415

    verdicts = {d["verdict"] for d in documents}
    order = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)
    counts = [d["counts"] for d in documents]
    return {
        "tool": "comfytape",
        "format": 1,
        "verdict": next((str(v) for v in order if v in verdicts), str(Verdict.UNKNOWN)),
        "counts": {key: sum(c[key] for c in counts if isinstance(c, dict)) for key in ("error", "warning", "info")},
        "findings": [f for d in documents for f in d["findings"]],  # type: ignore[attr-defined]
        "measurements": {str(d["contract"]): d["measurements"] for d in documents},
        "contracts": documents,
    }
