"""Cassettes that vcrpy 6.0.2, 7.0.0, 8.5.0 and 9.4.2 really wrote come in; what a stranger made of YAML does not.

``tests/data/vcr`` was recorded with each version against a real ComfyUI 0.10.0 and a loopback job API, through
requests, httpx and aiohttp.
"""

from __future__ import annotations

import gzip
import json
import lzma
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from comfytape.importing import import_files
from comfytape_cassettes import CassetteError
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_cassettes.formats.yaml_document import yaml_document
from comfytape_contracts.tape import Tape

DATA = Path(__file__).parents[1] / "data" / "vcr"
RECORDED = sorted(path.name.removesuffix(".xz") for path in DATA.glob("*.xz"))
KEY = b"rpa_" + b"TESTKEY0123456789"


@pytest.fixture
def recorded_file(tmp_path):
    """A function: the path of a file that a real vcrpy wrote."""

    def unpack(name, *, convert=bytes):
        path = tmp_path / name
        path.write_bytes(convert(lzma.decompress((DATA / f"{name}.xz").read_bytes())))
        return path

    return unpack


@pytest.fixture
def vcr_file(tmp_path):
    """A function: the tape of a file of these interactions."""

    def read(*interactions, **more):
        path = tmp_path / "a.json"
        path.write_text(json.dumps({"version": 1, "interactions": interactions} | more))
        return read_foreign(path)

    return read


def interaction(*, request=None, response=None):
    """As small as vcrpy writes one."""
    return {
        "request": {"method": "GET", "uri": "http://127.0.0.1:9/", "body": None, "headers": {}, **(request or {})},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}, **(response or {})},
    }  # fmt: skip


def test_all_versions_are_here():
    """Four versions, three clients in YAML and one in JSON each."""
    assert len(RECORDED) == 16


@pytest.mark.parametrize("name", RECORDED)
def test_what_a_real_vcrpy_wrote(recorded_file, tmp_path, name):
    """A job that ran to its end with its image, an inventory, a compressed answer; the key stays out."""
    file = recorded_file(name)
    assert KEY in file.read_bytes()
    cassette, _ = import_files([file], tmp_path / "c", [], [])
    tape = Tape(cassette)
    job = tape.jobs[0]
    assert (job.status, cassette.provenance.plane) == ("COMPLETED", "loopback")
    (image,) = job.last.output["images"]
    assert image["data"].read().startswith(b"\x89PNG")
    (packed,) = [e for e in cassette.exchanges if e.request.url.endswith("/gzip")]
    assert json.loads(packed.response.content()) == {"KSampler": {"seed": 2**64 - 1, "é": "ü"}}
    # vcrpy 6 and 7 do not keep what aiohttp was given as json=….
    if name not in ("v6-aiohttp.yaml", "v7-aiohttp.yaml"):
        assert job.workflow["1"]["inputs"]["seed"] == 2**64 - 1
    for path in (tmp_path / "c").rglob("*"):
        assert path.is_dir() or KEY not in path.read_bytes()


@pytest.mark.parametrize("name", [name for name in RECORDED if "requests.yaml" in name])
def test_bodies_that_were_files_and_iterators(recorded_file, name):
    """vcrpy writes them as Python objects: their bytes are read, and no object is made."""
    sent = [e.request.body.raw() for e in read_foreign(recorded_file(name)).exchanges]
    assert b'{"input": {"file": 1}}' in sent
    assert b'{"input": {"iter": 1}}' in sent
    assert any(b"\x89PNG" in body for body in sent), "the upload"


@pytest.mark.parametrize(
    "convert",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.decode().encode("utf-16"),
        gzip.compress,
    ],
    ids=["BOM", "CRLF", "UTF-16", "gzip"],
)
def test_how_a_file_was_handled_does_not_matter(recorded_file, convert):
    """A mark, other line ends, PowerShell's encoding, gzip: the same exchanges."""
    plain = read_foreign(recorded_file("v9-requests.yaml"))
    handled = read_foreign(recorded_file("v9-requests.yaml", convert=convert))
    assert handled.exchanges == plain.exchanges


