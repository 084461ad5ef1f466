"""What was accepted no longer fails a check, until it is gone or has expired."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
FINDING = "f60ecc06f591400c"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run comfytape in a folder with the z-image-danrisi contract and recording, whose generation is over budget."""
    for room in ("contracts", "cassettes"):
        shutil.copytree(ROOT / room / "z-image-danrisi", tmp_path / room / "z-image-danrisi")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


def accepted_file():
    return Path("contracts/z-image-danrisi/accepted.yaml")


def test_an_accepted_finding_passes_and_is_said(run):
    """The check ends with 0, the promise says that its finding is accepted, and the JSON lists it apart."""
    assert run("check", "z-image-danrisi").exit_code == 5
    assert run("accept", "z-image-danrisi", FINDING, "--reason", "a CPU").exit_code == 0

    done = run("check", "z-image-danrisi")
    document = json.loads(run("check", "z-image-danrisi", "--json").stdout)

    assert done.exit_code == 0
    assert "· accepted: median" in done.stdout
    assert [f["rule"] for f in document["findings"]] == ["image-metadata"]
    assert [f["fingerprint"] for f in document["accepted"]] == [FINDING]


def test_a_passing_check_notes_the_day(run):
    """last_seen of what is still found becomes today; first_seen stays."""
    run("accept", "z-image-danrisi", "--all", "--reason", "a CPU")
    text = accepted_file().read_text()
    day = text.split("first_seen: ")[1][:10]
    accepted_file().write_text(text.replace(f"last_seen: {day}", "last_seen: 2026-01-01"))

    run("check", "z-image-danrisi")

    assert "last_seen: 2026-01-01" not in accepted_file().read_text()
    assert f"first_seen: {day}" in accepted_file().read_text()


def test_an_expired_entry_fails_again_and_the_file_is_left_alone(run):
    """The last day has passed: exit code 5, and a failing run writes nothing."""
    run("accept", "z-image-danrisi", "--all", "--reason", "a CPU")
    accepted_file().write_text(accepted_file().read_text() + "  expires: 2026-01-01\n")
    before = accepted_file().read_bytes()

    done = run("check", "z-image-danrisi")

    assert done.exit_code == 5
    assert "2026-01-01" in done.stdout
    assert accepted_file().read_bytes() == before


def test_an_entry_that_covers_nothing_is_reported_and_pruned(run):
    """A stale entry is an info with the command that removes it, and fails nothing."""
    run("accept", "z-image-danrisi", "--all", "--reason", "a CPU")
    accepted_file().write_text(accepted_file().read_text().replace(FINDING, "deadbeefdeadbeef"))

    done = run("check", "z-image-danrisi")
    assert "baseline-stale" in done.stdout
    assert "accept CONTRACT --prune" in done.stdout

    assert "removed: deadbeefdeadbeef" in run("accept", "z-image-danrisi", "--prune").stdout
    assert "baseline-stale" not in run("check", "z-image-danrisi").stdout
