"""Workflow commands, read back as GitHub's runner reads them, and the step summary."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import github
from comfytape_cassettes import UsageError
from comfytape_contracts.findings import Finding, Location, Severity
from comfytape_contracts.verdicts import Report

from .conftest import HOSTILE


def read(line):
    """One command as the runner parses it (actions/runner, ActionCommand.cs): name, properties, message."""
    name, _, rest = re.fullmatch(r"::([^ :]+)( ?)(.*)", line, re.DOTALL).groups()
    written, _, message = rest.partition("::")
    properties = dict(pair.split("=", 1) for pair in written.split(",") if pair)
    return name, {k: unescaped(v, colon=True) for k, v in properties.items()}, unescaped(message)


def unescaped(text, *, colon=False):
    for code, character in (("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if colon else [])):
        text = text.replace(code, character)
    return text.replace("%25", "%")


def commands_of(*reports):
    return [read(line) for line in github.commands(reports).split("\n") if line.startswith("::")]


def test_a_finding_is_an_annotation_on_its_line(danrisi):
    """File, line, rule and what to do."""
    (command,) = commands_of(danrisi)
    finding = danrisi.findings[0]
    assert command == (
        "error",
        {
            "file": finding.location.file,
            "line": str(finding.location.line),
            "title": "comfytape budget-generation",
        },
        f"{finding.message}\n{finding.hint}",
    )


def test_foreign_text_forges_no_command():
    """What comes back is what went in, and it is one command, whatever its text holds."""
    place = Location(file=f"wf,:%{HOSTILE}", line=1)
    finding = Finding(rule="failure-other", severity=Severity.ERROR, message=HOSTILE, hint="h", location=place)
    text = github.commands([Report(findings=[finding], examined=1)])
    assert re.findall("^::", text, re.MULTILINE) == ["::"]
    assert "\r" not in text
    _, properties, message = read(text.split("\n")[0])
    assert properties["file"] == place.file
    assert message == f"{HOSTILE}\nh"


@pytest.mark.parametrize(
    ("severity", "name"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "notice")]
)
def test_github_shows_ten_of_a_kind_so_the_tenth_counts_the_rest(severity, name):
    """Twelve findings are nine annotations and one that says how many more; ten are ten."""
    finding = Finding(rule="failure-other", severity=severity, message="m")
    shown = commands_of(Report(findings=[finding] * 12, examined=1))
    assert [command[0] for command in shown[:10]] == [name] * 10
    assert shown[9][2] == "3 more: see the step summary or another report"
    assert [c[2] for c in commands_of(Report(findings=[finding] * 10, examined=1))][:10] == ["m"] * 10


def test_a_verdict_without_errors_is_still_an_annotation():
    """Nothing examined is UNKNOWN, and the pull request says so."""
    (command,) = commands_of(Report(findings=[], examined=0, contract="c"))
    assert command[2] == "c: UNKNOWN, 0 of 0 promises hold; nothing was examined (exit code 4)"


def test_a_pass_says_so_in_the_log(noise):
    """No annotation, one line."""
    assert github.commands([noise]) == "comfytape: PASS, no findings\n"


def test_the_summary_is_added_to_the_steps_own(tmp_path, monkeypatch, danrisi):
    """What another program of the step wrote before stays."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    github.write([danrisi], Destination(str(tmp_path / "commands.txt")))
    assert summary.read_text().startswith("before\n### ❌ FAIL `z-image-danrisi`")
    assert (tmp_path / "commands.txt").read_text().startswith("::error file=")


def test_a_summary_that_cannot_be_written_is_told(tmp_path, monkeypatch, danrisi):
    """The message names the file."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be added to"):
        github.write([danrisi], Destination(str(tmp_path / "commands.txt")))


def test_findings_of_all_reports_are_sorted_together(noise, danrisi):
    """A warning of the first contract does not stand before an error of the second."""
    warning = Finding(rule="failure-other", severity=Severity.WARNING, message="w")
    assert [c[0] for c in commands_of(replace(noise, findings=[warning]), danrisi)] == ["error", "warning"]
