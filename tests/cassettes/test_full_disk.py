"""A disk that is full, read-only or out of reach gives words, and what was received before is kept."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from comfytape_cassettes import Cassette
from comfytape_cassettes.recording import Recording

if sys.platform == "win32":
    pytest.skip("needs POSIX limits and mounts", allow_module_level=True)

RECORD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from comfytape_cassettes import Body, CassetteError, Exchange, Headers, Request, Response
    from comfytape_cassettes.recording import Recording

    if len(sys.argv) > 2:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        recording = Recording.start(Path(sys.argv[1]), plane="loopback")
        for number in range(300):
            body = Body.of(b"\\xff%d " % number * 1000 * (number if "growing" in sys.argv else 1))
            recording.add(Exchange(Request("POST", "http://127.0.0.1:9/"), Response(200, "OK", Headers(), body), ((number, 1.0),)))
            print(number, flush=True)
        recording.finish()
        print("finished")
    except CassetteError as error:
        print("error:", error, "| hint:", error.hint)
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # for what runs at exit
    """
)


def record(place, *limit):
    """Numbers of the exchanges that were received, and the last words."""
    done = subprocess.run(
        [sys.executable, "-c", RECORD, str(place), *map(str, limit)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    *numbers, words = done.stdout.splitlines()
    return [int(number) for number in numbers], words


def resumed(place):
    with closing(Recording.resume(place)) as recording:
        cassette = recording.finish()
    cassette.verify()
    return [e.response.body.raw() for e in cassette.exchanges]


def test_a_journal_that_cannot_grow(tmp_path):
    """The limit strikes in the middle of a line: that line is taken back, all before it are there, and it goes on later."""
    numbers, words = record(tmp_path / "c", 20_000)
    assert 10 < len(numbers) < 300
    assert f"cannot write {tmp_path / 'c' / 'journal.jsonl'}: File too large" in words
    assert "--resume" in words
    assert (tmp_path / "c" / "journal.jsonl").read_bytes().endswith(b"}\n")
    assert resumed(tmp_path / "c") == [b"\xff%d " % number * 1000 for number in numbers]


def test_a_body_that_does_not_fit(tmp_path):
    """A body file that cannot be written leaves no half of itself, and no line in the journal."""
    numbers, words = record(tmp_path / "c", 20_000, "growing")
    assert numbers == list(range(7))
    assert "cannot write" in words
    assert ".bin: File too large" in words
    assert list((tmp_path / "c").rglob("*.partial")) == []
    assert resumed(tmp_path / "c") == [b"\xff%d " % number * 1000 * number for number in numbers]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 KB of its own; needs the rights to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", 0, b"size=300k"):
        pytest.skip(f"cannot mount a small disk here: {os.strerror(ctypes.get_errno())}")

    def remount(*, read_only):
        MS_RDONLY, MS_REMOUNT = 1, 32  # noqa: N806 - as mount(2) names them
        flags = MS_REMOUNT | (MS_RDONLY if read_only else 0)
        assert libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", flags, b"size=100m") == 0

    yield place, remount
    libc.umount2(str(place).encode(), 2)


def test_a_disk_that_is_full(small_disk):
    """No space left: the words say so, and with space the recording continues with all it had."""
    place, remount = small_disk
    numbers, words = record(place / "c")
    assert 10 < len(numbers) < 300
    assert "No space left on device" in words
    assert "--resume" in words
    remount(read_only=False)
    assert resumed(place / "c")[: len(numbers)] == [b"\xff%d " % number * 1000 for number in numbers]


def test_a_disk_that_is_read_only(small_disk):
    """A recording cannot begin there; a cassette that is there can be read."""
    place, remount = small_disk
    remount(read_only=False)
    numbers, words = record(place / "c")
    assert words == "finished"
    remount(read_only=True)
    numbers, words = record(place / "c")
    assert numbers == []
    assert f"cannot write {place / 'c' / 'journal.jsonl'}: Read-only file system" in words
    assert "--into" in words
    assert len(Cassette.open(place / "c").exchanges) == 300


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_without_permission(tmp_path):
    """The same for an ordinary user in a folder of somebody else."""
    tmp_path.chmod(0o555)
    try:
        assert "Permission denied" in record(tmp_path / "c")[1]
    finally:
        tmp_path.chmod(0o755)
