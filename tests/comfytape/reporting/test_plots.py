"""Plots: static pictures with the figures of the recording."""

from __future__ import annotations

import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from comfytape import Cassette
from comfytape.reporting import plots
from comfytape.reporting.samples import samples_of

from .conftest import ROOT

SVG = "{http://www.w3.org/2000/svg}"
PLOTS = [plots.per_sample, plots.cold_against_warm, plots.distribution]


@pytest.fixture(scope="module")
def samples():
    return samples_of(Cassette.open(ROOT / "cassettes/z-image-danrisi"))


def values(svg):
    """The figures that bars tell."""
    return [float(title.text) for title in ET.fromstring(svg).iter(f"{SVG}title")]


def test_each_job_shows_what_it_waited_and_ran(samples):
    """Two figures a job, as recorded."""
    assert values(plots.per_sample(samples)) == [*(s.waited for s in samples), *(s.ran for s in samples)]


def test_cold_stands_against_warm(samples):
    """Medians, said in words too."""
    svg = plots.cold_against_warm(samples)
    assert 48.671 in values(svg)
    assert "cold jobs waited 2.0 and ran 48.7" in ET.fromstring(svg).get("aria-label")


def test_the_distribution_counts_every_warm_job(samples):
    """Nine of them, none twice."""
    assert sum(values(plots.distribution(samples))) == 9


def test_equal_times_are_one_bar(samples):
    """No division by the width of nothing."""
    equal = [replace(s, ran=2.0) for s in samples]
    assert max(values(plots.distribution(equal))) == 9


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_plot_is_one_picture_that_does_nothing(plot, samples):
    """Named for readers of screens; no script, style, id, comment or time of drawing, and the same in every run."""
    svg = plot(samples)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert not {f"{SVG}{tag}" for tag in ("script", "style", "desc", "defs", "a")} & {e.tag for e in root.iter()}
    assert not [e for e in root.iter() if e.get("id") or e.get("style")]
    assert "<!--" not in svg
    assert plot(samples) == svg


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_without_times_there_is_no_plot(plot, samples):
    """An empty frame would look like zero seconds."""
    assert plot([replace(s, waited=None, ran=None) for s in samples]) == ""


def test_without_a_cold_job_nothing_is_compared(samples):
    """One side alone is no comparison."""
    assert plots.cold_against_warm([s for s in samples if not s.cold]) == ""


def test_many_jobs_have_fewer_labels(samples):
    """Labels do not lie over each other."""
    many = [replace(samples[1], number=n) for n in range(1, 101)]
    labels = [t.text for t in ET.fromstring(plots.per_sample(many)).iter(f"{SVG}text")]
    assert sum(1 for text in labels if text and text.isdigit() and int(text) > 20) <= 15


def test_importing_leaves_no_finder_behind():
    """pygal's finder makes Python 3.11 warn at every later import."""
    assert "PluginImportFixer" not in {type(finder).__name__ for finder in sys.meta_path}
