"""``comfytape import``: HAR files become a cassette, keys stay out, and what is missing is said."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette

KEY = "rpa_" + "TESTKEY0123456789"


def run(*arguments):
    return CliRunner().invoke(cli, ["import", *map(str, arguments)])


def test_one_file_becomes_a_cassette(real_har, tmp_path):
    """Its name is the file's; the last line says where it is and what it holds."""
    done = run(real_har("runpod-failures.har"), "--into", tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"done {tmp_path / 'runpod-failures'}: 26 exchanges (42 with repeated polls), 0 body files\n"
    cassette = Cassette.open(tmp_path / "runpod-failures")
    assert (cassette.provenance.plane, cassette.provenance.source) == (
        "loopback",
        "runpod-failures.har (mitmproxy 11.0.2)",
    )


def test_several_files_become_one_in_order_of_time(real_har, tmp_path):
    """Inventory and jobs of one server, told as they happened; notes go along."""
    files = [real_har("runpod-refusals.har"), real_har("runpod-stuck-in-queue.har")]
    done = run(*files, "--into", tmp_path, "--name", "both", "--note", "Random weights on a CPU.")
    assert "note: Random weights on a CPU." in done.stdout
    cassette = Cassette.open(tmp_path / "both")
    started = [e.started_ms for e in cassette.exchanges]
    assert started == sorted(started)
    assert len(cassette.exchanges) == 12
    assert cassette.provenance.notes == ("Random weights on a CPU.",)


def test_a_key_of_one_file_is_gone_from_the_other(tmp_path):
    """Named in a header of the second file, echoed in a body of the first, base64 included."""
    secret = "Zk3vQ9xLm2Rt8Wb4Yp6N"
    for name, started, text, headers in (
        ("a", "10:00", f'{{"echo": "{secret}"}}', []),
        ("b", "11:00", "{}", [{"name": "Authorization", "value": f"Bearer {secret}"}]),
    ):
        entry = {
            "startedDateTime": f"2026-11-22T{started}:00Z", "time": 1,
            "request": {"method": "GET", "url": f"http://127.0.0.1:9/{name}", "headers": headers},
            "response": {"status": 200, "statusText": "OK", "headers": [], "content": {"text": text}},
        }  # fmt: skip
        (tmp_path / f"{name}.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    done = run(tmp_path / "a.har", tmp_path / "b.har", "--into", tmp_path / "c")
    assert done.exit_code == 0, done.output
    assert secret.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "c").rglob("*") if p.is_file())


def test_the_default_folder_is_the_cassettes(real_har, tmp_path, monkeypatch):
    """Without --into the settings decide."""
    monkeypatch.chdir(tmp_path)
    packed = tmp_path / "answers.har.gz"
    packed.write_bytes(gzip.compress(real_har("runpod-refusals.har").read_bytes()))
    assert run(packed).exit_code == 0
    assert len(Cassette.open(tmp_path / "cassettes" / "answers").exchanges) == 6


def test_bodies_that_the_file_does_not_hold_are_said(tmp_path):
    """On the screen and in the cassette: an empty body is not what the server said."""
    entry = {
        "startedDateTime": "2026-11-22T10:00:00Z", "time": 1,
        "request": {"method": "GET", "url": "http://127.0.0.1:9/object_info", "headers": []},
        "response": {"status": 200, "statusText": "OK", "headers": [], "content": {"size": 1_500_000}},
    }  # fmt: skip
    (tmp_path / "lean.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    done = run(tmp_path / "lean.har", "--into", tmp_path)
    assert "note: 1 bodies are not in lean.har" in done.stdout
    assert "1 bodies are not in lean.har" in Cassette.open(tmp_path / "lean").provenance.notes[0]


@pytest.mark.parametrize("text", ["", "{}", "PK\x03\x04"])
def test_what_is_no_har_is_said(tmp_path, text):
    """In words, with exit code 2, and nothing is left behind."""
    (tmp_path / "x.har").write_text(text)
    done = run(tmp_path / "x.har", "--into", tmp_path / "c")
    assert done.exit_code == 2
    assert f"{tmp_path / 'x.har'} is not a HAR file" in done.stderr
    assert "hint:" in done.stderr
    assert not (tmp_path / "c").exists()


def test_an_import_that_was_killed_is_simply_run_again(real_har, tmp_path):
    """No half cassette is there, and no question is asked."""
    har = real_har("danrisi-jobs.har")
    journal = tmp_path / "danrisi-jobs" / "journal.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "comfytape", "import", str(har), "--into", str(tmp_path)], env=os.environ
    ) as child:
        while not journal.exists() or journal.stat().st_size < 20_000:
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
    assert not (tmp_path / "danrisi-jobs" / "cassette.json").exists()
    assert run(har, "--into", tmp_path).exit_code == 0
    assert not journal.exists()
    Cassette.open(tmp_path / "danrisi-jobs").verify()


def test_a_request_without_an_answer_is_kept(tmp_path):
    """As a failure, with the words of the program that saw it."""
    entry = {
        "startedDateTime": "2026-11-22T10:00:00Z", "time": 3,
        "request": {"method": "GET", "url": "http://127.0.0.1:9/health", "headers": []},
        "response": {"status": 0, "statusText": "", "headers": [], "content": {}, "_error": "net::ERR_CONNECTION_REFUSED"},
    }  # fmt: skip
    (tmp_path / "down.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    assert run(tmp_path / "down.har", "--into", tmp_path).exit_code == 0
    (failure,) = Cassette.open(tmp_path / "down").failures
    assert (failure.url, failure.error, failure.times) == (
        "http://127.0.0.1:9/health",
        "net::ERR_CONNECTION_REFUSED",
        (0.0, 3.0),
    )
