"""The index: stable, reviewable, read alone and no further than needed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comfytape.importing import import_files
from comfytape_cassettes import Cassette, Failure, Headers, Provenance
from comfytape_cassettes.index import dump_index, parse_index


def index_of(cassette):
    return Path(cassette.label) / "cassette.json"


def test_the_same_recording_gives_the_same_bytes(real_har, tmp_path):
    """Importing the same file again changes no byte of the cassette, so git shows nothing."""
    files = []
    for _ in range(2):
        cassette = import_files([real_har("runpod-cold-then-warm.har")], tmp_path / "c", ["a note"], [])[0]
        files.append({p.relative_to(tmp_path): p.read_bytes() for p in Path(cassette.label).rglob("*") if p.is_file()})
    assert files[0] == files[1]


def test_reading_and_writing_an_index_changes_nothing(imported):
    """What was read is written back byte for byte."""
    data = index_of(imported("danrisi-jobs.har")).read_bytes()
    document = json.loads(data)
    assert dump_index(document["metadata"], document["interactions"]) == data


def test_an_index_is_a_vcrpy_cassette(imported):
    """Version 1, interactions with request and response as vcrpy spells them, metadata beside."""
    document = json.loads(index_of(imported("runpod-refusals.har")).read_bytes())
    assert list(document) == ["version", "metadata", "interactions"]
    assert document["version"] == 1
    first = document["interactions"][0]
    assert first["request"]["headers"]["Authorization"] == ["Bearer REDACTED"]
    assert first["response"]["status"] == {"code": 401, "message": "Unauthorized"}


def test_times_of_a_poll_take_a_line_each(imported):
    """240 polls are 240 short lines in a review."""
    lines = index_of(imported("danrisi-jobs.har")).read_text().splitlines()
    times = [
        line
        for line in lines
        if line.strip().startswith("[") and line.strip().rstrip(",").endswith("]") and "," in line
    ]
    assert len([line for line in times if len(json.loads(line.strip().rstrip(","))) == 2]) == 444


def test_opening_reads_the_index_alone(exchange, recorded):
    """With every body gone the cassette still opens and tells what was asked; only a body itself is missed."""
    cassette = recorded(exchange(b"\x00" * 9000, headers=[]), exchange(b"{}", url="http://x/2", at=9))
    shutil.rmtree(Path(cassette.label) / "bodies")
    opened = Cassette.open(cassette.label)
    assert [e.request.url for e in opened.exchanges] == ["http://127.0.0.1:9/v2/e/status/j", "http://x/2"]
    assert opened.provenance.plane == "loopback"
    assert opened.exchanges[1].response.body.raw() == b"{}"


def test_an_exchange_is_built_when_it_is_asked_for(imported):
    """Opening cuts our own layout at its interactions and parses none of them."""
    data = index_of(imported("danrisi-jobs.har")).read_bytes()
    index = parse_index(data, "cassette.json")
    assert len(index.interactions) == 69
    assert all(isinstance(text, bytes) for text in index.interactions)


def test_exchanges_read_like_a_tuple(imported):
    """Length, index, negative index, slice, iteration, the end."""
    exchanges = imported("runpod-refusals.har").exchanges
    listed = list(exchanges)
    assert len(exchanges) == len(listed) == 6
    assert exchanges[-1] is listed[5]
    assert exchanges[1:3] == tuple(listed[1:3])
    with pytest.raises(IndexError):
        exchanges[6]
    with pytest.raises(IndexError):
        exchanges[-7]


@pytest.mark.parametrize(
    "respell",
    [
        lambda text: json.dumps(json.loads(text)),
        lambda text: json.dumps(json.loads(text), indent=4),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n  },\n  {\n", "\n  }, {\n", 1),
    ],
    ids=["one line", "indent 4", "CRLF", "no last newline", "half reformatted"],
)
def test_another_layout_reads_the_same(imported, tmp_path, respell):
    """An editor or another tool that reformats the index does no harm."""
    cassette = imported("runpod-refusals.har")
    text = index_of(cassette).read_bytes().decode()
    (tmp_path / "cassette.json").write_bytes(respell(text).encode())
    assert list(Cassette.open(tmp_path).exchanges) == list(cassette.exchanges)


def test_a_cassette_of_vcrpy_opens(tmp_path):
    """Without our metadata and times, and with headers as plain strings; a body may be null."""
    interaction = {
        "request": {"method": "GET", "uri": "http://x/", "headers": {"Accept": "*/*"}, "body": None},
        "response": {"status": {"code": 204, "message": None}, "headers": {"A": ["1", "2"]}, "body": {"string": ""}},
    }
    (tmp_path / "cassette.json").write_text(json.dumps({"version": 1, "interactions": [interaction]}))
    cassette = Cassette.open(tmp_path)
    (kept,) = cassette.exchanges
    assert kept.request.headers == Headers.of([("Accept", "*/*")])
    assert kept.response.headers == Headers.of([("A", "1"), ("A", "2")])
    assert (kept.response.reason, kept.response.body.raw(), kept.times) == ("", b"", ((0.0, 0.0),))
    assert (cassette.provenance.recorded_by, cassette.failures, cassette.name) == ("another tool", (), tmp_path.name)


def test_an_empty_recording_is_a_cassette(recorded):
    """Nothing was said: it opens, and holds nothing."""
    cassette = recorded()
    assert (list(cassette.exchanges), cassette.orphans()) == ([], set())


def test_failures_are_kept_with_their_words_and_time(recorded):
    """A request that got no answer is no exchange, and is not forgotten."""
    failure = Failure("GET", "http://127.0.0.1:9/health", "connection refused", (12.5, 3.0))
    assert recorded(failures=[failure]).failures == (failure,)


def test_a_header_that_came_twice_stays_twice(exchange, recorded):
    """Order and spelling of a header's values are kept."""
    headers = [("Vary", "Origin"), ("X-A", "1"), ("vary", "Accept")]
    (kept,) = recorded(exchange(b"", headers=headers)).exchanges
    assert kept.response.headers.items == (("Vary", "Origin"), ("Vary", "Accept"), ("X-A", "1"))
    assert kept.response.headers.get("VARY") == "Origin"


