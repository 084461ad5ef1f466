"""What a person sees without asking for a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from comfytape.cli.output import print_findings, print_report
from comfytape_contracts.findings import Finding, Severity

SCREEN = 42
"""Lines of a terminal window of common size."""


def printed(report, **keywords):
    out = io.StringIO()
    print_report(Console(file=out, width=10_000), report, **keywords)
    return out.getvalue()


def test_by_default_it_fits_a_screen_and_shows_every_rule(wrong):
    """Every finding of eight rules or fewer: no rule is crowded out by seven jobs that failed alike."""
    text = printed(wrong)
    assert text.startswith("FAIL z-image-danrisi: 2 of 12 promises hold; a promise is broken (exit code 1)\n")
    assert len(text.splitlines()) <= SCREEN
    assert all(finding.rule in text for finding in wrong.findings)
    assert "… 6 more of this kind" in text
    assert text.rstrip().endswith("… and 11 more: use -v to see all, --json for machines.")


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
