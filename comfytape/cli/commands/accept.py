"""``comfytape accept``: put findings of a check into the contract's baseline, each with a reason."""

from __future__ import annotations

import difflib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from comfytape.run import check_contracts
from comfytape.settings import find_contract, load_settings
from comfytape_cassettes import UsageError
from comfytape_cassettes.lock import one_at_a_time
from comfytape_contracts.baseline import where_of
from comfytape_contracts.contract import Contract
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.recording import BASELINE_STALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.findings import Finding

__all__ = ["command"]

_SHORTEST = 6
"""Digits of a fingerprint that are enough where they are unique, as with commits."""


@click.command("accept", short_help="Accept findings of a check, with a reason.")
@click.argument("contract")
@click.argument("fingerprints", nargs=-1, metavar="[FINGERPRINT ...]")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Every finding of this rule.")
@click.option("--all", "everything", is_flag=True, help="Every error and warning that stands.")
@click.option("--reason", metavar="TEXT", help="Why; required to accept.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The last day on which it counts.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for it.")
@click.option("--prune", is_flag=True, help="Remove entries that no finding has any more.")
@click.option(
    "--cassette", metavar="PATH", help="The recording to check; default: the cassette of the contract's name."
)
def command(
    contract: str,
    fingerprints: tuple[str, ...],
    rules: tuple[str, ...],
    everything: bool,
    reason: str | None,
    expires: datetime | None,
    owner: str,
    prune: bool,
    cassette: str | None,
) -> None:
    """Accept findings that `comfytape check CONTRACT` reports, in accepted.yaml beside the contract.

    \b
    comfytape accept z-image-danrisi 3f2a9c --reason "the pack is pinned" --expires 2026-12-31
    comfytape accept z-image-danrisi --prune
    """  # noqa: D301
    settings = load_settings()
    folder = find_contract(contract, settings)
    until = expires.date() if expires else None
    with one_at_a_time(folder if folder.is_dir() else folder.parent):
        loaded = Contract.load(folder)
        path, baseline = loaded.baseline_path, loaded.baseline()
        report = check_contracts([contract], cassette, settings)[0]
        findings = [f for f in (*report.findings, *report.accepted) if f.rule != BASELINE_STALE.id]
        chosen = choose(findings, fingerprints, rules, everything=everything)
        if not chosen and not prune:
            raise UsageError("nothing was chosen to accept", hint="name fingerprints, --rule ID, --all, or --prune")
        today = datetime.now(UTC).date()
        if chosen:
            baseline = baseline.accepting(chosen, reason=reason or "", today=today, expires=until, owner=owner)
        stale = baseline.split(findings, today).stale
        baseline = baseline.without(stale if prune else ())
        if baseline != loaded.baseline():
            baseline.save(path)
    tell(chosen, path.as_posix(), until)
    for entry in stale:
        what = "removed" if prune else "stale (comfytape accept --prune removes it)"
        click.echo(f"{what}: {entry.fingerprint} {entry.rule} {entry.where}".rstrip())


def choose(
    findings: Sequence[Finding], fingerprints: Sequence[str], rules: Sequence[str], *, everything: bool
) -> list[Finding]:
    """The findings that the user means, each once.

    Raises:
        UsageError: a fingerprint or a rule fits no finding, or a short fingerprint fits several.
    """
    if everything:
        return [finding for finding in findings if finding.severity is not Severity.INFO]
    chosen = {fingerprint: named(findings, fingerprint) for fingerprint in fingerprints}
    for rule in rules:
        of_rule = [finding for finding in findings if finding.rule == rule]
        if not of_rule:
            present = sorted({finding.rule for finding in findings})
            near = difflib.get_close_matches(rule, present, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"rules with findings: {', '.join(present) or 'none'}"
            raise UsageError(f"no finding of this check has the rule '{rule}'", hint=hint)
        chosen.update((finding.fingerprint, finding) for finding in of_rule)
    return list({finding.fingerprint: finding for finding in chosen.values()}.values())


def named(findings: Sequence[Finding], fingerprint: str) -> Finding:
    """The one finding whose fingerprint begins so.

    Raises:
        UsageError: there is none, or several.
    """
    fit = {f.fingerprint: f for f in findings if f.fingerprint.startswith(fingerprint)}
    if len(fit) == 1 and len(fingerprint) >= _SHORTEST:
        return next(iter(fit.values()))
    if fit:
        raise UsageError(
            f"'{fingerprint}' fits {len(fit)} finding(s): it takes {_SHORTEST} digits, and only one finding",
            hint="there are: " + ", ".join(fit),
        )
    near = difflib.get_close_matches(fingerprint, [f.fingerprint for f in findings], n=1)
    raise UsageError(
        f"no finding of this check has the fingerprint '{fingerprint}'",
        hint=f"did you mean {near[0]}?" if near else "comfytape check -v shows the fingerprint of each finding",
    )


def tell(chosen: Sequence[Finding], path: str, expires: date | None) -> None:
    """Say what was accepted, where, and for how long."""
    until = f" until {expires}" if expires else ""
    for finding in chosen:
        click.echo(f"accepted{until}: {finding.fingerprint} {finding.rule} {where_of(finding)}".rstrip())
    if chosen:
        click.echo(f"written to {path}")
