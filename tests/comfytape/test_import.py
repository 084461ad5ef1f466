"""``comfytape import``: HAR files become a cassette, keys stay out, and what is missing is said."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from contextlib import closing

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Body, Cassette, Exchange, Request, Response
from comfytape_cassettes.recording import Recording

KEY = "rpa_" + "TESTKEY0123456789"


def run(*arguments):
    return CliRunner().invoke(cli, ["import", *map(str, arguments)])


def test_one_file_becomes_a_cassette(real_har, tmp_path):
    """Its name is the file's; the last line says where it is and what it holds."""
    done = run(real_har("runpod-failures.har"), "--into", tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"done {tmp_path / 'runpod-failures'}: 26 exchanges (42 with repeated polls), 0 body files",
        "not kept: the phases of 42 requests' times (the sum is kept)",
        "not kept: fields beside request and response: serverIPAddress",
    ]
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        ("{}", "is in no format that import reads"),
        ("[]", "is in no format that import reads"),
        ("just words", "is in no format that import reads"),
        ("PK\x03\x04", "it is a .zip; unpack it first"),
        ("{", "cannot be read: "),
        ('{"http_interactions": []}', "a cassette of Ruby's VCR"),
        ('{"mappings": []}', "WireMock's"),
        ('[{"request": {}, "response": {}}]', "vcrpy before 1.0"),
        ("[" * 100_000, "nested too deeply"),
        ("a: " * 90_000, "cannot be read: "),
    ],
)
def test_what_is_in_no_format_is_said(tmp_path, text, words):
    """In words, with exit code 2, and nothing is left behind."""
    (tmp_path / "x.har").write_text(text)
    done = run(tmp_path / "x.har", "--into", tmp_path / "c")
    assert done.exit_code == 2
    assert str(tmp_path / "x.har") in done.stderr
    assert words in done.stderr
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


@pytest.mark.parametrize(
    "name", ["../out", "/abs", "a/b", "..", ".", "", ".hidden", "-x", "a\\b", "a\nb", "end.", "x:y"]
)
def test_a_name_that_is_no_name(real_har, tmp_path, name):
    """A cassette is a folder directly in its place: whatever would lead elsewhere is refused before reading."""
    done = run(real_har("runpod-refusals.har"), "--into", tmp_path / "in", f"--name={name}")
    assert done.exit_code == 2
    assert "cannot be the name of a cassette" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_name_that_is_no_name(tmp_path):
    """The default name comes from the file, and a stranger may have named that."""
    (tmp_path / "..har").write_text("{}")
    done = run(tmp_path / "..har", "--into", tmp_path / "in")
    assert done.exit_code == 2
    assert "--name" in done.stderr


@pytest.mark.parametrize("link", ["c", "c/bodies"])
def test_nothing_is_written_through_a_link(real_har, tmp_path, link):
    """A link that came with a repository may point anywhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / link).parent.mkdir(exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "elsewhere")
    done = run(real_har("danrisi-jobs.har"), "--into", tmp_path, "--name", "c")
    assert done.exit_code == 2
    assert "is a link to another place" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_no_file_is_not_waited_for(tmp_path):
    """A pipe would never end."""
    os.mkfifo(tmp_path / "pipe.har")
    done = run(tmp_path / "pipe.har", "--into", tmp_path)
    assert done.exit_code == 2
    assert "is not a file" in done.stderr


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress])
def test_a_bomb_is_no_file(tmp_path, packed, monkeypatch):
    """What grows past the limit when unpacked is an error, not the end of the machine."""
    monkeypatch.setattr("comfytape_cassettes.encoding.decode_content.__kwdefaults__", {"limit": 1 << 20})
    (tmp_path / "b.har").write_bytes(packed(b" " * (1 << 21)))
    done = run(tmp_path / "b.har", "--into", tmp_path)
    assert done.exit_code == 2
    assert "grows past" in done.stderr


def test_our_own_folder_comes_in_again(imported, tmp_path):
    """With its times, its states and where it comes from; what it says is not changed by a second cleaning."""
    there = imported("danrisi-jobs.har")
    done = run(there.label, "--into", tmp_path, "--name", "again", "--note", "Cleaned again.")
    assert done.exit_code == 0, done.output
    again = Cassette.open(tmp_path / "again")
    assert list(again.exchanges) == list(there.exchanges)
    assert (again.provenance.plane, again.provenance.source) == (there.provenance.plane, there.provenance.source)
    assert again.provenance.notes == (*there.provenance.notes, "Cleaned again.")
    by_index = run(f"{there.label}/cassette.json", "--into", tmp_path, "--name", "by-index")
    assert by_index.exit_code == 0, by_index.output


def test_an_old_folder_with_a_key_in_it_is_cleaned(tmp_path):
    """A value that is named in secrets_env today need not have been named when the cassette was recorded."""
    secret = "Zk3vQ9xLm2Rt8Wb4Yp6N"
    with closing(Recording.start(tmp_path / "old", plane="loopback")) as recording:
        recording.add(Exchange(Request("GET", "http://127.0.0.1:9/"), Response(200, body=Body.of(secret.encode()))))
        old = recording.finish()
    assert old.exchanges[0].response.body.raw() == secret.encode()
    done = CliRunner().invoke(
        cli,
        ["import", old.label, "--into", str(tmp_path), "--name", "new"],
        env={"COMFYTAPE_SECRETS_ENV": '["MINE"]', "MINE": secret},
    )
    assert done.exit_code == 0, done.output
    assert secret.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "new").rglob("*") if p.is_file())
