"""Contracts and endpoints over runners, and the one verdict at the end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.ci.matrix import matrix
from comfytape.cli.main import cli
from comfytape_cassettes import UsageError

ROOT = Path(__file__).parents[3]


def test_every_contract_meets_every_endpoint_once():
    """However many runners there are, no pair is lost or paid twice, and the shares are the budget."""
    contracts, endpoints = [f"c{i}" for i in range(7)], ["prod", "canary"]
    for runners in range(1, 10):
        entries = matrix(contracts, endpoints, runners, 2.0)["include"]
        pairs = sorted((entry["endpoint"], name) for entry in entries for name in entry["contracts"].split())
        assert pairs == sorted((endpoint, name) for endpoint in endpoints for name in contracts)
        assert sum(float(entry["budget"]) for entry in entries) == pytest.approx(2.0, abs=1e-4)
        assert len({entry["name"] for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("contracts", "endpoints", "runners", "words"),
    [
        ([], [], 1, "no contract"),
        (["a b"], [], 1, "'a b' cannot stand"),
        (["a"], ["x\ny"], 1, "cannot stand"),
        ([f"c{i}" for i in range(300)], [], 300, "at most 256"),
    ],
)
def test_what_github_would_not_run_is_refused(contracts, endpoints, runners, words):
    """An empty matrix, a name that breaks a list, too many jobs."""
    with pytest.raises(UsageError, match=words):
        matrix(contracts, endpoints, runners)


def test_the_command_prints_one_line(clone, monkeypatch):
    """All contracts of the folder, as JSON for GITHUB_OUTPUT; an empty variable is one that is not set."""
    monkeypatch.chdir(clone)
    done = CliRunner().invoke(cli, ["ci", "matrix"], env={"COMFYTAPE_CI_RUNNERS": "", "COMFYTAPE_CI_BUDGET": ""})
    assert json.loads(done.output) == {
        "include": [{"name": "endpoint-1", "endpoint": "", "contracts": "broken holds slow", "budget": ""}]
    }


def test_the_recordings_of_all_runners_give_one_verdict(clone, monkeypatch):
    """A recording that one runner did not deliver is UNKNOWN in the verdict over all endpoints."""
    monkeypatch.chdir(clone)
    shutil.copytree(clone / "cassettes" / "z-image-danrisi", clone / "recorded" / "prod" / "holds")
    (clone / "recorded" / "canary").mkdir()
    words = ["--contracts", "holds", "--endpoints", "prod canary", "--cassettes", "recorded"]
    done = CliRunner().invoke(cli, ["ci", "run", *words], env={"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""})
    assert done.exit_code == 2, done.output
    report = json.loads((clone / "comfytape-report" / "report.json").read_text())
    assert report["verdict"] == "unknown"
    assert [(c["verdict"], c["cassette"]) for c in report["contracts"]] == [
        ("pass", "recorded/prod/holds"),
        ("unknown", "recorded/canary"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reports", "htlm"], "did you mean 'html'?"),
        (["--mode", "live", "--cassette", "z-image-danrisi"], "leave it out"),
        (["--contracts", "hold"], "did you mean 'holds'?"),
        (["--contracts", "holds", "--cassette", "z-image-danrisi", "--into", "a\nb"], "has a line break"),
    ],
)
def test_a_slip_is_told(clone, monkeypatch, words, said):
    """Formats, contradictions, names and folders: what is wrong and what to write instead; exit code 2."""
    monkeypatch.chdir(clone)
    done = CliRunner().invoke(cli, ["ci", "run", *words])
    assert (done.exit_code, said in done.output.replace("%0A", "\n")) == (2, True), done.output


def test_an_old_recording_is_never_checked_as_a_new_one(clone, monkeypatch):
    """Live mode refuses a folder that holds a recording from before."""
    monkeypatch.chdir(clone)
    shutil.copytree(clone / "cassettes" / "z-image-danrisi", clone / "comfytape-recorded" / "holds")
    done = CliRunner().invoke(cli, ["ci", "run", "--mode", "live", "--contracts", "holds"])
    assert (done.exit_code, "holds a recording from before" in done.output) == (2, True)


def test_a_folder_without_contracts(tmp_path, monkeypatch):
    """Nothing to check is an error, not a pass."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["ci", "run"])
    assert (done.exit_code, "there is no contract in contracts" in done.output) == (2, True)
