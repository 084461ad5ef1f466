"""comfytape accept: a real recording held to a promise that it breaks."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from comfytape.cli.main import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A repository whose contract wants a model and a pack that the recorded endpoint does not have."""
    for name in ("contracts/noise-1024", "cassettes/noise-1024"):
        shutil.copytree(ROOT / name, tmp_path / name)
    contract = tmp_path / "contracts" / "noise-1024" / "contract.yaml"
    document = yaml.safe_load(contract.read_text(encoding="utf-8"))
    document["nodes"] = [{"class": "NoSuchNode"}, {"class": "NoOtherNode"}]
    document["versions"] = {"comfyui": ">=99"}
    contract.write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def accept(workplace):
    return lambda *arguments: CliRunner().invoke(cli, ["accept", "noise-1024", *arguments])


@pytest.fixture
def entries(workplace):
    """What the baseline holds."""
    path = workplace / "contracts" / "noise-1024" / "accepted.yaml"
    return lambda: yaml.safe_load(path.read_text(encoding="utf-8"))["accepted"] if path.exists() else None


def test_findings_of_a_rule(accept, entries):
    """Each with the reason, the owner, the last day, and the day on which it was seen."""
    done = accept(
        "--rule", "required-node-missing", "--reason", "not on CPU", "--owner", "ana", "--expires", "2999-01-01"
    )

    assert done.exit_code == 0, done.output
    assert done.output.count("accepted until 2999-01-01: ") == 2
    assert [(e["rule"], e["reason"], e["owner"], e["expires"]) for e in entries()] == [
        ("required-node-missing", "not on CPU", "ana", date(2999, 1, 1))
    ] * 2
    assert entries()[0]["first_seen"] == datetime.now(UTC).date()


def test_everything(accept, entries):
    """Three promises are broken."""
    accept("--all", "--reason", "later")

    assert [entry["rule"] for entry in entries()] == [
        "comfyui-version",
        "required-node-missing",
        "required-node-missing",
    ]


def test_a_fingerprint_may_be_short(accept, entries):
    """Six digits are enough where they are unique."""
    accept("--all", "--reason", "later")
    chosen = entries()[0]["fingerprint"]
    done = accept(chosen[:6], "--reason", "again")

    assert done.exit_code == 0
    assert {entry["fingerprint"]: entry["reason"] for entry in entries()}[chosen] == "again"


def test_stale_entries_are_told_and_pruned_on_request(accept, entries, workplace):
    """What no finding has any more stays until someone asks."""
    accept("--all", "--reason", "later")
    contract = workplace / "contracts" / "noise-1024" / "contract.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace(">=99", ">=0.1"), encoding="utf-8")
    told = accept("--rule", "required-node-missing", "--reason", "later")
    assert "stale (comfytape accept --prune removes it)" in told.output
    assert len(entries()) == 3
    pruned = accept("--prune")

    assert "removed: " in pruned.output
    assert [entry["rule"] for entry in entries()] == ["required-node-missing"] * 2


YESTERDAY = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing was chosen to accept"),
        (("--all",), "a finding is accepted with a reason"),
        (("--all", "--reason", "x", "--expires", YESTERDAY), "has passed"),
        (("--rule", "required-node-mising", "--reason", "x"), "did you mean 'required-node-missing'?"),
        (
            ("--rule", "zzz", "--reason", "x"),
            "rules with findings: comfyui-version, image-metadata, required-node-missing",
        ),
        (("ffffffffffffffff", "--reason", "x"), "no finding of this check has the fingerprint"),
    ],
)
def test_what_cannot_be_accepted_is_said(accept, entries, arguments, words):
    """Exit code 2, nothing written."""
    done = accept(*arguments)

    assert done.exit_code == 2
    assert words in done.output
    assert entries() is None


def test_a_fingerprint_that_is_too_short_lists_what_it_fits(accept, entries):
    """One digit could be anything."""
    accept("--all", "--reason", "later")
    done = accept(entries()[0]["fingerprint"][0], "--reason", "x")

    assert done.exit_code == 2
    assert entries()[0]["fingerprint"] in done.output
