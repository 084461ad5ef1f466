"""``comfytape export``: one file for vcrpy, browsers and mitmproxy."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import yaml
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Body, Exchange, Request, Response
from comfytape_cassettes.recording import Recording


def run(*arguments):
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


@pytest.fixture
def refusals(imported):
    return imported("runpod-refusals.har").label


@pytest.mark.parametrize(
    ("kind", "name", "count"),
    [
        ("vcr", "a.yaml", lambda text: len(yaml.safe_load(text)["interactions"])),
        ("vcr", "a.YML", lambda text: len(yaml.safe_load(text)["interactions"])),
        ("vcr", "a.json", lambda text: len(json.loads(text)["interactions"])),
        ("har", "a.har", lambda text: len(json.loads(text)["log"]["entries"])),
        ("har", "a.json", lambda text: len(json.loads(text)["log"]["entries"])),
    ],
)
def test_each_format_and_suffix(refusals, tmp_path, kind, name, count):
    """The file holds every request; the last line says where it is."""
    done = run(refusals, "--format", kind, "--output", tmp_path / name)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == f"done {tmp_path / name}: 6 requests of {refusals}"
    told = (
        ["not kept: 12 headers of connections that are over (Connection, Transfer-Encoding)"] if kind == "vcr" else []
    )
    assert lines[1:] == told
    assert count((tmp_path / name).read_text()) == 6


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [("vcr", "a.har", "a vcr file ends in .yaml or .yml or .json"), ("har", "a.yaml", "a har file ends in .har or .json"),
     ("har", "a", "ends in 'nothing'")],
)  # fmt: skip
def test_a_suffix_that_does_not_fit(refusals, tmp_path, kind, name, words):
    """Said before anything is written, with the name that would do."""
    done = run(refusals, "--format", kind, "--output", tmp_path / name)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "--output" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced(refusals, tmp_path):
    """As one step, and nothing half-written stays beside it."""
    (tmp_path / "a.har").write_text("old")
    assert run(refusals, "--format", "har", "-o", tmp_path / "a.har").exit_code == 0
    assert json.loads((tmp_path / "a.har").read_text())["log"]["version"] == "1.2"
    assert [p.name for p in tmp_path.iterdir()] == ["a.har"]


def test_an_export_that_fails_leaves_the_old_file(tmp_path):
    """Binary in vcrpy's JSON: the words say which suffix to use."""
    (tmp_path / "a.json").write_text("old")
    with closing(Recording.start(tmp_path / "binary", plane="loopback")) as recording:
        recording.add(Exchange(Request("GET", "http://127.0.0.1:9/view"), Response(200, body=Body.of(b"\x89PNG"))))
        binary = recording.finish()
    done = run(binary.label, "--format", "vcr", "-o", tmp_path / "a.json")
    assert done.exit_code == 2
    assert "export to a file that ends in .yaml" in done.stderr
    assert (tmp_path / "a.json").read_text() == "old"


def test_a_place_that_cannot_be_written(refusals, tmp_path):
    """A folder in the place of the file."""
    (tmp_path / "a.har").mkdir()
    done = run(refusals, "--format", "har", "-o", tmp_path / "a.har")
    assert done.exit_code == 2
    assert f"cannot write {tmp_path / 'a.har'}" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.har"]


def test_a_name_is_found_in_the_settings_folder(imported, tmp_path, monkeypatch):
    """CASSETTE is a name or a path; a wrong name suggests the nearest."""
    imported("runpod-refusals.har").copy_to(tmp_path / "cassettes" / "refusals")
    monkeypatch.chdir(tmp_path)
    assert run("refusals", "--format", "har", "-o", "a.har").exit_code == 0
    done = run("refusal", "--format", "har", "-o", "a.har")
    assert done.exit_code == 2
    assert "did you mean 'refusals'?" in done.stderr
