"""The catalogue: complete, symmetric, explained, and shown on a page that is current."""

import re
from pathlib import Path

import pytest

from comfytape_contracts.rules import catalogue
from comfytape_contracts.rules.page import as_list, as_markdown, as_text, rated

ROOT = Path(__file__).resolve().parents[3]
RULES = list(catalogue().values())
WORDS = ("title", "looks_at", "action", "why", "source", "todo", "before", "after")
OPPOSITES = {
    "added": "removed",
    "removed": "added",
    "tightened": "loosened",
    "loosened": "tightened",
    "changed": "changed",
}


def test_there_are_many():
    """Fifty kinds of things that go wrong, and more."""
    assert len(RULES) >= 50


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_ids_are_kebab_case(rule):
    """An id is typed by people into contracts and baselines."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_field_says_something(rule):
    """A rule that cannot be explained is not a rule."""
    for field in WORDS:
        assert getattr(rule, field).strip(), f"{rule.id} has no {field}"


@pytest.mark.parametrize("rule", [r for r in RULES if r.direction != "state"], ids=lambda rule: rule.id)
def test_every_direction_has_its_opposite_or_a_reason(rule):
    """What can be added can be removed; where not, the rule says why."""
    if rule.mirror is None:
        assert rule.mirror_waiver.strip()
        return
    mirror = catalogue()[rule.mirror]
    assert mirror.mirror == rule.id
    assert mirror.direction == OPPOSITES[rule.direction]
    assert mirror.family == rule.family
    assert not rule.mirror_waiver


@pytest.mark.parametrize("rule", [r for r in RULES if r.family.endswith("-drift")], ids=lambda rule: rule.id)
def test_some_test_makes_it_fire(rule):
    """A drift rule that no test names, neither itself nor as the mirror of one that is tried both ways, could be dead."""
    tried = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "contracts" / "drift").glob("*.py"))]

    assert any(f'"{name}"' in text for text in tried for name in (rule.id, rule.mirror) if name)


def test_the_page_is_current():
    """docs/rules.md is what `comfytape explain --markdown` prints."""
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == as_markdown(catalogue())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_terminal_shows_all_of_it(rule):
    """Everything a rule knows is in what explain prints."""
    shown = as_text(rule)

    assert rule.id in as_list(catalogue())
    for field in WORDS:
        assert getattr(rule, field) in shown


def test_severities_are_put_into_words():
    """With and without a workflow, and what is inconclusive."""
    rules = catalogue()

    assert rated(rules["class-removed"]) == "error where a workflow uses it, info where none does"
    assert rated(rules["class-added"]) == "info"
    assert rated(rules["dependency-unknown"]) == "error; the verdict becomes unknown"
