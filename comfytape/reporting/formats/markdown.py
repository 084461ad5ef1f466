"""Markdown for a pull-request comment: the verdict first, details folded, never longer than GitHub takes.

The limit of a comment's body is 65,536 characters (GitHub answers "body is too long (maximum is 65536 characters)").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from comfytape.reporting.words import by_verdict, figures, grouped, made, node, place, plural, summary, worst_verdict
from comfytape_contracts.findings import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report

__all__ = ["LIMIT", "render", "write"]

LIMIT = 65_536
FIELD_LIMIT = 1_000
"""Characters of one message: a traceback in it must not push all other findings out."""
ENDING = "\n\n*This is not all: the rest did not fit into a comment. The JSON and HTML reports have everything.*\n"
SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.UNKNOWN: "❔"}
SEVERITY_SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟡", Severity.INFO: "🔵"}


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write one comment."""
    destination.put(render(reports))


def render(reports: Sequence[Report], limit: int = LIMIT) -> str:
    """One comment of at most ``limit`` characters; what does not fit is left out at the end, and said to be."""
    blocks = [block for report in by_verdict(reports) for block in blocks_of(report)]
    if len(reports) > 1:
        blocks.insert(0, overview(reports))
    whole = "\n\n".join(blocks) + "\n"
    if len(whole) <= limit:
        return whole
    room = limit - len(ENDING)
    kept: list[str] = []
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            break
        kept.append(block)
    return "\n\n".join(kept) + ENDING


def overview(reports: Sequence[Report]) -> str:
    """One table over several contracts."""
    verdict = worst_verdict(reports)
    rows = [
        f"| {SIGNS[r.verdict]} {r.verdict.upper()} | {code(r.contract)} | {summary(r)} | {plural(r.counts)} |"
        for r in by_verdict(reports)
    ]
    head = f"## {SIGNS[verdict]} comfytape: {verdict.upper()} over {len(reports)} contracts"
    return "\n".join([head, "", "| verdict | contract | promises | findings |", "|---|---|---|---|", *rows])


def blocks_of(report: Report) -> Iterable[str]:
    """One report as blocks that each stand alone: whatever is cut off, no table or fold is left open."""
    yield f"### {SIGNS[report.verdict]} {report.verdict.upper()} {code(report.contract)}: {escaped(summary(report))}"
    yield f"{code(report.cassette)}, {escaped(made(report.provenance))}"
    broken = [line for line in report.lines if line.verdict is not Verdict.PASS]
    if broken:
        yield table(("", "promise", "evidence"), [(SIGNS[li.verdict], li.promise, li.evidence) for li in broken])
    for group in grouped(report.findings):
        yield from map(told, group.findings)
        yield from (f"  → {escaped(hint)}" for hint in group.hints)
    kept = [line for line in report.lines if line.verdict is Verdict.PASS]
    if kept:
        rows = [(SIGNS[li.verdict], li.promise, li.evidence) for li in kept]
        yield folded(f"{len(kept)} promises hold", table(("", "promise", "evidence"), rows))
    if report.measurements:
        yield folded("Measurements", table(("figure", "value"), figures(report.measurements)))
    for shown in report.tables:
        below = "\n".join(f"- {escaped(note)}" for note in shown.notes)
        yield folded(shown.title, f"{table(shown.columns, shown.rows)}\n\n{below}".rstrip())
    if report.accepted:
        yield folded(f"{len(report.accepted)} accepted findings", "\n".join(told(f) for f in report.accepted))
    notes = [str(note) for note in report.provenance.get("notes", ())]
    versions = [f"{name} {version}" for name, version in report.provenance.get("versions", {}).items()]
    if notes or versions:
        yield folded("About the recording", "\n".join(f"- {escaped(text)}" for text in (*notes, *versions)))


def told(finding: Finding) -> str:
    """One finding as a list item with its place."""
    where = " · ".join(code(part) for part in (place(finding), node(finding)) if part)
    identity = f"{code(finding.rule)} · {code(finding.fingerprint)}"
    lines = [f"- {SEVERITY_SIGNS[finding.severity]} **{finding.severity}** {escaped(finding.message)}"]
    lines.append(f"  {where} · {identity}" if where else f"  {identity}")
    return "<br>\n".join(lines)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are escaped."""
    lines = [row(head), "|" + "---|" * len(head), *(row([escaped(cell) for cell in cells]) for cells in rows)]
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return "| " + " | ".join(cells) + " |"


def folded(title: str, body: str) -> str:
    """Details that open on a click."""
    return f"<details><summary>{escaped(title)}</summary>\n\n{body}\n\n</details>"


def escaped(text: str) -> str:
    """Foreign text as text: no markup, no HTML, no link, nobody mentioned, no issue referred to, in one line."""
    line = shortened(text)
    line = re.sub(r"([\\`*_{}\[\]<>|~&$])", r"\\\1", line)
    # GitHub finds mentions, references and addresses after the markup is read; a space of no width stops it.
    line = re.sub(
        r"@(?=\w)|#(?=\d)|(?<=\bGH)-(?=\d)|(?<=\bhttp):(?=//)|(?<=\bhttps):(?=//)|(?<=\bwww)\.", "\\g<0>\u200b", line
    )
    return re.sub(r"^(?=[#+=-])", r"\\", line)


def code(text: str) -> str:
    """Foreign text as code, in one line; fenced by more backticks than it holds."""
    line = shortened(text).replace("|", "¦") or " "
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def shortened(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(str(text).split())
    return line if len(line) <= FIELD_LIMIT else line[: FIELD_LIMIT - 1] + "…"
