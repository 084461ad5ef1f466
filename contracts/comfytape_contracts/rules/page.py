"""Rules as people read them: one in the terminal, all of them as a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.rules.rule import Rule

__all__ = ["as_list", "as_markdown", "as_text", "rated"]

_INTRO = """# Rules

Everything comfytape can find, family by family. This page is written by `comfytape explain --markdown`;
`comfytape explain RULE` shows one rule in the terminal. Severities are defaults: a contract sets its own under
`severities`, by rule id.
"""


def rated(rule: Rule) -> str:
    """The default severity in words, with and without a workflow that uses the thing."""
    said = str(rule.severity)
    if rule.severity_unused is not None and rule.severity_unused != rule.severity:
        said += f" where a workflow uses it, {rule.severity_unused} where none does"
    return f"{said}; the verdict becomes unknown" if rule.inconclusive else said


def _mirrored(rule: Rule) -> str:
    if rule.mirror:
        return rule.mirror
    return f"none: {rule.mirror_waiver}" if rule.mirror_waiver else "none: it looks at one moment"


def as_text(rule: Rule) -> str:
    """One rule, as the terminal shows it."""
    rows = (
        ("severity", rated(rule)),
        ("looks at", rule.looks_at),
        ("and then", rule.action),
        ("before", rule.before),
        ("after", rule.after),
        ("what to do", rule.todo),
        ("opposite", _mirrored(rule)),
        ("source", rule.source),
    )
    width = max(len(name) for name, _ in rows)
    table = "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
    return f"{rule.id} ({rule.family})\n\n{rule.title}.\n\n{rule.why}\n\n{table}"


def as_list(rules: Mapping[str, Rule]) -> str:
    """All rules, a line each, under their families."""
    width = max(map(len, rules))
    blocks = [
        "\n".join([family, *(f"  {rule.id:<{width}}  {rule.severity:<7}  {rule.title}" for rule in members)])
        for family, members in groupby(rules.values(), key=lambda rule: rule.family)
    ]
    return "\n\n".join(blocks)


def as_markdown(rules: Mapping[str, Rule]) -> str:
    """All rules as the page docs/rules.md."""
    parts = [_INTRO]
    for family, members in groupby(rules.values(), key=lambda rule: rule.family):
        parts.append(f"## {family}\n")
        parts.extend(_section(rule) for rule in members)
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    return (
        f"### {rule.id}\n\n"
        f"{rule.title}.\n\n"
        f"{rule.why}\n\n"
        f"- Severity: {rated(rule)}\n"
        f"- Looks at: {rule.looks_at}; {rule.direction}. Then: {rule.action}.\n"
        f"- Before: {_code(rule.before)} After: {_code(rule.after)}\n"
        f"- What to do: {rule.todo}\n"
        f"- Opposite: {_mirrored(rule)}\n"
        f"- Source: {rule.source}\n"
    )


def _code(text: str) -> str:
    """An example as code, fenced so that backticks inside it survive."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
