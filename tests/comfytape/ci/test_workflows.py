"""The workflows to copy: what they are held to, and how `comfytape init --ci github` writes them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from comfytape.ci.workflows import workflows
from comfytape.cli.main import cli
from comfytape_cassettes.version import __version__

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "comfytape" / "ci" / "github").glob("*.yml"))
OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_zizmor_has_nothing_to_say():
    """Every workflow and the action, by zizmor's strictest persona but one."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "zizmor"), "--offline", "--persona", "pedantic", "--quiet", "--no-progress"]
        + [str(path) for path in (ROOT / "action.yml", *SHIPPED, *OURS)],
        env={k: v for k, v in os.environ.items() if k not in ("GH_TOKEN", "GITHUB_TOKEN")},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [*SHIPPED, *OURS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_with_their_version(path):
    """A tag can move; a hash cannot. The comment says what it is."""
    for used in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8")):
        if not used.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


@pytest.mark.parametrize("path", [*SHIPPED, *OURS], ids=lambda path: path.name)
def test_jobs_have_no_rights_but_those_they_name(path):
    """No permission by default, a time limit on every job, no expression inside a script."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert document["permissions"] == {}
    for name, job in document["jobs"].items():
        assert "permissions" in job, name
        assert job["timeout-minutes"] <= 120, name
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")], name


def test_a_key_is_in_no_workflow_that_a_pull_request_starts():
    """Secrets are read by jobs of the environment alone, and never in a pull request's workflow."""
    for path in SHIPPED:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        starts = document[True]  # YAML 1.1 reads "on" as true
        for job in document["jobs"].values():
            if "secrets." in str(job):
                assert "pull_request" not in starts
                assert job["environment"] == "runpod"


def test_every_command_in_them_exists(tmp_path):
    """`comfytape …` in a workflow is a command that this version has, with the options it takes."""
    seen = set()
    for text in workflows().values():
        for command in re.findall(r"comfytape (ci \w+(?: comfytape ci run)?)([^\n)]*)", text):
            seen.add(command[0])
            words = command[0].split()
            if words[1] == "offline":
                words = words[3:]
            options = re.findall(r"--[\w-]+", command[1])
            done = CliRunner().invoke(cli, [*words, "--help"])
            assert done.exit_code == 0
            assert all(option in done.output for option in options), (command, done.output)
    assert {"ci matrix", "ci run", "ci comment", "ci propose", "ci offline comfytape ci run"} <= seen


def init(folder, monkeypatch, *words):
    monkeypatch.chdir(folder)
    return CliRunner().invoke(cli, ["init", *words])


def test_init_writes_them_with_this_version(tmp_path, monkeypatch):
    """Each workflow installs the comfytape that wrote it."""
    done = init(tmp_path, monkeypatch, "--ci", "github")
    assert done.exit_code == 0, done.output
    written = sorted((tmp_path / ".github" / "workflows").iterdir())
    assert [path.name for path in written] == [path.name for path in SHIPPED]
    for path in written:
        assert f'=={__version__}"' in path.read_text(encoding="utf-8")
        assert "{version}" not in path.read_text(encoding="utf-8")


def test_init_overwrites_nothing_unless_told(tmp_path, monkeypatch):
    """A changed workflow stops it before anything is written; --force does it; the same again changes nothing."""
    init(tmp_path, monkeypatch, "--ci", "github")
    folder = tmp_path / ".github" / "workflows"
    (folder / "comfytape-check.yml").write_text("mine")
    (folder / "comfytape-gate.yml").unlink()
    done = init(tmp_path, monkeypatch, "--ci", "github")
    assert (done.exit_code, "comfytape-check.yml would be overwritten" in done.output) == (2, True)
    assert not (folder / "comfytape-gate.yml").exists()
    assert (folder / "comfytape-check.yml").read_text() == "mine"
    assert init(tmp_path, monkeypatch, "--ci", "github", "--force").output.count("written") == 2
    assert "there already" in init(tmp_path, monkeypatch, "--ci", "github").output


@pytest.mark.parametrize("words", [[], ["name"], ["--workflow", "x.json"], ["name", "--ci", "github"]])
def test_half_a_draft_is_refused(tmp_path, monkeypatch, words):
    """NAME and --workflow belong together; nothing is written."""
    done = init(tmp_path, monkeypatch, *words)
    assert (done.exit_code, "needs a NAME and --workflow FILE" in done.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_draft_and_workflows_in_one_go(tmp_path, monkeypatch):
    """Both at once, for a repository that has neither."""
    workflow = ROOT / "contracts" / "noise-1024" / "workflow.json"
    done = init(tmp_path, monkeypatch, "mine", "--workflow", str(workflow), "--ci", "github")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "contracts" / "mine" / "contract.yaml").is_file()
    assert (tmp_path / ".github" / "workflows" / "comfytape-record.yml").is_file()
