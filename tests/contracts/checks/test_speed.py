"""How quickly health and dependencies are told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfytape_contracts.checks.speed import busy_ms, check_speed
from comfytape_contracts.checks.subject import Subject
from comfytape_contracts.tape import Tape


class Without:
    """A recording without some of its exchanges."""

    failures = ()

    def __init__(self, cassette, *marks):
        self.exchanges = [e for e in cassette.exchanges if not any(mark in e.request.url for mark in marks)]


@pytest.fixture
def held(promise):
    """The outcome of the shipped contract with budgets, on a tape."""
    return lambda cassette, how=None, **budgets: check_speed(
        Subject(promise(budgets=budgets), Tape(cassette)), **(how or {})
    )


def test_both_are_measured(held, danrisi):
    """On the shipped recording: milliseconds of /health, and of the inventory."""
    outcome = held(danrisi, health_check_s=5, dependency_check_s=10)
    assert [str(line.verdict) for line in outcome.lines] == ["pass", "pass"]
    assert 0 < outcome.measurements["health_check_ms"] < 5000
    assert 0 < outcome.measurements["dependency_check_ms"] < 10_000


def test_slower_than_promised_is_a_budget(held, danrisi):
    """With the time that it took."""
    outcome = held(danrisi, health_check_s=0.0001, dependency_check_s=0.0001)
    assert [f.rule for f in outcome.findings] == ["budget-health-check", "budget-dependency-check"]
    assert "expected under 0.0001 s" in outcome.findings[0].message


def test_what_was_not_asked_is_unknown(held, danrisi):
    """No /health on the tape, no inventory: nothing is green."""
    tape = Without(danrisi, "/health", "/object_info", "/models", "/system_stats")
    outcome = held(tape, health_check_s=5, dependency_check_s=10)
    assert [str(line.verdict) for line in outcome.lines] == ["unknown", "unknown"]


def test_without_a_promise_there_is_a_figure_only(held, danrisi):
    """What is left out is not checked."""
    outcome = held(danrisi, health_check_s=None, dependency_check_s=None)
    assert outcome.lines == []
    assert outcome.measurements.keys() == {"health_check_ms", "dependency_check_ms"}


def test_health_can_be_left_out(held, danrisi):
    """Where it was not to be asked."""
    outcome = held(danrisi, {"health": False}, health_check_s=5, dependency_check_s=10)
    assert [line.promise for line in outcome.lines] == ["dependencies are told in under 10 s"]


def test_side_by_side_counts_once_and_pauses_do_not(danrisi):
    """Two of 100 ms that overlap by half, and one much later: 250 ms."""
    some = danrisi.exchanges[0]
    times = [((0.0, 100.0),), ((50.0, 100.0),), ((9000.0, 50.0), (9500.0, 100.0))]
    asked = [
        replace(some, times=each, request=replace(some.request, url=f"{some.request.url}?{number}"))
        for number, each in enumerate(times)
    ]
    assert busy_ms(asked) == 250.0
