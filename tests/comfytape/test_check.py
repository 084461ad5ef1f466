"""`comfytape check`, as people and machines meet it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Body, Cassette
from comfytape_cassettes.recording import Recording

ROOT = Path(__file__).parents[2]


@pytest.fixture
def comfytape(tmp_path, monkeypatch):
    """Run a command in a folder that has the shipped contracts and cassettes."""
    (tmp_path / "contracts").symlink_to(ROOT / "contracts")
    (tmp_path / "cassettes").symlink_to(ROOT / "cassettes")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def without_sampler(tmp_path):
    """The shipped recording with ClownsharKSampler_Beta removed from its inventory, through the public API."""
    source = Cassette.open(ROOT / "cassettes" / "z-image-danrisi")
    made = Recording.start(tmp_path / "changed", plane="loopback", recorded_at=source.provenance.recorded_at)
    for exchange in source.exchanges:
        if exchange.request.url.endswith("/object_info"):
            inventory = exchange.response.body.json()
            del inventory["ClownsharKSampler_Beta"]
            made.add(answered(exchange, json.dumps(inventory).encode()))
        elif "/object_info/" not in exchange.request.url:
            made.add(exchange)
    return str(made.finish().label)


def answered(exchange, body):
    """The exchange with another body in its response."""
    return replace(exchange, response=replace(exchange.response, body=Body.of(body)))


def test_a_recording_that_holds_ends_with_0(comfytape):
    """noise-1024: PASS, and every promise with its evidence."""
    result = comfytape("check", "noise-1024")
    assert result.exit_code == 0
    assert result.output.startswith("PASS noise-1024: ")
    assert "pass every job is COMPLETED with its images · 10 of 10 jobs brought their images" in result.output


def test_only_a_budget_exceeded_ends_with_5(comfytape):
    """z-image-danrisi: the output says in words why it is not green, and where the recording was made."""
    result = comfytape("check", "z-image-danrisi")
    assert result.exit_code == 5
    assert "only a budget is exceeded (exit code 5)" in result.output
    assert "FAIL an image is generated in under 30 s" in result.output
    assert "not RunPod's cloud" in result.output
    assert "budget-generation" in result.output


def test_a_missing_node_ends_with_1_and_what_to_do(comfytape, without_sampler):
    """Workflow file and line, node id, class, pack, and the next step."""
    result = comfytape("check", "z-image-danrisi", "--cassette", without_sampler)
    assert result.exit_code == 1
    for word in ("workflow.json:", "node 10", "'ClownsharKSampler_Beta'", "pack RES4LYF", "IMPORT FAILED"):
        assert word in result.output, word


def test_json_is_one_object_with_the_promised_keys(comfytape, without_sampler):
    """The keys that machines rely on, for the report and for each finding."""
    result = comfytape("check", "z-image-danrisi", "--cassette", without_sampler, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document.keys() >= {"tool", "format", "verdict", "counts", "findings", "measurements"}
    assert (document["tool"], document["format"], document["verdict"]) == ("comfytape", 1, "fail")
    assert document["counts"].keys() == {"error", "warning", "info"}
    finding = document["findings"][0]
    assert finding.keys() == {
        "rule", "severity", "message", "hint", "fingerprint", "location", "expected", "actual", "server_error",
    }  # fmt: skip
    assert finding["location"]["node_id"] == "10"
    assert finding["location"].keys() == {"file", "line", "node_id", "class_type", "input"}


def test_all_contracts_are_checked_where_none_is_named(comfytape):
    """The worst exit code of both, and one JSON object for both."""
    result = comfytape("check", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 5
    assert document["verdict"] == "fail"
    assert document["measurements"].keys() == {"noise-1024", "noise-cases", "z-image-danrisi"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "z-image-danrissi"], ["there is no contract 'z-image-danrissi'", "did you mean 'z-image-danrisi'?"]),
        (["check", "qqq"], ["there is no contract 'qqq'", "noise-1024, noise-cases, z-image-danrisi"]),
        (["check", "noise-1024", "--cassette", "nois-1024"], ["there is no cassette 'nois-1024'", "did you mean 'noise-1024'?"]),
        (["check", "noise-1024", "--cassette", "memory://none/x"], ["there is no cassette at"]),
        (["check", ""], ["there is no contract ''"]),
        (["check", "a" * 5000], ["there is no contract"]),
        (["chek", "noise-1024"], ["Did you mean 'check'?"]),
        (["qqq"], ["No such command 'qqq'"]),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_ends_with_2_and_the_nearest_one(comfytape, arguments, words):
    """Exit code 2, what was looked for, and what is there."""
    result = comfytape(*arguments)
    assert result.exit_code == 2
    assert [word for word in words if word not in result.output] == []
    assert "Traceback" not in result.output


def test_an_empty_folder_says_how_to_begin(tmp_path, monkeypatch):
    """No contract at all: the command that drafts one is named."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["check"])
    assert result.exit_code == 2
    assert "comfytape init NAME --workflow FILE" in result.output
    named = CliRunner().invoke(cli, ["check", "x"])
    assert "COMFYTAPE_CONTRACTS" in named.output


