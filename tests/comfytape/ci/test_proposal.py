"""`comfytape ci propose`: new recordings as a pull request, in a real git repository."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

ROOT = Path(__file__).parents[3]


@pytest.fixture
def propose(clone, hub, monkeypatch):
    """Run the command in the clone."""
    monkeypatch.chdir(clone)
    job = {"GITHUB_API_URL": hub.url, "GITHUB_REPOSITORY": "owner/name", "GITHUB_TOKEN": "t"}
    return lambda *arguments: CliRunner().invoke(cli, ["ci", "propose", *arguments], env=job)


def shown(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_new_recordings_become_a_pull_request_and_the_next_ones_renew_it(propose, clone, origin, hub):
    """The branch holds the recording alone, replaced as a whole; main stays as it is; there is one pull request."""
    before = shown(origin, "rev-parse", "main")
    shutil.copytree(ROOT / "cassettes" / "z-image-danrisi", clone / "comfytape-recorded" / "z-image-danrisi")
    index = clone / "comfytape-recorded" / "z-image-danrisi" / "cassette.json"
    for note in ("Monday", "Tuesday"):
        index.write_text(index.read_text(encoding="utf-8").replace("Monday", "").rstrip() + f"\n{note}\n")
        (clone / "cassettes" / "z-image-danrisi" / "bodies" / "stale.json").write_text("{}")
        (clone / "comfytape-report").mkdir(exist_ok=True)
        (clone / "comfytape-report" / "comment.md").write_text(note)
        done = propose()
        assert (done.exit_code, done.output) == (0, "proposed https://github.com/owner/name/pull/9\n")
        assert [p["body"] for p in hub.pulls] == [note]
    assert shown(origin, "rev-parse", "main") == before
    changed = shown(origin, "diff", "--name-only", "main", "comfytape/recordings").split()
    assert changed == ["cassettes/z-image-danrisi/cassette.json"]
    assert hub.pulls[0]["base"] == "main"


def test_the_same_recordings_are_not_proposed(propose, clone, hub):
    """Nothing differs, nothing is asked of GitHub."""
    shutil.copytree(clone / "cassettes", clone / "comfytape-recorded")
    assert propose().output == "nothing to propose: the recordings are the same\n"
    assert hub.asked == []


def test_nothing_recorded(propose):
    """Without a recording: exit code 2, and what makes one."""
    done = propose("--from", "nowhere")
    assert (done.exit_code, "holds no recording" in done.output) == (2, True)


def test_a_push_that_git_refuses(propose, clone, hub):
    """git's own words, and the permission that is usually missing."""
    shutil.copytree(clone / "cassettes", clone / "comfytape-recorded")
    (clone / "comfytape-recorded" / "z-image-danrisi" / "note.txt").write_text("new")
    shown(clone, "remote", "set-url", "origin", str(clone / "gone"))
    done = propose()
    assert done.exit_code == 2
    assert "git push ended with exit code" in done.output
    assert "contents: write" in done.output
