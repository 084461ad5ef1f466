"""Polls that say the same are one state with its times; everything that says something new is kept."""

from __future__ import annotations

import pytest

STATUS = "http://127.0.0.1:9/v2/e/status/{}"


def states(cassette):
    return [(e.request.url.rpartition("/")[2], e.response.body.text(), len(e.times)) for e in cassette.exchanges]


def test_240_polls_are_three_states_with_their_times(exchange, recorded):
    """IN_QUEUE, IN_PROGRESS, COMPLETED, asked 240 times: three exchanges that know each asking."""
    said = [b"IN_QUEUE"] * 100 + [b"IN_PROGRESS"] * 139 + [b"COMPLETED"]
    cassette = recorded(*(exchange(text, at=n * 500.0, took=n / 8) for n, text in enumerate(said)))
    assert states(cassette) == [("j", "IN_QUEUE", 100), ("j", "IN_PROGRESS", 139), ("j", "COMPLETED", 1)]
    assert [t for e in cassette.exchanges for t in e.times] == [(n * 500.0, n / 8) for n in range(240)]
    queued = cassette.exchanges[0]
    assert (queued.started_ms, queued.elapsed_ms, queued.last_ms) == (0.0, 0.0, 99 * 500.0 + 99 / 8)


def test_interleaved_jobs_and_health_keep_every_turn(exchange, recorded):
    """Two jobs polled in turns, with a gauge that goes up and down between them: no state is lost or moved."""
    turns = [("a", b"IN_QUEUE"), ("b", b"IN_QUEUE"), ("health", b"0"), ("a", b"IN_QUEUE"), ("health", b"1"),
             ("b", b"IN_PROGRESS"), ("a", b"IN_PROGRESS"), ("health", b"0"), ("b", b"IN_PROGRESS"), ("health", b"0")]  # fmt: skip
    cassette = recorded(*(exchange(body, at=n, url=STATUS.format(who)) for n, (who, body) in enumerate(turns)))
    assert states(cassette) == [
        ("a", "IN_QUEUE", 2), ("b", "IN_QUEUE", 1), ("health", "0", 1), ("health", "1", 1),
        ("b", "IN_PROGRESS", 2), ("a", "IN_PROGRESS", 1), ("health", "0", 2),
    ]  # fmt: skip


def test_exchanges_are_in_the_order_they_began(exchange, recorded):
    """A slow request that was asked first comes first, though its answer arrived last."""
    late, early = (
        exchange(b"fast", at=20, took=1, url="http://x/fast"),
        exchange(b"slow", at=10, took=500, url="http://x/slow"),
    )
    assert [e.response.body.text() for e in recorded(late, early).exchanges] == ["slow", "fast"]


@pytest.mark.parametrize("header", ["Date", "ETag", "CF-Ray", "X-Request-Id", "Set-Cookie"])
def test_a_volatile_header_makes_no_new_state(exchange, recorded, header):
    """What differs in every answer of every server says nothing."""
    cassette = recorded(*(exchange(b"IN_QUEUE", at=n, headers=[(header, str(n))]) for n in range(3)))
    assert states(cassette) == [("j", "IN_QUEUE", 3)]


@pytest.mark.parametrize(
    "other",
    [
        {"status": 429},
        {"reason": "Fine"},
        {"headers": [("Retry-After", "3")]},
        {"request_headers": [("X-Tenant", "b")]},
    ],
)
def test_any_other_difference_is_a_state_of_its_own(exchange, recorded, other):
    """Status, reason, a header that means something, another sender."""
    cassette = recorded(exchange(b"IN_QUEUE", at=0), exchange(b"IN_QUEUE", at=1, **other), exchange(b"IN_QUEUE", at=2))
    assert states(cassette) == [("j", "IN_QUEUE", 1)] * 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_changes_the_server_is_never_folded(exchange, recorded, method):
    """Two equal submissions are two jobs."""
    cassette = recorded(*(exchange(b'{"id": "j"}', at=n, method=method) for n in range(3)))
    assert len(cassette.exchanges) == 3
