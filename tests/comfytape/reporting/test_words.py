"""The same words in every report."""

from __future__ import annotations

import pytest

from comfytape.reporting import words
from comfytape_contracts.findings import Finding, Location, Severity
from comfytape_contracts.rules import catalogue


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("cold_start_ms", 30038, ("cold start", "30.0 s")),
        ("success_rate", 0.125, ("success rate", "12.5 %")),
        ("cost_upper_usd", 0.01234, ("cost upper", "0.0123 USD")),
        ("recording_age_days", 1.0, ("recording age", "1.0 days")),
        ("comfyui_version", "0.10.0", ("comfyui version", "0.10.0")),
        ("jobs", 11, ("jobs", "11")),
        ("cold_start_ms", None, ("cold start ms", "None")),
        ("warm_rate", True, ("warm rate", "True")),
    ],
)
def test_a_figure_carries_its_unit(name, value, told):
    """Milliseconds are read as seconds, rates as percent; what is no number stays as it is."""
    assert words.figures({name: value}) == [told]


def test_what_is_broken_comes_before_what_was_not_seen():
    """An unknown must not hide a broken promise below the fold; warnings come after both."""
    unseen = next(rule.id for rule in catalogue().values() if rule.inconclusive)
    listed = [
        Finding(rule="failure-other", severity=Severity.WARNING, message="w"),
        Finding(rule=unseen, severity=Severity.ERROR, message="u"),
        Finding(rule="failure-other", severity=Severity.ERROR, message="b"),
    ]
    assert [f.message for f in words.serious_first(listed)] == ["b", "u", "w"]


def test_a_group_has_each_hint_once():
    """Seven jobs that failed alike are told once what to do."""
    findings = [Finding(rule="failure-other", severity=Severity.ERROR, message=str(n), hint="h") for n in range(7)]
    (group,) = words.grouped(findings)
    assert (len(group.findings), group.hints, group.title) == (7, ["h"], catalogue()["failure-other"].title)


def test_a_rule_of_another_catalogue_is_called_by_its_id():
    """A report may come from a newer version."""
    (group,) = words.grouped([Finding(rule="of-a-plugin", severity=Severity.INFO, message="m")])
    assert group.title == "of-a-plugin"


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (Location(file="a.yaml", line=3), "a.yaml:3"),
        (Location(file="a.yaml"), "a.yaml"),
        (Location(), ""),
    ],
)
def test_a_place_is_a_file_and_its_line(location, told):
    """As editors and terminals open it."""
    assert words.place(Finding(rule="r", severity=Severity.INFO, message="m", location=location)) == told


def test_what_strict_json_lacks_becomes_text():
    """NaN and Infinity, tuples, keys that are no strings, and objects."""
    value = {1: (float("nan"), float("-inf"), 1.5, True, None), "s": Severity.ERROR}
    assert words.plain(value) == {"1": ["nan", "-inf", 1.5, True, None], "s": "error"}


def test_an_unknown_origin_is_said_to_be_unknown():
    """A cassette of another tool says neither when nor against what."""
    assert words.made({}) == "recorded at an unknown time (against an unknown endpoint)"


def test_cost_is_said_with_its_bounds(danrisi):
    """Least and most, an image and in all, and whose price it is; nothing where no price is known."""
    assert words.cost(danrisi.measurements) == (
        "an image: 0.0112 to 0.0131 USD; all jobs together: 0.1234 to 0.1442 USD; price by the contract"
    )
    assert words.cost({"jobs": 3}) == ""