def test_paths_are_as_good_as_names(comfytape, tmp_path):
    """A contract by its file, a cassette by its folder, in a repository that is not ours."""
    shutil.copytree(ROOT / "contracts" / "z-image-danrisi", tmp_path / "mine")
    result = comfytape("check", "mine/contract.yaml", "--cassette", str(ROOT / "cassettes" / "z-image-danrisi"))
    assert result.exit_code == 5


def test_verbose_shows_notes_and_versions(comfytape):
    """What the recording says of itself and of the programs involved."""
    result = comfytape("check", "z-image-danrisi", "-v")
    assert "note: The models have random weights" in result.output
    assert [
        name
        for name in Cassette.open(ROOT / "cassettes" / "z-image-danrisi").provenance.versions
        if name not in result.output
    ] == []


def test_folders_come_from_the_environment_and_from_pyproject(tmp_path, monkeypatch):
    """COMFYTAPE_… before [tool.comfytape] before the defaults."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.comfytape]\ncontracts = '{ROOT / 'contracts'}'\ncassettes = 'nowhere'\n"
    )
    monkeypatch.setenv("COMFYTAPE_CASSETTES", str(ROOT / "cassettes"))
    assert CliRunner().invoke(cli, ["check", "z-image-danrisi"]).exit_code == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.comfytape]\ncontract = 'x'\n", "[tool.comfytape] contract: Extra inputs are not permitted"),
        ("[tool.comfytape]\nsecrets_env = 5\n", "secrets_env"),
        ("[tool.comfytape\n", "the settings cannot be read"),
        ("tool = 3\n", "tool"),
        ("[tool]\ncomfytape = 3\n", "comfytape"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path, monkeypatch, text, words):
    """A typo in pyproject.toml is exit code 2 and names the key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    result = CliRunner().invoke(cli, ["check"])
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_list_in_the_environment_is_json(monkeypatch):
    """A variable that is none is exit code 2, named, with an example."""
    monkeypatch.setenv("COMFYTAPE_SECRETS_ENV", "A,B")
    result = CliRunner().invoke(cli, ["check"])
    assert result.exit_code == 2
    assert 'COMFYTAPE_SECRETS_ENV is not a JSON list such as ["A", "B"]' in result.output


def test_foreign_words_do_not_act_on_the_terminal(comfytape, tmp_path):
    """An error text with escape sequences, markup and half a surrogate pair is spelled out."""
    source = Cassette.open(ROOT / "cassettes" / "z-image-danrisi")
    made = Recording.start(tmp_path / "evil", plane="loopback", recorded_at=source.provenance.recorded_at)
    evil = json.dumps({"id": "x", "status": "FAILED", "error": "\x1b[2J[bold]hi[/bold] \ud800 \u202e"}).encode()
    for exchange in source.exchanges:
        final = "/status/" in exchange.request.url and b"COMPLETED" in exchange.response.body.raw()
        made.add(answered(exchange, evil) if final else exchange)
    result = comfytape("check", "z-image-danrisi", "-v", "--cassette", made.finish().label)
    assert result.exit_code == 1
    assert "\\x1b[2J[bold]hi[/bold] \\ud800 \\u202e" in result.output


def test_version_names_what_a_bug_report_needs(comfytape):
    """comfytape, Python, and the packages it stands on."""
    result = comfytape("--version")
    assert result.exit_code == 0
    assert [
        word
        for word in ("comfytape ", "Python 3.", "vcrpy ", "requests ", "pytest-recording")
        if word not in result.output
    ] == []


def test_help_names_every_command_and_exit_code(comfytape):
    """The group's help is a map."""
    result = comfytape("--help")
    assert [name for name in ("check", "record", "import", "replay") if f"  {name}" not in result.output] == []
    assert "5 only a budget is" in result.output
