"""Slower, dearer, less reliable than an earlier recording: beyond noise, and never by one sample."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from comfytape_contracts.checks import check
from comfytape_contracts.checks.regression import fisher
from comfytape_contracts.findings import Verdict
from comfytape_contracts.routes import route_of


@pytest.fixture
def against(promise):
    """The shipped contract held to one recording, compared with another."""

    def make(later, earlier, **keys):
        moment = datetime.fromisoformat(later.provenance.recorded_at) + timedelta(days=1)
        return check(promise(**keys), later, now=moment, against=earlier)

    return make


@pytest.fixture
def slower(rewritten, saying, danrisi):
    """The shipped recording with every executionTime multiplied: a documented transformation of real data."""

    def make(factor, *, failing=0):
        failed = []

        def change(exchange):
            if route_of(exchange.request.url).name != "status" or exchange.response.status != 200:
                return exchange
            said = exchange.response.body.json()
            if "executionTime" not in said:
                return exchange
            if len(failed) < failing:
                failed.append(said["id"])
            if said["id"] in failed:
                said = {"id": said["id"], "status": "FAILED", "error": "no", "executionTime": said["executionTime"]}
            return saying(exchange, said | {"executionTime": round(said["executionTime"] * factor)})

        return rewritten(change, source=danrisi)

    return make


def regressions(found):
    return [f for f in found.findings if f.rule.startswith("regression-")]


def test_a_recording_is_no_worse_than_itself(against, danrisi):
    """All within noise; one cold start a side is too few to say anything, and that does not fail a run."""
    found = against(danrisi, danrisi)
    assert found.exit_code == 0
    assert [(f.rule, f.severity) for f in regressions(found)] == [("regression-unknown", "info")]
    lines = [line for line in found.lines if "z-image-danrisi" in line.promise]
    assert [line.verdict for line in lines].count(Verdict.UNKNOWN) == 1
    assert any("within noise" in line.evidence for line in lines)


def test_half_as_long_again_is_a_regression_of_time_and_cost(against, danrisi, slower):
    """Execution and with it cost moved by more than the spread; the exit code is that of a budget."""
    found = against(slower(1.5), danrisi)
    assert found.exit_code == 5
    assert [f.rule for f in regressions(found)] == ["regression-time", "regression-cost", "regression-unknown"]
    assert "was 35.36 s of 9" in regressions(found)[0].message


def test_five_percent_are_noise(against, danrisi, slower):
    """Less than the spread of the earlier recording: said with the numbers, and nothing fails."""
    found = against(slower(1.05), danrisi)
    assert found.exit_code == 0
    line = next(line for line in found.lines if line.promise.startswith("execution of warm jobs"))
    assert line.evidence.endswith("within noise")


def test_faster_is_said_and_holds(against, danrisi, slower):
    """Getting better breaks no promise."""
    found = against(slower(0.5), danrisi)
    line = next(line for line in found.lines if line.promise.startswith("execution of warm jobs"))
    assert (line.verdict, line.evidence.endswith("better")) == (Verdict.PASS, True)


def test_a_few_jobs_are_too_few(against, danrisi, few, rewritten):
    """Four jobs leave two warm ones: unknown, not within noise."""
    found = against(few, danrisi)
    assert found.exit_code == 3
    assert "2 now and 9 then are too few" in next(f.message for f in regressions(found) if "execution" in f.message)


def test_fewer_successes_are_a_regression_when_chance_does_not_explain_them(against, danrisi, slower):
    """Seven of eleven failed where none did."""
    found = against(slower(1, failing=7), danrisi, budgets={"success_rate": 0.1})
    assert "regression-success" in [f.rule for f in regressions(found)]


def test_one_failure_of_eleven_is_within_noise(against, danrisi, slower):
    """It fails the success rate, which is a promise of its own."""
    found = against(slower(1, failing=1), danrisi, budgets={"success_rate": 0.1})
    line = next(line for line in found.lines if line.promise.startswith("no fewer jobs"))
    assert line.evidence == "10 of 11, was 11 of 11: within noise"


def test_a_recording_of_another_kind_of_endpoint_is_no_measure(against, danrisi, tmp_path):
    """A loopback server says nothing about RunPod."""
    elsewhere = tmp_path / "cloud"
    danrisi.copy_to(elsewhere)
    index = json.loads((elsewhere / "cassette.json").read_text())
    index["metadata"]["comfytape"]["plane"] = "runpod-cloud"
    (elsewhere / "cassette.json").write_text(json.dumps(index))
    found = against(danrisi, type(danrisi).open(elsewhere))
    assert found.exit_code == 3
    assert [f.rule for f in regressions(found)] == ["regression-unknown"]


@pytest.mark.parametrize(
    ("before", "after", "chance"), [(10, 10, 1.0), (10, 9, 0.5), (10, 4, 0.0054), (10, 0, 1 / 184756)]
)
def test_fishers_test_gives_the_textbook_value(before, after, chance):
    """Ten a side: hypergeometric sums, by hand."""
    assert fisher(before, 10, after, 10) == pytest.approx(chance, rel=0.02)