def test_orphans_are_named(exchange, recorded):
    """A body that no exchange refers to is found; a file that is not ours is nobody's business."""
    cassette = recorded(exchange(b"\x00" * 9000, headers=[]))
    bodies = Path(cassette.label) / "bodies"
    stray = "0" * 32 + ".bin"
    (bodies / stray).write_bytes(b"x")
    (bodies / "README.md").write_text("why these are here")
    assert cassette.orphans() == {stray}


def test_half_a_character_in_a_header_survives(exchange, recorded):
    """A lone surrogate, as a HAR may hold one, goes through the index and does not cost the lazy layout."""
    cassette = recorded(exchange(b"{}", reason="O\ud800K", url="http://x/\udfff"))
    (kept,) = Cassette.open(cassette.label).exchanges
    assert (kept.response.reason, kept.request.url) == ("O\ud800K", "http://x/\udfff")
    assert isinstance(cassette.index.interactions[0], bytes)


@pytest.mark.parametrize(
    ("recorded_at", "days"),
    [
        ("2026-11-22T10:00:00+00:00", 2.0),
        ("2026-11-22T12:00:00+02:00", 2.0),
        ("2026-11-23", 1.4166666666666667),
        ("once", None),
    ],
)
def test_a_cassette_knows_its_age(recorded_at, days):
    """In days, whatever time zone it was written in; None when it does not say."""
    provenance = Provenance(recording="", recorded_at=recorded_at, recorded_by="", plane="loopback")
    assert provenance.age_days(datetime(2026, 11, 24, 10, tzinfo=UTC)) == days
