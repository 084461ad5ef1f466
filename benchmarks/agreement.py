"""Hold lint against what real ComfyUI servers answered, and print the table of docs/lint-agreement.md.

    python benchmarks/agreement.py                 # the cases in this repository
    python benchmarks/agreement.py FILE.jsonl.xz …  # a harvest of your own, in the same form

A file's first line names the server and holds its inventory, each further line a workflow and the server's answer.
"""

from __future__ import annotations

import json
import lzma
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfytape_contracts.lint import lint_request, lint_workflow
from comfytape_contracts.lint.agreement import Answer, by_order_alone, disagreements

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "tests" / "data" / "lint"


@dataclass(slots=True)
class Row:
    """One line of the table."""

    server: str
    cases: int = 0
    rejected: int = 0
    missed: int = 0
    false_alarms: int = 0
    late: int = 0
    exact: int = 0
    by_order: int = 0
    milliseconds: float = 0.0
    others: list[str] = field(default_factory=list)

    def line(self) -> str:
        accepted = self.cases - self.rejected
        return (
            f"| {self.server} | {self.cases} | {self.rejected} | {self.rejected - self.missed} | "
            f"{self.false_alarms} of {accepted} | {self.late} | {self.exact} | {self.by_order} | {len(self.others)} | "
            f"{self.milliseconds / max(self.cases, 1):.1f} |"
        )


HEAD = (
    "| server | cases | rejected | of these flagged | false alarms | accepted, said to fail late | "
    "errors named exactly | differ by the server's order | differ otherwise | ms each |\n" + "|---" * 10 + "|"
)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The header, then the cases of a file."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def row_of(path: Path) -> Row:
    cases = read(path)
    header = next(cases)
    row = Row(header["server"])
    for case in cases:
        envelope = {"prompt": case["prompt"], "partial_execution_targets": case.get("targets")}
        started = time.perf_counter()
        findings = lint_workflow(envelope, header["inventory"])
        row.milliseconds += (time.perf_counter() - started) * 1000
        answer = Answer.of(case["status"], case.get("error"), case["node_errors"])
        differences = disagreements(findings, answer)
        excused = by_order_alone(case["prompt"], findings, answer, differences)
        count(row, case, differences, excused=excused)
        row.late += case["status"] == 200 and any("fails late" in finding.message for finding in findings)
    return row


def count(row: Row, case: dict[str, Any], differences: list[str], *, excused: bool) -> None:
    row.cases += 1
    row.rejected += case["status"] != 200
    row.missed += any(text.startswith("the server rejects") for text in differences)
    row.false_alarms += any(text.startswith("the server accepts") for text in differences)
    if not differences:
        row.exact += 1
    elif excused:
        row.by_order += 1
    else:
        row.others.append(f"{case['id']} {case['kind']}: {'; '.join(differences)}")


def verdicts() -> None:
    """The 52 cases with their full answers, one by one."""
    recorded = json.loads(lzma.decompress((DATA / "verdicts-0.3.64.json.xz").read_bytes()))
    print(
        f"\n{recorded['server']}, case by case\n\n| case | answer | the server names | we differ |\n|---|---|---|---|"
    )
    for case in recorded["cases"]:
        answer = Answer.of_body(case["status"], case["response"])
        findings = lint_request(case["request"], recorded["inventory"])
        named = ", ".join(sorted({f"{kind} {name or ''}".strip() for _, kind, name in answer.named})) or "nothing"
        print(f"| {case['case']} | {case['status']} | {named} | {'; '.join(disagreements(findings, answer)) or 'no'} |")


def main() -> None:
    paths = [Path(text) for text in sys.argv[1:]] or sorted(DATA.glob("*.jsonl.xz"))
    rows = []
    print(HEAD)
    for path in paths:
        rows.append(row_of(path))
        print(rows[-1].line(), flush=True)
    for row in rows:
        for other in row.others:
            print(f"{row.server}: {other}")
    if not sys.argv[1:]:
        verdicts()


if __name__ == "__main__":
    main()