def test_times_are_those_of_the_date_headers(vcr_file):
    """To the second, never backwards; that it is so is said."""
    dates = [
        "Sun, 22 Nov 2026 10:00:05 GMT",
        "Sun, 22 Nov 2026 10:00:07 GMT",
        "nonsense",
        "Sun, 22 Nov 2026 10:00:06 GMT",
    ]
    tape = vcr_file(*(interaction(response={"headers": {"Date": [date]}}) for date in dates))
    assert tape.began == datetime(2026, 11, 22, 10, 0, 5, tzinfo=UTC)
    assert [e.started_ms for e in tape.exchanges] == [0.0, 2000.0, 2000.0, 2000.0]
    assert "times are those of the Date headers" in tape.notes[0]


def test_a_file_that_says_no_time(vcr_file, tmp_path):
    """Its own date stands for it, and that is said."""
    tape = vcr_file(interaction())
    assert tape.began.timestamp() == int((tmp_path / "a.json").stat().st_mtime)
    assert "does not say when it was recorded" in tape.notes[0]


def test_a_body_stored_inflated_no_longer_claims_to_be_packed(vcr_file):
    """The header goes, the length is that of the text, and a note counts them."""
    headers = {"Content-Encoding": ["gzip"], "Content-Length": ["23"]}
    tape = vcr_file(interaction(response={"headers": headers, "body": {"string": "[12]"}}))
    assert tape.exchanges[0].response.headers.items == (("Content-Length", "4"),)
    assert tape.notes[1].startswith("1 bodies were stored decoded")


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"base64_string": "AP8="}, b"\x00\xff"),
        ({"base64_string": "AP\n8=", "encoding": "ASCII-8BIT"}, b"\x00\xff"),
        ({"string": "é", "encoding": "UTF-8"}, "é".encode()),
        ({"string": None}, b""),
        ("bare", b"bare"),
        (None, b""),
    ],
)
def test_how_an_answer_is_spelled(vcr_file, body, data):
    """Text, base64 for exact bytes, nothing."""
    assert vcr_file(interaction(response={"body": body})).exchanges[0].response.body.raw() == data


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ({"base64_string": "AP8="}, b"\x00\xff"),
        ({"string": "x"}, b"x"),
        ({}, b"{}"),
        ({"input": {"seed": 2**64 - 1, "cfg": 8.0}}, b'{"input": {"seed": 18446744073709551615, "cfg": 8.0}}'),
        ([1, 2.50], b"[1, 2.5]"),
    ],
)
def test_how_a_request_is_spelled(vcr_file, body, data):
    """aiohttp's JSON is a mapping; one that only says how it is spelled is a spelling."""
    assert vcr_file(interaction(request={"body": body})).exchanges[0].request.body.raw() == data


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"response": {"status": 200}}, "is damaged: "),
        ({"response": {"status": {}}}, "'code' is missing"),
        ({"response": {"status": {"code": 7}}}, "expected a status from 100 to 999"),
        ({"response": {"headers": []}}, "headers: expected a mapping"),
        ({"response": {"headers": {"a": [{}]}}}, "the header 'a' is no text"),
        ({"response": {"headers": {"a": "b\r\nc"}}}, "control characters"),
        ({"response": {"body": 5}}, "expected text, got int"),
        ({"response": {"body": {"string": 5}}}, "expected text, got int"),
        ({"response": {"body": {"base64_string": "!"}}}, "does not decode"),
        ({"response": {"body": {"file": "bodies/../../secret"}}}, "import the folder of the cassette"),
        ({"request": {"uri": None}}, "expected a URL"),
        ({"request": {"uri": "http://[::1"}}, "is damaged: "),
        ({"request": {"uri": "http://x/\x00"}}, "expected a URL"),
    ],
)
def test_a_damaged_interaction_is_named(vcr_file, damage, words):
    """Its number in the file, and what is wrong with it."""
    with pytest.raises(CassetteError, match=r"a\.json, interaction 2 is damaged: ") as caught:
        vcr_file(interaction(), interaction(**damage))
    assert words in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"version": 2, "interactions": []}, "of version 2"),
        ({"version": 1, "interactions": []}, "holds no interactions"),
        ({"version": 1, "interactions": {}}, "holds no interactions"),
        ({"version": 1, "interactions": [5]}, "interaction 1 is damaged"),
        ({"version": 1, "interactions": [interaction()], "comfytape": {}}, "part 'comfytape' is damaged"),
        (
            {"version": 1, "interactions": [interaction() | {"times": [[float(10**13), 0]]}],
             "comfytape": {"recorded_at": "2026-11-22T10:00:00"}},
            "expected milliseconds",
        ),
        (
            {"version": 1, "interactions": [interaction() | {"times": []}], "comfytape": {"recorded_at": "2026-11-22T10:00:00"}},
            "'times' of an interaction is empty",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_no_cassette(tmp_path, document, words):
    """Said with what to do."""
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(CassetteError, match=words) as caught:
        read_foreign(tmp_path / "a.json")
    assert caught.value.hint


def test_metadata_of_a_suite_is_not_kept(vcr_file):
    """vcrpy 9 stores what tests ask it to; that it is left out is said."""
    assert vcr_file(interaction(), metadata={"seed": 5}).unkept == ("metadata of the test that recorded it",)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "aliases that grow without end"),
        ("a: &a [1]\nb: {<<: *a}\n", "merge keys"),
        ("a: 1\na: 2\n", "'a' is there twice"),
        ("[" * 70 + "]" * 70, "more than 64 levels"),
        ("a: " + "{b: " * 70 + "}" * 70, "more than 64 levels"),
        ("a: &a [*a]\n", "an alias to what it stands in"),
        ("a: *nowhere\n", "undefined alias"),
        ("a: \x00\n", "special characters are not allowed|control characters are not allowed"),
        ("--- 1\n--- 2\n", "expected a single document"),
        ("a: !!python/object/apply:os.system [echo]\n", "could not determine a constructor"),
        ("a: !!python/name:os.system x\n", "could not determine a constructor"),
        ("a: !!python/object/new:_io.BytesIO [x]\n", "expected a mapping"),
        ("a: !mine x\n", "could not determine a constructor"),
        ("a: [\n", "line 2"),
    ],
)
def test_yaml_of_a_stranger(text, words):
    """Nothing is run, nothing grows, nothing is lost: the line is named."""
    with pytest.raises(ValueError, match=words):
        yaml_document(text)


