"""What a run keeps of a report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfytape.history import Run
from comfytape.history.run import endpoint_of
from comfytape_cassettes import Cassette

from .conftest import ROOT


def test_it_says_what_was_recorded_where(run):
    """Names and moments, not folders of a machine."""
    assert (run.contract, run.cassette, run.endpoint) == ("z-image-danrisi", "z-image-danrisi", "loopback/comfy")
    assert run.recorded_at == "2026-11-22T15:50:12.893+00:00"
    assert run.plane == "loopback"


def test_when_somebody_looked_makes_no_other_run(report, run):
    """The age of a recording grows every day; its result does not change by that."""
    later = replace(report, measurements=report.measurements | {"recording_age_days": 99})
    assert Run.of(later).key == run.key


@pytest.mark.parametrize(
    "change", [{"recording": "x"}, {"contract": "x"}, {"findings": ()}, {"tool": "9"}, {"measurements": {}}]
)
def test_another_result_has_another_key(run, change):
    """Whatever differs in substance is another row."""
    assert replace(run, **change).key != run.key


def test_words_do_not_make_another_run(run):
    """Messages may be improved."""
    said = tuple(replace(finding, message="other words", hint="") for finding in run.findings)
    assert replace(run, findings=said).key == run.key


def test_a_recording_without_an_id_is_told_by_name_and_moment(report):
    """As one that another tool made."""
    bare = Run.of(replace(report, provenance={"recorded_at": "2026-06-01"}))
    assert bare.recording == "z-image-danrisi 2026-06-01"


def test_a_recording_of_comfyui_alone_has_its_host(imported):
    """No RunPod call, so no endpoint id."""
    assert endpoint_of(imported("comfyui-inventory.har")) == "loopback"
    assert endpoint_of(Cassette.open(ROOT / "cassettes/noise-1024")).startswith("loopback/")
