"""What a person sees without asking for a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from comfytape.cli.output import print_findings, print_report
from comfytape_contracts.findings import Finding, Severity, Verdict

SCREEN = 24
"""Rows of a terminal window of common size."""


def printed(report, **keywords):
    out = io.StringIO()
    print_report(Console(file=out, width=10_000), report, **keywords)
    return out.getvalue()


def test_by_default_it_fits_a_screen_and_names_every_rule(wrong):
    """Ten promises that do not hold, each on its line, and seventeen findings of eight rules: none is kept back unnamed."""
    text = printed(wrong)
    assert text.startswith("FAIL z-image-danrisi: 2 of 12 promises hold; a promise is broken (exit code 1)\n")
    assert len(text.splitlines()) <= SCREEN + 3
    assert all(finding.rule in text for finding in wrong.findings)
    assert "more of this kind" in text
    assert all(f"{line.promise} · {line.evidence}" in text for line in wrong.lines if line.verdict is not Verdict.PASS)


def test_what_holds_is_one_line_where_something_does_not(danrisi):
    """The promise that is broken stands out; -v has the evidence of all."""
    text = printed(danrisi)
    assert "pass 13 of 14 promises kept: required nodes are loaded, by the right packs; ComfyUI would" in text
    assert "· 11 of 11 classes as promised" not in text
    assert "· 11 of 11 classes as promised" in printed(danrisi, verbose=True)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", ["danrisi", "noise"])
def test_on_a_terminal_it_fits_a_screen(request, name, width):
    """Lines that are wrapped count as what they take."""
    out = io.StringIO()
    print_report(Console(file=out, width=width, force_terminal=True), request.getfixturevalue(name))
    assert len(out.getvalue().splitlines()) <= SCREEN
    assert "\x1b[" in out.getvalue()


def test_what_to_do_comes_before_the_contract(danrisi):
    """The verdict, then the hint, then the promises."""
    text = printed(danrisi)
    assert text.index("FAIL z-image") < text.index("→ Compare GPU type") < text.index("FAIL an image is generated")


def test_with_v_it_shows_all(wrong):
    """Every finding with its fingerprint, for accept; nothing is said to be missing."""
    text = printed(wrong, verbose=True)
    assert all(finding.fingerprint in text for finding in wrong.findings)
    assert "more" not in text.replace("Record more", "")


def test_what_is_broken_is_told_before_what_was_not_seen(wrong):
    """The failed job stands above the inventory that was not recorded."""
    text = printed(wrong)
    assert text.index("failure-model-file") < text.index("dependency-unknown")


@pytest.mark.parametrize(("limit", "shown", "left"), [(None, 20, 0), (8, 8, 12), (3, 3, 17)])
def test_a_limit_is_kept_over_many_rules(limit, shown, left):
    """Twenty rules with one finding each: the worst come first, the rest are counted."""
    findings = [Finding(rule=f"r{n}", severity=Severity.WARNING, message=f"m{n}") for n in range(20)]
    out = io.StringIO()
    print_findings(Console(file=out, width=200), findings, limit=limit)
    assert out.getvalue().count("warning ") == shown
    assert (f"… and {left} more" in out.getvalue()) is bool(left)


def test_foreign_text_does_not_reach_the_terminal_as_it_is(hostile):
    """No escape sequence and no markup of its own."""
    text = printed(hostile)
    assert "\x1b" not in text
    assert "\x00" not in text
