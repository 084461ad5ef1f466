"""A registry drafted from a recording, and held to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette
from comfytape_contracts.contract.pinning import draft_registry
from comfytape_contracts.tape import Tape

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tape():
    return Tape(Cassette.open(ROOT / "cassettes" / "noise-1024"))


def test_every_line_says_where_it_was_seen(tape):
    """What was not seen is a comment, so that nobody takes it for pinned."""
    text = draft_registry(tape)
    assert 'comfyui: "0.10.0"  # comfyui_version in /system_stats' in text
    assert "# sdk: not seen" in text
    assert yaml.safe_load(text)["packs"]["RES4LYF"]["definitions"].startswith("sha256:")


def test_a_recording_without_a_comfyui_gives_none():
    """Jobs alone pin nothing."""

    class Jobs:
        exchanges, failures = (), ()

    assert draft_registry(Tape(Jobs())) == ""


def test_init_writes_it_and_check_holds_it(tmp_path, monkeypatch):
    """A draft from a recording agrees with that recording."""
    monkeypatch.chdir(tmp_path)
    workflow = ROOT / "contracts" / "noise-1024" / "workflow.json"
    cassette = str(ROOT / "cassettes" / "noise-1024")
    made = CliRunner().invoke(cli, ["init", "mine", "--workflow", str(workflow), "--from", cassette])
    assert made.exit_code == 0, made.output
    assert "versions.yaml" in made.output
    done = CliRunner().invoke(cli, ["check", "mine", "--cassette", cassette])
    assert "pass ComfyUI is 0.10.0 · match" in done.output, done.output
    assert "pass pack RES4LYF: definitions" in done.output
