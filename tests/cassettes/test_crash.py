"""kill -9 at any moment loses nothing that was received, and never leaves half a cassette."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import closing

import pytest

from comfytape_cassettes import Body, Cassette, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording

RECORDER = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from comfytape_cassettes import Body, Exchange, Headers, Request, Response
    from comfytape_cassettes.recording import Recording

    OURS = ("recording.py", "journal.py", "folder.py", "cassette.py", "body.py")

    def record(place, report, first, count):
        recording = Recording.start(Path(place), plane="loopback") if first == 0 else Recording.resume(Path(place))
        for number in range(first, first + count):
            body = Body.of(b"%d " % number * 3000)
            request = Request("POST", f"http://127.0.0.1:9/{number}", Headers(), body)
            recording.add(Exchange(request, Response(200, "OK", Headers(), body), ((float(number), 1.0),)))
            os.write(report, b"%d\\n" % number)  # received, and said so
        recording.finish()
        os.write(report, b"finished\\n")
    """
)

AT_EVERY_LINE = RECORDER + textwrap.dedent(
    """
    import json

    # Counts lines of our own that are executed, and dies at one of them. Each child is a fork: one import for all.
    def dying_at(moment):
        left = moment
        def trace(frame, event, argument):
            nonlocal left
            if not frame.f_code.co_filename.endswith(OURS) or "comfytape_cassettes" not in frame.f_code.co_filename:
                return None
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
        return trace

    for line in sys.stdin:
        place, report, moment = json.loads(line)
        child = os.fork()
        if child == 0:
            handle = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            sys.settrace(dying_at(moment))
            record(place, handle, 0, 3)
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
    """
)


def bodies(numbers):
    return [b"%d " % number * 3000 for number in numbers]


def received(report):
    lines = report.read_text().split() if report.exists() else []
    return [int(line) for line in lines if line != "finished"], "finished" in lines


def old_cassette(place):
    """A cassette that is there before: its body must not vanish before the new one is whole."""
    with closing(Recording.start(place, plane="loopback")) as recording:
        body = Body.of(b"old " * 3000)
        recording.add(
            Exchange(Request("GET", "http://127.0.0.1:9/old", Headers(), body), Response(200, "OK", Headers(), body))
        )
        recording.finish()


def check_whole(place, said, finished):
    """The old cassette or the new one, and all that was said to be received."""
    seen = Cassette.open(place)
    seen.verify()
    is_new = seen.exchanges[0].request.url != "http://127.0.0.1:9/old"
    assert is_new or not finished
    if (place / "journal.jsonl").exists() and (place / "journal.jsonl").read_bytes().count(b"\n"):
        with closing(Recording.resume(place)) as recording:
            kept = [e.response.body.raw() for e in recording.exchanges()]
            assert kept[: len(said)] == bodies(said)
            recording.finish()
    elif not is_new:
        assert said == []
        old_cassette(place)
    final = Cassette.open(place)
    final.verify()
    assert [e.response.body.raw() for e in final.exchanges][: len(said)] == (bodies(said) or [b"old " * 3000])[
        : len(said)
    ]
    return is_new


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the children are forks")
def test_killed_at_any_line(tmp_path):
    """From the first line of the start to the last of the finish, between body and journal line and inside finish."""
    with subprocess.Popen(
        [sys.executable, "-c", AT_EVERY_LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:

        def run(number, moment):
            place, report = tmp_path / f"c{number}", tmp_path / f"r{number}"
            old_cassette(place)
            nursery.stdin.write(json.dumps([str(place), str(report), moment]) + "\n")
            nursery.stdin.flush()
            status = int(nursery.stdout.readline())
            return place, report, status

        lines = 2
        while run(f"length-{lines}", lines)[2] == signal.SIGKILL:
            lines *= 2
        chosen = random.Random(20261122)
        moments = sorted({*chosen.sample(range(1, lines), min(lines - 1, 45))})
        seen = set()
        for moment in moments:
            place, report, status = run(moment, moment)
            said, finished = received(report)
            seen.add((status == signal.SIGKILL, len(said), check_whole(place, said, finished)))
            left = [p.name for p in place.rglob("*.partial")]
            assert left == [] or status == signal.SIGKILL
            old_cassette(place)
            assert list(place.rglob("*.partial")) == []
            assert Cassette.open(place).orphans() == set()
        nursery.stdin.close()
    # Killed before, between and after all exchanges, and with the new index in place but the journal not yet gone.
    assert {(True, 0, False), (True, 1, False), (True, 2, False), (True, 3, False)} <= seen
    assert (True, 3, True) in seen


def test_killed_from_outside_again_and_again(tmp_path):
    """A recorder that is killed at random moments and resumed each time ends with every exchange it ever received."""
    place, report = tmp_path / "cassette", tmp_path / "report"
    code = (
        RECORDER
        + "record(sys.argv[1], os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND), int(sys.argv[3]), 100_000)"
    )
    chosen = random.Random(7)
    for _ in range(4):
        said, _ = received(report)
        with subprocess.Popen([sys.executable, "-c", code, str(place), str(report), str(len(said))]) as child:
            while received(report)[0] == said:
                assert child.poll() is None
                time.sleep(0.005)
            time.sleep(chosen.random() / 10)
            child.send_signal(signal.SIGKILL)
        now, _ = received(report)
        with closing(Recording.resume(place)) as recording:
            kept = [e.response.body.raw() for e in recording.exchanges()]
            # The one that was on its way when the signal came may be there too; it is sent again.
            for body in bodies(now):
                assert body in kept
    with closing(Recording.resume(place)) as recording:
        cassette = recording.finish()
    cassette.verify()
    assert {e.response.body.raw() for e in cassette.exchanges} >= set(bodies(now))
    assert list(place.rglob("*.partial")) == []
    assert cassette.orphans() == set()
