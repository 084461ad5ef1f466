"""``check --report FORMAT=PATH`` as a person types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape.reporting.formats import format_names

from .conftest import ROOT

CHECK = ["check", str(ROOT / "contracts/z-image-danrisi"), "--cassette", str(ROOT / "cassettes/z-image-danrisi")]
"""Its images are small, and it exceeds a budget: exit code 5."""


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def test_the_formats_are_the_files():
    """A format is a file; json is spelled without its underscore."""
    assert format_names() == ["badge", "github", "html", "json", "junit", "markdown", "sarif"]


def test_every_format_is_written_in_one_run(tmp_path, monkeypatch):
    """The option is repeatable, folders are made, and the exit code is the check's own."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    wanted = [part for name in format_names() for part in ("--report", f"{name}={tmp_path}/new/{name}")]
    done = run(*CHECK, *wanted)
    assert done.exit_code == 5, done.output
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == format_names()
    assert all((tmp_path / "new" / name).stat().st_size for name in format_names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("htlm=x", "did you mean 'html'?"),
        ("JSON=x", "did you mean 'json'?"),
        ("pdf=x", "there are: badge, github"),
        ("html", "expects FORMAT=PATH, got 'html'"),
        ("html=", "expects FORMAT=PATH, got 'html='"),
        ("html=.", ". is a folder"),
    ],
)
def test_a_slip_is_told_before_anything_is_checked(text, said):
    """Exit code 2 and the way out; nothing was printed of a check."""
    done = run(*CHECK, "--report", text)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_path_that_cannot_be_written_is_told(tmp_path):
    """The message names the file, and nothing half-written is left."""
    (tmp_path / "file").write_text("")
    done = run(*CHECK, "--report", f"json={tmp_path}/file/report.json")
    assert done.exit_code == 2
    assert f"cannot be written to {tmp_path}/file/report.json" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_report_on_standard_output_has_it_alone():
    """With ``-`` the report for people moves to stderr, so that stdout can be piped on."""
    done = run(*CHECK, "--report", "json=-")
    assert json.loads(done.stdout)["verdict"] == "fail"
    assert "FAIL z-image-danrisi" in done.stderr


@pytest.mark.parametrize("other", [["--json"], ["--report", "markdown=-"]])
def test_two_reports_on_standard_output_are_refused(other):
    """Nobody could tell them apart."""
    done = run(*CHECK, "--report", "json=-", *other)
    assert done.exit_code == 2
    assert "cannot share standard output" in done.stderr


def test_the_reports_of_several_contracts_are_one(tmp_path, monkeypatch):
    """Without names, one file holds all contracts; the exit code is the worst."""
    for kind in ("contracts", "cassettes"):
        (tmp_path / kind).mkdir()
        for name in ("noise-cases", "z-image-danrisi"):
            (tmp_path / kind / name).symlink_to(ROOT / kind / name)
    monkeypatch.chdir(tmp_path)
    done = run("check", "--report", f"json={tmp_path}/all.json")
    document = json.loads((tmp_path / "all.json").read_text())
    assert {d["contract"] for d in document["contracts"]} == {"noise-cases", "z-image-danrisi"}
    assert (document["verdict"], done.exit_code) == ("fail", 5)
