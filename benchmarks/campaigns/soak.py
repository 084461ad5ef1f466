"""The replay server under load for minutes: no crash, no leak, no answer of another job, nobody starved.

    python benchmarks/campaigns/soak.py --seconds 600

Beside each other: wrk with 32 connections that polls a job that waits; clients that send what is malformed in one of
a dozen ways and hang up, each on a connection of its own; clients that submit jobs and compare every picture with the one that was recorded for their own prompt; a hundred
connections that send a byte of a header now and then (slow loris). Measured: requests a second, memory of the process
over time, the slowest answer that an honest client saw. Judged: still alive, memory flat after the first minute, each
picture its own, honest clients answered within a second while the loris connections hang.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from campaign import Tally, arguments, finished
from stage import ROOT, environment, output_of

from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape

CASSETTE = ROOT / "cassettes" / "z-image-danrisi"
BROKEN = (
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /v2/%%%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\r\n\r\n\r\n",
    b"POST /v2/e/run HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\n{{{{", b"BREW /v2 HTTP/9.9\r\n\r\n",
    b"GET /v2/e/status/../../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /v2/e/run HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v2/e/run HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n[]",
    b"GET /view?filename=../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /v2/e/cancel/none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n",
    b"POST /v2/e/run HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90\r\n\r\n{",
)  # fmt: skip


def memory_of(pid):
    """Resident bytes of a process."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) << 10


def asked(port, method, path, body=None, scenario="none"):
    """(bytes of the answer, seconds)."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = json.dumps(body) if body is not None else None
    connection.request(method, path, sent, {"X-Comfytape-Scenario": scenario})
    said = connection.getresponse().read()
    connection.close()
    return said, time.monotonic() - began


class Honest(threading.Thread):
    """Submits recorded jobs in turn and compares what comes back with the recording.

    The first answer of each job is parsed and its output compared; those after it must be the same bytes but for the id.
    """

    def __init__(self, port, jobs, over):
        super().__init__(daemon=True)
        self.port, self.jobs, self.over = port, jobs, over
        self.done, self.asked, self.slowest, self.wrong = 0, 0, 0.0, []
        self.verified = {}

    def run(self):
        while not self.over.is_set():
            for number in range(len(self.jobs)):
                try:
                    self.one(number)
                except (OSError, ValueError, KeyError) as error:
                    self.wrong.append(f"{type(error).__name__}: {error}")
                if self.over.wait(0.05):
                    return

    def ask(self, *words):
        said, took = asked(self.port, *words)
        self.asked += 1
        self.slowest = max(self.slowest, took)
        return said

    def one(self, number):
        sent, expected = self.jobs[number]
        job = json.loads(self.ask("POST", "/v2/e/run", sent))["id"]
        for _ in range(50):
            said = self.ask("GET", f"/v2/e/status/{job}")
            if b'"COMPLETED"' in said[-400:] + said[:400]:
                break
        same = said.replace(job.encode(), b"")
        if number not in self.verified and json.loads(said).get("output") == expected:
            self.verified[number] = same
        if self.verified.get(number) != same:
            self.wrong.append(f"job {job} got another output than its own, or none: {said[:80]}")
        self.done += 1


class Careless(threading.Thread):
    """Sends malformed requests, listens for a moment, and hangs up."""

    def __init__(self, port, over):
        super().__init__(daemon=True)
        self.port, self.over, self.sent = port, over, 0

    def run(self):
        while not self.over.wait(0.002):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=0.02) as line:
                line.sendall(BROKEN[self.sent % len(BROKEN)])
                self.sent += 1
                line.recv(4096)


def loris(port, over):
    """A hundred connections, each sending a byte of a header every second."""
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for each in held:
        each.sendall(b"GET /v2/e/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    while not over.wait(1.0):
        for number, each in enumerate(held):
            try:
                each.sendall(b"x")
            except OSError:  # the server had enough of it, as it should: come again
                held[number] = socket.create_connection(("127.0.0.1", port))


def recorded_jobs():
    """(request body, output) of the recorded samples with a prompt of their own."""
    jobs = {}
    for job in Tape(Cassette.open(CASSETTE)).jobs:
        if job.status == "COMPLETED" and job.submitted is not None:
            body = json.loads(job.submitted.request.body.raw())
            jobs.setdefault(json.dumps(body, sort_keys=True), (body, output_of(job)))
    return list(jobs.values())


def run(seconds, seed, clients=4):
    tally = Tally("replay server under load", seed)
    server = subprocess.Popen(
        [sys.executable, "-m", "comfytape", "replay", str(CASSETTE)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(""),
    )
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    threading.Thread(target=server.stdout.read, daemon=True).start()
    over = threading.Event()
    jobs = recorded_jobs()
    waiting = json.loads(asked(port, "POST", "/v2/e/run", jobs[0][0], scenario="stuck-queue")[0])["id"]
    load = None
    if shutil.which("wrk"):
        words = ["wrk", "-t1", "-c32", f"-d{seconds}s", f"http://127.0.0.1:{port}/v2/e/status/{waiting}"]
        load = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    honest = [Honest(port, jobs, over) for _ in range(clients)]
    careless = [Careless(port, over) for _ in range(2 * clients)]
    slow = threading.Thread(target=loris, args=(port, over), daemon=True)
    for thread in (*honest, *careless, slow):
        thread.start()
    sizes = watched(server, seconds)
    over.set()
    for thread in (*honest, *careless, slow):
        thread.join(60)
    printed = load.communicate(timeout=60)[0] if load else ""
    judged(tally, server, honest, sizes)
    sent = {"wrk": int(found[1]) if (found := re.search(r"(\d+) requests in", printed)) else 0,
            "honest clients": sum(each.asked for each in honest), "malformed": sum(each.sent for each in careless)}  # fmt: skip
    tally.figures["requests a second"] = round(sum(sent.values()) / seconds)
    tally.figures["of them malformed (%)"] = round(100 * sent["malformed"] / sum(sent.values()), 1)
    tally.figures["requests"] = sent
    server.terminate()
    server.wait(20)
    return tally


def watched(server, seconds):
    """Memory once a second."""
    sizes = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        sizes.append(memory_of(server.pid))
        time.sleep(min(1.0, seconds / 20))
    return sizes


def judged(tally, server, honest, sizes):
    """Count and judge."""
    settled, last = sizes[len(sizes) // 5], sizes[-1]
    tally.figures["memory after a fifth of the time, at the end (MB)"] = [settled >> 20, last >> 20]
    tally.figures["slowest answer to an honest client (s)"] = round(max(h.slowest for h in honest), 3)
    for client in honest:
        for wrong in client.wrong[:3]:
            tally.case("jobs submitted and compared", wrong)
        tally.cases["jobs submitted and compared"] += client.done
    tally.case("the server lives", "" if server.poll() is None else f"it ended with {server.returncode}")
    grown = last - settled
    tally.case("memory is flat", f"it grew by {grown >> 20} MB" if grown > max(settled // 10, 16 << 20) else "")
    starved = max(h.slowest for h in honest) > 1.0
    tally.case("nobody is starved", "an honest client waited longer than a second" if starved else "")


if __name__ == "__main__":
    words = arguments(__doc__, 0, seconds=600)
    finished(run(words.seconds, words.seed), words)
