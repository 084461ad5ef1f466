"""Since when: first seen, last seen, and since when without a break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfytape.history import sightings
from comfytape.history.sighting import in_order, lines
from comfytape_contracts.findings import Finding, Severity

SLOW = Finding(rule="budget-generation", severity=Severity.ERROR, message="slow", fingerprint="aaaa000000000000")
GONE = Finding(rule="node-missing", severity=Severity.WARNING, message="gone", fingerprint="bbbb000000000000")


def days(runs):
    return [run.cassette for run in runs]


def test_a_finding_that_stands_says_since_when(series):
    """Seen, gone, and seen again: first, since and last are three different days."""
    (slow,) = sightings(series([SLOW], [], [SLOW], [SLOW]))
    assert (slow.first.cassette, slow.since.cassette, slow.last.cassette) == ("day-1", "day-3", "day-4")
    assert (slow.stands, slow.gone, days(slow.seen)) == (True, None, ["day-1", "day-3", "day-4"])


def test_a_finding_that_is_gone_says_with_which_recording(series):
    """The recording that no longer has it is where to look for the mending."""
    (slow,) = sightings(series([], [SLOW], [SLOW], []))
    assert not slow.stands
    assert (slow.since.cassette, slow.gone.cassette) == ("day-2", "day-4")


def test_what_stands_comes_first_then_the_worst(series):
    """The order in which somebody wants to read."""
    found = sightings(series([SLOW], [GONE]))
    assert [each.finding.rule for each in found] == ["node-missing", "budget-generation"]
    found = sightings(series([GONE, SLOW]))
    assert [each.finding.rule for each in found] == ["budget-generation", "node-missing"]


@pytest.mark.parametrize("wanted", ["bbbb000000000000", "bbbb00", "node-missing"])
def test_one_can_be_asked_for(series, wanted):
    """By fingerprint, its beginning, or its rule."""
    assert [each.finding for each in sightings(series([SLOW, GONE]), wanted)] == [GONE]


def test_an_accepted_finding_is_still_seen(series):
    """Accepting it does not make it go away."""
    (run,) = series([])
    (slow,) = sightings([replace(run, accepted=(SLOW,))])
    assert slow.stands


def test_endpoints_are_told_apart(series):
    """What one endpoint has never had is no gap in the other's row."""
    runs = [*series([SLOW], [SLOW], endpoint="a"), *series([], [], endpoint="b")]
    assert list(lines(runs)) == [("z-image-danrisi", "a"), ("z-image-danrisi", "b")]
    (slow,) = sightings(runs)
    assert {run.endpoint for run in slow.runs} == {"a"}


def test_the_last_word_about_a_recording_counts(series):
    """Two checks of one recording are one place in the row."""
    (run,) = series([SLOW])
    assert in_order([run, replace(run, findings=())]) == [replace(run, findings=())]
