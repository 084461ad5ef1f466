"""A recording in progress: one writer, nothing lost, nothing left over, nothing kept that must not be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from comfytape_cassettes import Cassette, CassetteError, Failure, LeakError
from comfytape_cassettes.journal import Journal, read_journal
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets

KEY = "rpa_" + "TESTKEY0123456789"
URL = "http://127.0.0.1:9/{}"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "cassette"


@pytest.fixture
def recording(place):
    with closing(
        Recording.start(place, plane="loopback", contract="noise-1024", versions={"comfyui": "0.3.64"})
    ) as begun:
        yield begun


def big(number):
    return f"{number}".encode() * 5000


def test_what_is_added_comes_back_in_the_cassette(recording, exchange):
    """Exchanges, failures, provenance and samples are there when the recording is finished, and the journal is gone."""
    kept = recording.add(exchange(b"{}", at=1))
    recording.fail(Failure("GET", URL.format("x"), "reset", (2.0, 1.0)))
    cassette = recording.finish(samples=[{"sample": 0, "job": "j"}], versions={"worker": "5.0"})
    assert list(cassette.exchanges) == [kept]
    assert [f.error for f in cassette.failures] == ["reset"]
    said = cassette.provenance
    assert (said.plane, said.contract, said.samples) == ("loopback", "noise-1024", ({"sample": 0, "job": "j"},))
    assert said.versions == {"comfyui": "0.3.64", "worker": "5.0"}
    assert {p.name for p in recording.path.iterdir()} == {"cassette.json", ".gitattributes"}


def test_an_exchange_is_on_disk_before_add_returns(recording, exchange, place):
    """Another process can read what was received while the recording runs."""
    recording.add(exchange(big(1)), durable=True)
    recording.mark(event="submitted", job="j1")
    code = "import sys, pathlib; from comfytape_cassettes.journal import read_journal; print(len(read_journal(pathlib.Path(sys.argv[1]))))"
    seen = subprocess.run(
        [sys.executable, "-c", code, str(place / "journal.jsonl")], capture_output=True, text=True, check=True
    )
    assert seen.stdout == "3\n"
    assert [e.response.body.raw() for e in recording.exchanges()] == [big(1)]
    assert recording.marks() == [{"event": "submitted", "job": "j1"}]


def test_a_recording_continues_where_it_was_cut_off(recording, exchange, place):
    """After a crash: the same beginning, the same clock, what was received, and more of it."""
    recording.add(exchange(big(1), at=1, url=URL.format(1)))
    recording.mark(event="submitted", job="j1")
    recording.close()
    with closing(Recording.resume(place)) as again:
        assert again.provenance == recording.provenance
        assert again.now_ms() >= 0
        assert again.marks() == [{"event": "submitted", "job": "j1"}]
        again.add(exchange(big(1), at=2, url=URL.format(2)))
        cassette = again.finish()
    assert [e.request.url for e in cassette.exchanges] == [URL.format(1), URL.format(2)]
    assert len(cassette.folder.names("bodies")) == 1


def test_a_torn_last_line_is_dropped(recording, exchange, place):
    """Half a line that a crash left is cut off; the next line is whole again."""
    recording.add(exchange(b"one", at=1, url=URL.format(1)))
    recording.close()
    with (place / "journal.jsonl").open("ab") as file:
        file.write(b'{"interaction": {"request"')
    with closing(Recording.resume(place)) as again:
        again.add(exchange(b"two", at=2, url=URL.format(2)))
        assert [e.response.body.text() for e in again.finish().exchanges] == ["one", "two"]


@pytest.mark.parametrize("line", [b"{broken}\n", b'"text"\n', b"\xff\n", b"[" * 100_000 + b"\n"])
def test_a_damaged_line_is_named(recording, exchange, place, line):
    """A line before the last was edited or damaged: its number, and what to do."""
    recording.add(exchange(b"one"))
    recording.close()
    with (place / "journal.jsonl").open("ab") as file:
        file.write(line + b'{"mark": {}}\n')
    with pytest.raises(CassetteError, match="line 3 is not a JSON object") as caught, closing(Recording.resume(place)):
        pass
    assert "delete line 3" in caught.value.hint


def test_a_line_that_is_no_exchange_is_named(recording, place):
    """JSON, but not an exchange."""
    recording.journal.append({"interaction": {"request": {}}})
    with pytest.raises(CassetteError, match="line 2 is not an exchange"):
        recording.finish()
    assert not (place / "cassette.json").exists()


@pytest.mark.parametrize(
    "first", [{"provenance": {}}, {"provenance": 5}, {"mark": {}}, {"provenance": {"recorded_at": "2026-11-22"}}]
)
def test_a_journal_that_does_not_say_when_it_began(place, first):
    """The first line ties the recording to its clock; without it there is nothing to continue."""
    place.mkdir()
    (place / "journal.jsonl").write_text(json.dumps(first) + "\n")
    before = set(threading.enumerate())
    for begin in (lambda: Recording.resume(place), lambda: Recording.start(place, plane="loopback")):
        with pytest.raises(CassetteError, match="does not say when the recording began") as caught:
            begin()
        assert "delete" in caught.value.hint
    assert {thread.name for thread in set(threading.enumerate()) - before}.isdisjoint({"journal-fsync"})


@pytest.mark.parametrize("torn", [b"", b'{"journal": 1, "proven'])
def test_a_journal_without_a_first_line_is_started_over(place, torn, exchange):
    """A crash before anything was received: nothing to resume, nothing in the way."""
    place.mkdir()
    (place / "journal.jsonl").write_bytes(torn)
    with pytest.raises(CassetteError, match="nothing was received before the crash"):
        Recording.resume(place)
    with closing(Recording.start(place, plane="loopback")) as recording:
        recording.add(exchange(b"x"))
        assert len(recording.finish().exchanges) == 1


def test_there_is_nothing_to_resume(place):
    """The words say how to begin instead."""
    with pytest.raises(CassetteError, match="nothing to resume") as caught:
        Recording.resume(place)
    assert "without --resume" in caught.value.hint


def test_an_unfinished_recording_is_not_thrown_away(recording, exchange, place):
    """It may have been paid for: a new one is refused until somebody decides."""
    recording.add(exchange(b"paid"))
    recording.close()
    before = (place / "journal.jsonl").read_bytes()
    with pytest.raises(CassetteError, match="holds an unfinished recording") as caught:
        Recording.start(place, plane="loopback")
    assert "--resume" in caught.value.hint
    assert (place / "journal.jsonl").read_bytes() == before


def test_one_that_can_be_made_again_is_started_over(place, exchange):
    """An import that was cut off is run again, without a question; it does not throw away another's recording."""
    first = Recording.start(place, plane="import", recording="a" * 32)
    first.add(exchange(b"half"))
    first.close()
    with pytest.raises(CassetteError, match="holds an unfinished recording"):
        Recording.start(place, plane="import", recording="b" * 32)
    with closing(Recording.start(place, plane="import", recording="a" * 32)) as second:
        second.add(exchange(b"whole"))
        assert [e.response.body.text() for e in second.finish().exchanges] == ["whole"]


