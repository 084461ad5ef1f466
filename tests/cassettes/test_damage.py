"""A damaged cassette says which file, which exchange, what is wrong and what to do; never a traceback."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette, CassetteError
from comfytape_cassettes.body import content_name
from comfytape_cassettes.formats.har import har_of

URL = "http://127.0.0.1:9/v2/e/{}"


@pytest.fixture
def cassette(exchange, recorded):
    """Three exchanges: one in the index, one with a body file, one with a picture in JSON."""
    picture = json.dumps({"image": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9000)).decode()}).encode()
    return recorded(
        exchange(b'{"status": "IN_QUEUE"}', at=1, url=URL.format("health")),
        exchange(b"\x01" * 9000, at=2, url=URL.format("view"), headers=[]),
        exchange(picture, at=3, url=URL.format("status/j")),
    )


@pytest.fixture
def folder(cassette):
    return Path(cassette.label)


def everything(folder):
    """Open and read all there is."""
    opened = Cassette.open(folder)
    opened.verify()
    return har_of(opened)


def complaint(folder):
    """What a person reads, with the hint; the command line says the same and ends with exit code 2."""
    with pytest.raises(CassetteError) as caught:
        everything(folder)
    told = CliRunner().invoke(
        cli, ["export", str(folder), "--format", "har", "--output", str(folder.parent / "out.har")]
    )
    assert told.exit_code == 2, told.output
    assert "error:" in told.stderr
    assert "hint:" in told.stderr
    assert "Traceback" not in told.output
    assert caught.value.hint
    return f"{caught.value} | {caught.value.hint}"


def edit(folder, change):
    """Hand-edit the index: ``change`` gets the parsed document."""
    path = folder / "cassette.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


def test_whole_it_reads(folder):
    """The tests below start from a cassette that is in order."""
    assert len(everything(folder)["log"]["entries"]) == 3


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_cut_short(folder, share):
    """An index that ends early, wherever, is refused on opening."""
    path = folder / "cassette.json"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CassetteError, match=re.escape(str(path))):
        Cassette.open(folder)
    assert "restore it from git, or record or import it again" in complaint(folder)


def test_hand_edited_into_no_json(folder):
    """A comma too few in the second exchange: the message counts to it and names the line of the file."""
    path = folder / "cassette.json"
    text = path.read_text()
    at = text.index('"uri": "http://127.0.0.1:9/v2/e/view",') + len('"uri": "http://127.0.0.1:9/v2/e/view"')
    path.write_text(text[:at] + text[at + 1 :])
    line = text[:at].count("\n") + 2
    said = complaint(folder)
    assert f"{path}, exchange 2 is not JSON (line {line}: Expecting ',' delimiter)" in said
    assert "restore it from git" in said


def test_bytes_that_are_no_text(folder):
    """A byte that is no UTF-8 inside an exchange."""
    path = folder / "cassette.json"
    path.write_bytes(path.read_bytes().replace(b"/v2/e/view", b"/v2/e/\xff\xfe"))
    assert f"{path}, exchange 2 is not JSON" in complaint(folder)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"version":' * 100_000, "nonsense", '"text"', "[]", "{}", '{"interactions": {}}', "12"]
)
def test_something_else_altogether(folder, text):
    """Not JSON, not an object, not a cassette, or nested without end."""
    (folder / "cassette.json").write_text(text)
    assert str(folder / "cassette.json") in complaint(folder)


def test_nested_too_deeply_inside_an_exchange(folder):
    """The same within one exchange of our own layout."""
    path = folder / "cassette.json"
    path.write_text(path.read_text().replace('"message": "OK"', '"message": ' + "[" * 200_000, 1))
    assert "exchange 1 is nested too deeply" in complaint(folder)


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_version(folder, version):
    """A cassette of the future says so, and what helps."""
    edit(folder, lambda document: document.update(version=version))
    said = complaint(folder)
    assert f"version {version!r}; expected 1" in said
    assert "pip install -U comfytape" in said


def broken(path, value):
    """A change of the second exchange: the item at ``path`` becomes ``value``, or goes when there is none."""

    def change(document):
        *way, last = path
        place = document["interactions"][1]
        for key in way:
            place = place[key]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["request"], ..., "'request' is missing"),
        (["request"], [], "exchange 2 is not an exchange"),
        (["request", "uri"], ..., "'uri' is missing"),
        (["request", "uri"], "http://[", "Invalid IPv6 URL"),
        (["request", "headers"], "none", "headers: expected an object"),
        (["request", "body"], 5, "body: expected text, null or {'file': …}, got int"),
        (["response"], None, "exchange 2 is not an exchange"),
        (["response", "status"], "200", "exchange 2 is not an exchange"),
        (["response", "status", "code"], "OK", "exchange 2 is not an exchange"),
        (["response", "status", "code"], 1e999, "exchange 2 is not an exchange"),
        (["response", "body"], ["x"], "body: expected"),
        (["response", "body"], {"file": 7}, "body: expected"),
        (["response", "body", "lifted"], 5, "'lifted' is a list of file names"),
        (["response", "body", "lifted"], [1], "'lifted' is a list of file names"),
        (["times"], 5, "exchange 2 is not an exchange"),
        (["times"], [[1, 2, 3]], "exchange 2 is not an exchange"),
        (["times"], [[1e999, 2]], "expected finite numbers"),
        (["times"], [["soon", 2]], "exchange 2 is not an exchange"),
    ],
)  # fmt: skip
def test_hand_edited_into_another_shape(folder, path, value, words):
    """Valid JSON, but no longer an exchange: the message says which, and what is wrong with it."""
    edit(folder, broken(path, value))
    said = complaint(folder)
    assert f"{folder / 'cassette.json'}, exchange 2" in said
    assert words in said


def test_an_exchange_that_is_none(folder):
    """A string where an exchange should be."""
    edit(folder, lambda document: document["interactions"].insert(0, "hello"))
    assert "exchange 1 is not an exchange" in complaint(folder)


@pytest.mark.parametrize(
    "failure", [5, {}, {"method": "GET", "uri": "x", "error": "y", "times": [[1, 2], [3, 4]]}, {"times": [[1e999, 1]]},
     {"method": "GET", "uri": "http://[", "error": "y", "times": [[1, 2]]}]
)  # fmt: skip
def test_a_failed_request_that_is_none(folder, failure):
    """Failures are read with the same care."""
    edit(folder, lambda document: document["metadata"]["comfytape"].update(failures=[failure]))
    assert f"{folder / 'cassette.json'}, failed request 1" in complaint(folder)


@pytest.mark.parametrize(
    "metadata", [None, 5, [], {"comfytape": []}, {"comfytape": {"samples": 5, "notes": {}, "versions": []}}]
)
def test_provenance_that_says_nothing(folder, metadata):
    """Metadata is for people: whatever stands there, the exchanges can be read."""
    edit(folder, lambda document: document.update(metadata=metadata))
    everything(folder)
    assert Cassette.open(folder).provenance.age_days is not None


def body_of(folder, suffix):
    (path,) = (folder / "bodies").glob(f"*.{suffix}")
    return path


@pytest.mark.parametrize(("suffix", "number"), [("bin", 2), ("png", 3)])
def test_a_missing_body(folder, suffix, number):
    """A body file that was deleted, or never committed."""
    path = body_of(folder, suffix)
    path.unlink()
    said = complaint(folder)
    assert f"body file {path} is missing ({folder / 'cassette.json'}, exchange {number})" in said


@pytest.mark.parametrize(("suffix", "number"), [("bin", 2), ("png", 3)])
def test_a_changed_body(folder, suffix, number):
    """A body file whose content does not match its name, by as little as one byte."""
    path = body_of(folder, suffix)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    said = complaint(folder)
    assert f"body file {path} does not match its name" in said
    assert f"exchange {number}" in said
    assert "never edited in place" in said


@pytest.mark.parametrize(
    "name",
    ["../../secret.txt", "bodies/../../secret.txt", "/etc/hostname", "", ".", "x.png", "A" * 32 + ".png", "0" * 32,
     "0" * 31 + "/.png", "0" * 32 + ".png/../../x", "0" * 32 + ".p\0ng", "٠" * 32 + ".png"],
)  # fmt: skip
def test_a_body_name_that_climbs_out(folder, name):
    """Only names that are digests are ever opened."""
    (folder.parent / "secret.txt").write_text("mine")
    edit(folder, broken(["response", "body"], {"file": f"bodies/{name}"}))
    said = complaint(folder)
    assert "is not the name of a body file" in said
    assert "exchange 2" in said


@pytest.mark.parametrize("absolute", [True, False])
def test_a_body_that_is_a_link_out(folder, absolute):
    """A link in a pull request does not show files of the machine that checks it, even with the right content."""
    path = body_of(folder, "bin")
    outside = folder.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside if absolute else Path("../..") / outside.name)
    said = complaint(folder)
    assert "is a link that leads out of the cassette; it is not followed" in said
    assert "exchange 2" in said


def test_a_bodies_folder_that_is_a_link_out(folder):
    """The same for the whole folder, and for the index itself."""
    outside = folder.parent / "outside"
    (folder / "bodies").rename(outside)
    (folder / "bodies").symlink_to(outside)
    assert "leads out of the cassette" in complaint(folder)
    (folder / "cassette.json").rename(outside / "cassette.json")
    (folder / "cassette.json").symlink_to(outside / "cassette.json")
    assert "leads out of the cassette" in complaint(folder)


def test_a_link_that_goes_in_circles(folder):
    """It ends in words, too."""
    path = body_of(folder, "bin")
    path.unlink()
    path.symlink_to(path.name)
    assert "exchange 2" in complaint(folder)


def test_a_link_to_the_cassette_is_fine(folder, tmp_path):
    """The folder itself may be reached through a link."""
    (tmp_path / "alias").symlink_to(folder)
    everything(tmp_path / "alias")


def test_a_body_that_is_a_folder(folder):
    """What cannot be read says why."""
    path = body_of(folder, "bin")
    path.unlink()
    path.mkdir()
    assert "cannot be read" in complaint(folder)


def test_text_with_pictures_taken_out_that_is_none(folder):
    """An exchange that claims pictures in a body that is not text."""
    name = body_of(folder, "bin").name
    (folder / "bodies" / name).unlink()
    data = b"\xff" * 9000
    real = content_name(data, "bin")
    (folder / "bodies" / real).write_bytes(data)
    edit(folder, broken(["response", "body"], {"file": f"bodies/{real}", "lifted": []}))
    edit(folder, broken(["response", "body", "lifted"], [real]))
    said = complaint(folder)
    assert "a body cannot be restored" in said
    assert "exchange 2" in said


def test_text_with_half_a_character(folder):
    """A lone surrogate in the index stands for no bytes."""
    edit(folder, broken(["response", "body"], {"string": "\ud800"}))
    said = complaint(folder)
    assert "a body cannot be restored" in said
    assert "exchange 2" in said


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("gzip", "does not decode"), ("br", "comfytape does not decode"), ("deflate", "does not decode")],
)
def test_a_body_that_does_not_decode(folder, encoding, words):
    """A Content-Encoding that is not true, or not known, names the exchange."""
    edit(folder, broken(["response", "headers"], {"Content-Encoding": [encoding]}))
    with pytest.raises(CassetteError, match="exchange 2") as caught:
        Cassette.open(folder).exchanges[1].response.content()
    assert words in str(caught.value)


def test_there_is_none(tmp_path):
    """An empty folder, no folder, a file in its place."""
    for place in (tmp_path, tmp_path / "nothing", Path(__file__)):
        with pytest.raises(CassetteError, match=re.escape(str(place))) as caught:
            Cassette.open(place)
        assert caught.value.hint


def test_a_recording_that_was_cut_off(folder):
    """A journal without an index is named for what it is."""
    (folder / "cassette.json").rename(folder / "journal.jsonl")
    with pytest.raises(CassetteError, match="holds a recording that was cut off") as caught:
        Cassette.open(folder)
    assert "--resume" in caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such characters in names")
def test_a_folder_with_a_strange_name(folder):
    """Spaces, quotes, line breaks and percent signs in a path are just characters."""
    strange = folder.parent / "a b'%20\n\"☃"
    folder.rename(strange)
    everything(strange)
