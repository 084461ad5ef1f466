"""Out and in again: what a format can carry comes back as it was, and what it cannot is told."""

from __future__ import annotations

import gzip
import json
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytape.exporting import export_cassette
from comfytape.importing import import_files
from comfytape_cassettes import Body, Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.formats.har import har_of, har_tape
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.formats.vcr_file import vcr_tape
from comfytape_cassettes.formats.yaml_document import yaml_document
from comfytape_cassettes.provenance import Provenance

REAL = [
    "danrisi-jobs.har",
    "comfyui-prompt.har",
    "runpod-failures.har",
    "runpod-refusals.har",
    "runpod-stuck-in-queue.har",
]
FILES = ["a.har", "a.yaml", "a.json"]
KIND = {"a.har": "har", "a.yaml": "vcr", "a.json": "vcr"}


def polls(cassette):
    return sorted(
        ((times, e.request, e.response) for e in cassette.exchanges for times in e.times), key=lambda poll: poll[0]
    )


def there_and_back(cassette, place, file):
    lost = export_cassette(cassette, KIND[file], place / file)
    again, unkept = import_files([place / file], place / "again", [], [])
    return again, lost, unkept


def less_connection(message):
    """What vcrpy has no use for: it plays no connection."""
    kept = message.headers.without("connection", "keep-alive", "transfer-encoding")
    return message.__class__(
        *(kept if isinstance(v, Headers) else v for v in (getattr(message, n) for n in message.__slots__))
    )


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("file", ["a.har", "a.yaml"])
def test_real_recordings_come_back(imported, tmp_path, name, file):
    """Every poll with its times, headers, bodies; failures; when, against what, and every note."""
    cassette = imported(name)
    again, _, _ = there_and_back(cassette, tmp_path, file)
    expected = polls(cassette)
    if file != "a.har":
        expected = [(times, less_connection(asked), less_connection(said)) for times, asked, said in expected]
    assert polls(again) == expected
    assert again.failures == cassette.failures
    ours, theirs = again.provenance.to_json(), cassette.provenance.to_json()
    assert {k: v for k, v in ours.items() if k != "recording"} == {k: v for k, v in theirs.items() if k != "recording"}


NAMES = st.sampled_from(["Content-Type", "X-A", "x-b", "Set-Cookie", "Cache-Control", "Date"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20).map(str.strip)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4).map(Headers.of)
TEXTS = st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
TIMES = st.integers(0, 10**9).map(lambda us: us / 1000)


def exchanges(bodies):
    request = st.builds(
        Request, st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        st.sampled_from(["http://127.0.0.1:9/a", "http://127.0.0.1:9/b?c=%20d&c=", "http://localhost/%C3%A9"]),
        HEADERS, bodies.map(Body.of),
    )  # fmt: skip
    response = st.builds(Response, st.integers(100, 599), VALUES, HEADERS, bodies.map(Body.of))
    return st.builds(Exchange, request, response, st.tuples(st.tuples(TIMES, TIMES)))


class Told(NamedTuple):
    """What a writer asks of a cassette, without a disk."""

    exchanges: list[Exchange]
    failures: list[Failure]
    provenance: Provenance
    label: str = "c"


PROVENANCE = Provenance(
    recording="r", recorded_at="2026-11-22T10:00:00+00:00", recorded_by="comfytape", plane="runpod-cloud", source="s",
    contract="c", versions={"a": "1"}, notes=("a note",), samples=({"case": "a", "job": "j"},),
)  # fmt: skip
CHANNEL = {
    "har": lambda told: har_tape(json.loads(json.dumps(har_of(told))), "a"),
    "yaml": lambda told: vcr_tape(yaml_document(vcr_text(told, as_json=False)), "a", 0.0),
    "json": lambda told: vcr_tape(json.loads(vcr_text(told, as_json=True)), "a", 0.0),
}


