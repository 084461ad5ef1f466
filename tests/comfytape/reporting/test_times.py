"""Times and cost in the reports: the same tables in the terminal, in Markdown and in HTML, and plots over time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from comfytape.cli.output import print_report
from comfytape.reporting import plots
from comfytape.reporting.formats import html, markdown
from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape
from comfytape_contracts.timing import timings_of
from comfytape_contracts.timing_load import levels_of, moments_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tape():
    return Tape(Cassette.open(ROOT / "cassettes/z-image-danrisi"))


def test_every_format_shows_the_same_tables(danrisi):
    """A cold job, nine warm ones, one that got a worker of its own: title, a figure and the outlier in each."""
    terminal = io.StringIO()
    print_report(Console(file=terminal, width=200), danrisi, verbose=True)
    for text in (terminal.getvalue(), markdown.render([danrisi]), html.render([danrisi])):
        for title in ("Times", "Times by worker, GPU and case", "Jobs at once", "Cost"):
            assert title in text
        assert "waited, met no worker" in text
        assert "32.7 to 36.4" in text
        assert "job 2 (18.5 s) stands out" in text


def test_without_verbose_the_terminal_keeps_to_a_screen(danrisi):
    """Tables are asked for."""
    terminal = io.StringIO()
    print_report(Console(file=terminal, width=200), danrisi)
    assert "waited, met no worker" not in terminal.getvalue()


def test_jobs_and_workers_over_time_are_one_picture(tape):
    """Its words say what it shows; it brings neither style nor script."""
    svg = plots.over_time(moments_of(tape, timings_of(tape)))
    assert 'aria-label="Jobs and workers over time: at most 2 jobs under way, 1 waiting, 2 workers"' in svg
    assert "<style" not in svg
    assert "<script" not in svg


def test_one_job_at_a_time_is_no_picture(tape):
    """Neither over time nor as throughput against one level."""
    noise = Tape(Cassette.open(ROOT / "cassettes/noise-1024"))
    timings = timings_of(noise)
    assert plots.over_time(moments_of(noise, timings)) == ""
    assert plots.throughput(levels_of(timings)) == ""
    assert plots.over_time([]) == ""


def test_throughput_is_told_for_each_level(tape):
    """One at a time, then two."""
    svg = plots.throughput(levels_of(timings_of(tape)))
    assert 'aria-label="Images a minute against jobs at once: 0.9 with 1, 3.3 with 2"' in svg


def test_a_staircase_has_corners_only_where_something_changes():
    """Counts do not slope."""
    assert plots.steps([(0, 0), (1000, 2), (2000, 2), (3000, 1)]) == [
        (0.0, 0), (1.0, 0), (1.0, 2), (3.0, 2), (3.0, 1), (3.0, 1),
    ]  # fmt: skip
