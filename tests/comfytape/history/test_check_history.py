"""``comfytape check --history``, as people meet it."""

from __future__ import annotations

import os
import sys

import pytest
import s3fs
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape.history.database import History
from comfytape_cassettes import Cassette

from .conftest import ROOT


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check z-image-danrisi in a folder that has the shipped contracts and cassettes."""
    for name in ("contracts", "cassettes"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(cli, ["check", "z-image-danrisi", *arguments])


def test_a_check_is_kept_and_says_the_same(check, tmp_path):
    """The verdict, the exit code and what is printed stay as they are without a history."""
    kept = check("--history", "runs/history.sqlite")
    plain = check()
    assert (kept.exit_code, kept.output) == (plain.exit_code, plain.output)
    (run,) = History.at(str(tmp_path / "runs/history.sqlite")).runs()
    assert run.counts["error"] == 1


def test_the_environment_names_the_history(check, monkeypatch, tmp_path):
    """So that a password need not be typed, nor be seen in a list of processes."""
    monkeypatch.setenv("COMFYTAPE_HISTORY", "history.sqlite")
    check()
    check()
    assert len(History.at(str(tmp_path / "history.sqlite")).runs()) == 1


def test_a_wrong_address_costs_no_check(check):
    """A slip in an option is said before any work."""
    done = check("--history", "redis://somewhere")
    assert (done.exit_code, "PASS" in done.output or "FAIL" in done.output) == (2, False)
    assert "redis://" in done.output


def test_a_history_that_fails_still_leaves_the_verdict(check, tmp_path):
    """What the check found is printed before the database is asked."""
    (tmp_path / "file").touch()
    done = check("--history", "file/history.sqlite")
    assert done.exit_code == 2
    assert done.output.startswith("FAIL z-image-danrisi")


def test_without_the_extra_it_says_what_to_install(check, monkeypatch):
    """A checker that keeps no history needs no database driver."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    for name in [name for name in sys.modules if name.startswith("comfytape.history.")]:
        if name.rpartition(".")[2] in {"address", "database", "tables"}:
            monkeypatch.delitem(sys.modules, name)
    done = check("--history", "history.sqlite")
    assert done.exit_code == 2
    assert "pip install 'comfytape[history]'" in done.output


@pytest.mark.services
def test_a_recording_in_a_bucket_is_kept_in_the_database(check, url, monkeypatch):
    """The way of a fleet: recordings in S3, results in a database that all runners share."""
    endpoint = os.environ.get("COMFYTAPE_TEST_S3")
    if not endpoint:
        pytest.skip("needs an S3 server: make test-services starts one (or set COMFYTAPE_TEST_S3)")
    for name, value in {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    s3fs.S3FileSystem(endpoint_url=endpoint, key="x", secret="x").makedirs("recordings", exist_ok=True)
    Cassette.open(ROOT / "cassettes/z-image-danrisi").copy_to("s3://recordings/monday")
    done = check("--cassette", "s3://recordings/monday", "--history", url)
    assert done.exit_code == 5, done.output
    (run,) = History.at(url).runs()
    assert run.cassette == "monday"
