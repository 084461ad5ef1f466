"""``comfytape explain``: what a rule looks at, why it matters, and what to do."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict

import click

from comfytape_cassettes import UsageError
from comfytape_contracts.rules import catalogue
from comfytape_contracts.rules.page import as_list, as_markdown, as_text

__all__ = ["command"]


@click.command("explain", short_help="Explain a rule, or list them all.")
@click.argument("rule", required=False)
@click.option("--markdown", is_flag=True, help="Print all rules as a page (docs/rules.md is made this way).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the rule, or all rules by id.")
def command(rule: str | None, markdown: bool, as_json: bool) -> None:
    """Explain RULE: what it looks at, why it matters on a real endpoint, what to do. Without RULE, list all.

    \b
    comfytape explain required-input-added
    """  # noqa: D301
    rules = catalogue()
    if rule is not None and rule not in rules:
        near = difflib.get_close_matches(rule, rules, n=3)
        hint = "did you mean " + " or ".join(f"'{name}'" for name in near) + "?" if near else ""
        raise UsageError(f"there is no rule '{rule}'", hint=hint or "comfytape explain lists all rules")
    if as_json:
        document = asdict(rules[rule]) if rule else {name: asdict(each) for name, each in rules.items()}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif markdown:
        click.echo(as_markdown({rule: rules[rule]} if rule else rules), nl=False)
    elif rule:
        click.echo(as_text(rules[rule]))
    else:
        click.echo(as_list(rules))
