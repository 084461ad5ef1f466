"""The shipped contracts, held to the shipped recordings."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from comfytape_cassettes import Cassette
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_contracts.findings import Verdict
from comfytape_contracts.verdicts import ExitCode

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", name="report")
def shipped_report(request):
    """A shipped contract against the cassette of its name, a day after the recording."""
    cassette = Cassette.open(ROOT / "cassettes" / request.param)
    now = datetime.fromisoformat(cassette.provenance.recorded_at) + timedelta(days=1)
    return check(Contract.load(ROOT / "contracts" / request.param), cassette, now=now)


@pytest.mark.parametrize("report", ["z-image-danrisi"], indirect=True)
def test_the_real_workflow_breaks_only_the_generation_budget(report):
    """z-image-danrisi on a CPU: everything holds but the 30 s for an image, and the exit code says so."""
    assert [f.rule for f in report.findings] == ["budget-generation", "image-metadata"]
    assert (report.exit_code, report.verdict) == (ExitCode.BUDGET, Verdict.FAIL)


@pytest.mark.parametrize("report", ["z-image-danrisi"], indirect=True)
def test_the_real_figures_are_measured(report):
    """11 of 11 jobs; a cold start of half a minute; 33 to 37 s for an image with two workers on one CPU."""
    figures = report.measurements
    assert (figures["jobs"], figures["jobs_succeeded"], figures["success_rate"], figures["images"]) == (11, 11, 1.0, 11)
    assert 33_000 < figures["generation_median_ms"] <= figures["generation_p95_ms"] <= figures["generation_max_ms"]
    assert figures["generation_max_ms"] < 37_000
    assert 29_000 < figures["cold_start_ms"] < 31_000
    assert figures["comfyui_version"] == "0.10.0"
    assert (figures["nodes_required"], figures["nodes_verified"], figures["models_verified"]) == (11, 11, 3)


@pytest.mark.parametrize("report", ["noise-1024"], indirect=True)
def test_the_workflow_without_models_passes(report):
    """noise-1024 has nothing against it, and says what that rests on."""
    assert [(f.rule, f.severity) for f in report.findings] == [("image-metadata", "info")]
    assert (report.exit_code, report.verdict) == (ExitCode.PASS, Verdict.PASS)
    assert len(report.lines) == report.examined + 1  # freshness alone examines nothing of the endpoint
    assert all(line.verdict is Verdict.PASS and line.evidence for line in report.lines)


@pytest.mark.parametrize("report", ["noise-1024", "z-image-danrisi"], indirect=True)
def test_provenance_is_honest_wherever_a_person_sees_it(report):
    """The recordings say that they were not made on RunPod, nor on a GPU."""
    assert report.provenance["plane"] == "loopback"
    assert any("CPU" in note for note in report.provenance["notes"])
