"""Requests that had to be sent again are told where they are more than one in fifty, and only as a warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfytape_cassettes import Failure
from comfytape_contracts.verdicts import ExitCode


@pytest.fixture
def polls(few):
    """The answers of /status, each of which can have failed just before."""
    return [e for e in few.exchanges if "/status/" in e.request.url]


@pytest.mark.parametrize(
    ("status", "rule", "words"),
    [(429, "requests-limited", "8 × 429"), (502, "requests-flaky", "8 × 502"), (500, "requests-flaky", "8 × 500")],
)
def test_answers_that_were_asked_for_again_are_told(few, polls, saying, retold, report, only, status, rule, words):
    """A rate limit apart from a server that fails; the jobs came to their end, so nothing is broken."""
    failed = [replace(saying(e, b"", status), times=((e.started_ms - 5, 1.0),)) for e in polls[:8]]
    found = report(retold(few, before=failed))
    assert words in only(found, rule).message
    assert found.exit_code is ExitCode.PASS


def test_broken_connections_are_told_beside_them(few, polls, saying, retold, report, only):
    """A reset has no answer; it counts as one all the same."""
    resets = [Failure("GET", e.request.url, "connection reset", (e.started_ms - 5, 1.0)) for e in polls[:6]]
    failed = [replace(saying(e, b"", 503), times=((e.started_ms - 5, 1.0),)) for e in polls[6:8]]
    message = only(report(retold(few, before=failed, failures=resets)), "requests-flaky").message
    assert "2 × 503, 6 × no answer" in message


def test_a_single_hiccup_is_no_news(few, polls, saying, retold, report):
    """One 502 among hundreds of answers."""
    failed = replace(saying(polls[0], b"", 502), times=((polls[0].started_ms - 5, 1.0),))
    assert report(retold(few, before=[failed])).findings == []