def test_a_journal_beside_its_own_cassette_is_finished(recording, exchange, place):
    """A crash between the rename and the deletion of the journal leaves both: a new recording may begin."""
    recording.add(exchange(b"x"))
    journal = (place / "journal.jsonl").read_bytes()
    recording.finish()
    (place / "journal.jsonl").write_bytes(journal)
    Recording.start(place, plane="loopback").close()


def test_a_journal_beside_a_damaged_cassette_is_unfinished(recording, place):
    """What cannot be read proves nothing."""
    recording.close()
    (place / "cassette.json").write_text("{")
    with pytest.raises(CassetteError, match="unfinished"):
        Recording.start(place, plane="loopback")


def test_a_second_recorder_is_refused(recording, place):
    """In this process or another: the message says what to do, and the first one goes on."""
    code = "import sys, pathlib; from comfytape_cassettes.recording import Recording; Recording.{}"
    for begin in ("start(pathlib.Path(sys.argv[1]), plane='loopback')", "resume(pathlib.Path(sys.argv[1]))"):
        other = subprocess.run(
            [sys.executable, "-c", code.format(begin), str(place)], capture_output=True, text=True, check=False
        )
        assert f"another process is recording into {place}" in other.stderr
    with pytest.raises(CassetteError, match="another process is recording") as caught:
        Recording.start(place, plane="loopback")
    assert "--into" in caught.value.hint
    recording.finish()