def test_yaml_that_is_only_unusual():
    """Aliases as vcrpy's dumper writes them, and strings of Python 2."""
    assert yaml_document("a: &x [b]\nc: *x\nd: !!python/unicode é\ne: !!python/tuple [1]\nf: &s x\n") == {
        "a": ["b"], "c": ["b"], "d": "é", "e": [1], "f": "x",
    }  # fmt: skip


def test_a_cassette_with_anchors(tmp_path):
    """Header lists that two interactions share."""
    shared = ["application/json"]
    document = {"version": 1, "interactions": [interaction(response={"headers": {"A": shared}}) for _ in range(2)]}
    (tmp_path / "a.yaml").write_text(text := yaml.safe_dump(document))
    assert "&id001" in text
    assert [e.response.headers.get("a") for e in read_foreign(tmp_path / "a.yaml").exchanges] == [
        "application/json"
    ] * 2


def test_yaml_without_end(tmp_path, monkeypatch):
    """More than vcrpy itself could read."""
    monkeypatch.setattr("comfytape_cassettes.formats.document.YAML_LIMIT", 100)
    (tmp_path / "a.yaml").write_text("a: b\n" * 30)
    with pytest.raises(CassetteError, match="bytes of YAML; at most 100 are read"):
        read_foreign(tmp_path / "a.yaml")


def test_a_file_without_end(tmp_path, monkeypatch):
    """Refused before it is read."""
    monkeypatch.setattr("comfytape_cassettes.formats.document.FILE_LIMIT", 100)
    (tmp_path / "a.yaml").write_text("a: b\n" * 30)
    with pytest.raises(CassetteError, match="has 150 bytes; at most 100 are read"):
        read_foreign(tmp_path / "a.yaml")