@pytest.mark.parametrize("channel", CHANNEL)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_anything_comes_back(channel, data):
    """Any methods, statuses, headers, bytes (in JSON: texts) and times, requests without an answer, and provenance."""
    bodies = TEXTS if channel == "json" else TEXTS | st.binary(max_size=60)
    lost = st.builds(
        Failure, st.just("GET"), st.just("http://127.0.0.1:9/f"), st.text(min_size=1, max_size=20).map(ascii),
        st.tuples(TIMES, TIMES),
    )  # fmt: skip
    told = Told(
        data.draw(st.lists(exchanges(bodies), min_size=1, max_size=4)),
        data.draw(st.lists(lost, max_size=2)),
        PROVENANCE,
    )
    tape = CHANNEL[channel](told)
    by_time = sorted(told.exchanges, key=lambda exchange: exchange.times)
    assert sorted(tape.exchanges, key=lambda exchange: exchange.times) == by_time
    assert sorted(tape.failures, key=lambda f: f.times) == sorted(told.failures, key=lambda f: f.times)
    assert tape.provenance == PROVENANCE
    assert (tape.unkept, tape.notes, tape.missing) == ((), (), 0)


@pytest.mark.parametrize("file", FILES)
def test_what_does_not_come_back_is_told(tmp_path, recorded, exchange, file):
    """A Content-Encoding is undone; vcrpy plays neither connections nor requests without an answer."""
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    headers = [("Content-Encoding", "gzip"), ("Connection", "close"), ("Content-Length", str(len(packed)))]
    failure = Failure("GET", "http://127.0.0.1:9/health", "refused", (9.0, 1.0))
    cassette = recorded(exchange(packed, headers=headers), failures=[failure])
    again, lost, _ = there_and_back(cassette, tmp_path, file)
    (back,) = again.exchanges
    assert back.response.body.raw() == b'{"a": 1}'
    assert back.response.headers.get("content-encoding") == ""
    assert back.response.headers.get("content-length") == "8"
    assert again.failures == (failure,)
    vcr = [
        "1 headers of connections that are over (Connection, Transfer-Encoding)",
        "1 requests that got no answer are in the file, but vcrpy plays none of them",
    ]
    assert list(lost) == [
        "1 bodies are written decoded, without their Content-Encoding", *(vcr if KIND[file] == "vcr" else [])
    ]  # fmt: skip


def test_two_formats_make_one_cassette(imported, tmp_path):
    """Different files of different tools are told together, in order of time; the planes agree or it is an import."""
    export_cassette(imported("runpod-refusals.har"), "vcr", tmp_path / "a.yaml")
    export_cassette(imported("runpod-stuck-in-queue.har"), "har", tmp_path / "b.har")
    hook = {"id": "j", "status": "COMPLETED"}
    (tmp_path / "c.json").write_text(json.dumps(hook))
    cassette, _ = import_files([tmp_path / name for name in ("a.yaml", "b.har", "c.json")], tmp_path / "all", [], [])
    started = [e.started_ms for e in cassette.exchanges]
    assert started == sorted(started)
    assert (len(started), cassette.provenance.plane) == (13, "import")


def test_our_own_files_without_a_date(recorded, exchange, tmp_path):
    """A folder that does not say when it was recorded: the date of its index stands for it; a HAR's first entry."""
    cassette = recorded(exchange(b"{}", at=5))
    index = tmp_path / "cassette" / "cassette.json"
    index.write_text(index.read_text().replace("2026-11-22T10:00:00+00:00", "some day"))
    assert read_foreign(index.parent).began.timestamp() == int(index.stat().st_mtime)
    document = har_of(cassette)
    document["log"]["_comfytape"]["recorded_at"] = "some day"
    tape = har_tape(document, "a")
    assert (tape.began.isoformat(), tape.exchanges[0].started_ms) == ("2026-11-22T10:00:00.005000+00:00", 0.0)