def test_a_recorder_that_waited_gets_a_fresh_journal(place):
    """Opened before the first one finished and locked after: the deleted file must not be written into."""
    for _ in range(10):
        first = Recording.start(place, plane="loopback")
        started = threading.Barrier(2)
        seen = []

        def second(started=started, seen=seen):
            started.wait()
            while not seen:
                try:
                    seen.append(Journal(place / "journal.jsonl"))
                except CassetteError:
                    continue

        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        first.finish()
        thread.join()
        assert os.fstat(seen[0].handle).st_nlink == 1
        seen[0].close()
        (place / "journal.jsonl").unlink()


def test_threads_share_a_recording(recording, exchange):
    """Sixteen threads that receive the same big bodies at the same moment: each exchange is kept, each body once."""
    start = threading.Barrier(16)
    troubles = []

    def work(number):
        start.wait()
        try:
            for turn in range(12):
                recording.add(exchange(big(turn) * 40, at=number * 100 + turn, url=URL.format(f"{number}/{turn}")))
        except Exception as error:  # noqa: BLE001 - whatever a thread dies of fails the test
            troubles.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cassette = recording.finish()
    cassette.verify()
    assert troubles == []
    assert len(cassette.exchanges) == 16 * 12
    assert len(cassette.folder.names("bodies")) == 12


def test_the_old_cassette_stays_until_the_new_one_is_finished(recorded, exchange, place):
    """Recording again touches nothing of what is there, and then replaces all of it, bodies included."""
    old = recorded(exchange(big(1)), path=place)
    files = {p: p.read_bytes() for p in place.rglob("*") if p.is_file()}
    with closing(Recording.start(place, plane="loopback")) as recording:
        recording.add(exchange(big(2)))
        assert {p: p.read_bytes() for p in files} == files
        Cassette.open(place).verify()
        new = recording.finish()
    assert new.provenance.recording != old.provenance.recording
    assert [e.response.body.raw() for e in new.exchanges] == [big(2)]
    assert len(new.folder.names("bodies")) == 1


@pytest.mark.parametrize(
    "harm", [lambda p: p.write_bytes(b"edited"), lambda p: (p.unlink(), p.symlink_to("/etc/hostname"))]
)
def test_a_body_that_was_edited_is_written_anew(recorded, exchange, place, harm):
    """An older file of the right name and the wrong content must not end up in a new cassette."""
    old = recorded(exchange(big(1)), path=place)
    harm(place / "bodies" / next(iter(old.folder.names("bodies"))))
    recorded(exchange(big(1)), path=place).verify()


def test_finishing_sweeps_what_is_ours_and_nothing_else(recording, exchange, place):
    """Half-written files of killed recorders go, files that people put there stay."""
    recording.add(exchange(big(1)))
    ours = [
        place / "cassette.json.123-4.partial",
        place / "bodies" / ("0" * 32 + ".bin"),
        place / "bodies" / ("0" * 32 + ".bin.9-9.partial"),
    ]
    theirs = [place / "README.md", place / "bodies" / "notes.txt"]
    for path in ours + theirs:
        path.write_text("x")
    recording.finish()
    assert [path for path in ours if path.exists()] == []
    assert [path for path in theirs if not path.exists()] == []


def test_exchanges_can_be_left_out(recording, exchange):
    """Those of a job that was withdrawn, with the bodies that only they needed."""
    recording.add(exchange(big(1), at=1, url=URL.format("withdrawn")))
    recording.add(exchange(big(2), at=2, url=URL.format("kept")))
    cassette = recording.finish(keep=lambda e: "withdrawn" not in e.request.url)
    assert [e.request.url for e in cassette.exchanges] == [URL.format("kept")]
    assert len(cassette.folder.names("bodies")) == 1


