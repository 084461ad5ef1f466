"""What a job leaves behind: report files, annotations, the step summary, and the step's outputs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import format_named, format_names, github, markdown
from comfytape.reporting.words import worst_verdict
from comfytape_cassettes import UsageError
from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from comfytape.ci.job import Result

__all__ = ["COMMENT", "file_of", "publish", "set_outputs"]

COMMENT = "comment.md"
COMMENT_ROOM = 1_000
"""Characters kept free for what is put around the comment: its marker and a link."""
OUTPUT = "GITHUB_OUTPUT"
ENDINGS = {"badge": "svg", "github": "github.txt", "junit": "junit.xml", "markdown": "md"}


def file_of(name: str) -> str:
    """The file name of a report in a format."""
    return f"report.{ENDINGS.get(name, name)}"


def publish(result: Result, formats: Sequence[str], into: Path) -> dict[str, str]:
    """Write ``report.json``, a comment and the formats that were asked for into a folder; print annotations.

    Returns:
        The outputs of the step: ``verdict``, ``exit-code``, ``errors``, ``warnings``, ``infos``, ``report``.

    Raises:
        UsageError: a format does not exist, or a file cannot be written.
    """
    wanted = {name: format_named(name) for name in dict.fromkeys(("json", *formats))}
    for name, form in wanted.items():
        form.write(result.reports, Destination(str(into / file_of(name))))
    Destination(str(into / COMMENT)).put(markdown.render(result.reports, markdown.LIMIT - COMMENT_ROOM))
    for problem in result.problems:
        hint = f"\n{problem.hint}" if problem.hint else ""
        Destination("-").put(f"::error title=comfytape::{github.data(f'{problem}{hint}')}\n")
    github.write(result.reports, Destination("-"))
    return outputs(result, into)


def outputs(result: Result, into: Path) -> dict[str, str]:
    """The outputs by name. PASS only where the exit code says so."""
    verdict = worst_verdict(result.reports)
    if verdict is Verdict.PASS and result.exit_code is not ExitCode.PASS:
        verdict = Verdict.UNKNOWN
    counts = {f"{s}s": str(sum(report.counts[str(s)] for report in result.reports)) for s in Severity}
    return {"verdict": str(verdict), "exit-code": str(int(result.exit_code)), **counts, "report": into.as_posix()}


def set_outputs(values: Mapping[str, str]) -> None:
    """Append to the file that ``GITHUB_OUTPUT`` names; without it, nothing.

    Raises:
        UsageError: a value has more than one line, which could set another output, or the file cannot be written.
    """
    for name, value in values.items():
        if len(value.splitlines()) > 1:
            raise UsageError(f"the output '{name}' has a line break: {value!r}", hint="name a folder without one")
    if path := os.environ.get(OUTPUT):
        Destination(path).add("".join(f"{name}={value}\n" for name, value in values.items()))


def known_formats(names: Sequence[str]) -> None:
    """Refuse a format before anything is recorded.

    Raises:
        UsageError: there is none of that name.
    """
    for name in names:
        if name not in format_names():
            format_named(name)