def test_keys_are_gone_before_anything_is_written(place, exchange):
    """Header, body, URL and the words of a failure: no file holds the key at any time."""
    with closing(Recording.start(place, plane="loopback", secrets=Secrets.of([KEY]))) as recording:
        recording.add(
            exchange(f'{{"echo": "{KEY}"}}'.encode() * 300, request_headers=[("Authorization", f"Bearer {KEY}")])
        )
        recording.fail(Failure("GET", URL.format(f"x?api_key={KEY}"), f"{KEY} was refused", (1.0, 1.0)))
        running = b"".join(p.read_bytes() for p in place.rglob("*") if p.is_file())
        recording.finish()
    finished = b"".join(p.read_bytes() for p in place.rglob("*") if p.is_file())
    assert KEY.encode() not in running
    assert KEY.encode() not in finished
    assert b"REDACTED" in finished


def test_a_failure_is_cleaned_of_what_shows_itself_later(recording, exchange):
    """The words of an early failure may hold a key that only a later request names."""
    late = "Zk3vQ9xLm2Rt8Wb4"
    recording.fail(Failure("GET", URL.format("x"), f"{late} was refused", (1.0, 1.0)))
    recording.add(exchange(b"{}", request_headers=[("Authorization", f"Bearer {late}")]))
    assert [f.error for f in recording.finish().failures] == ["REDACTED was refused"]


def test_a_secret_that_got_through_is_refused(place, exchange):
    """The recorder reads its own output: what is found there stops the cassette, and the journal stays."""
    word = "Zk3vQ9xLm2Rt8Wb4"
    with closing(
        Recording.start(place, plane="loopback", secrets=Secrets.of([word]), notes=[f"the key was {word}"])
    ) as recording:
        recording.add(exchange(b"{}"))
        with pytest.raises(LeakError, match="still holds 1 secret") as caught:
            recording.finish()
    assert "secrets_env" in caught.value.hint
    assert word not in str(caught.value)
    assert not (place / "cassette.json").exists()
    assert (place / "journal.jsonl").exists()


def test_a_body_that_vanished_stops_the_cassette(recording, exchange, place):
    """Deleted between receiving and finishing: no cassette with a hole is written."""
    recording.add(exchange(big(1)))
    for path in (place / "bodies").iterdir():
        path.unlink()
    with pytest.raises(CassetteError, match="is missing"):
        recording.finish()
    assert not (place / "cassette.json").exists()


def test_a_deleted_folder_is_noticed(recording, exchange, place):
    """Writing on into a deleted file would lose everything in silence."""
    (place / "journal.jsonl").unlink()
    with pytest.raises(CassetteError, match="was deleted while it was being written") as caught:
        recording.add(exchange(b"x"))
    assert caught.value.hint
    with pytest.raises(CassetteError, match="cannot be read"):
        recording.finish()


def test_nothing_is_written_after_the_end(recording, exchange):
    """A thread that is late must not write into a file that got the journal's number."""
    recording.add(exchange(b"in time"))
    recording.finish()
    with pytest.raises(CassetteError, match="is closed"):
        recording.mark(event="late")
    recording.close()


def test_a_disk_that_fails_in_the_background_is_reported(tmp_path):
    """An fsync that failed is told to the next one who writes, and on closing."""
    journal = Journal(tmp_path / "journal.jsonl")
    reading, writing = os.pipe()
    real = os.dup(journal.handle)
    os.dup2(writing, journal.handle)  # fsync of a pipe fails with EINVAL
    try:
        journal.append({"mark": 1})
        journal.syncer.join()
        with pytest.raises(CassetteError, match=r"cannot write .*journal\.jsonl: Invalid argument"):
            journal.append({"mark": 2})
        with pytest.raises(CassetteError, match="cannot write"):
            journal.close()
    finally:
        for handle in (reading, writing, real):
            os.close(handle)


def test_a_place_that_cannot_be(tmp_path):
    """A file where the folder should be."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CassetteError, match="cannot write") as caught:
        Recording.start(tmp_path / "file" / "cassette", plane="loopback")
    assert "--into" in caught.value.hint
    with pytest.raises(CassetteError, match="cannot be read"):
        read_journal(Path(tmp_path / "file" / "journal.jsonl"))
