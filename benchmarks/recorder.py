"""What capturing costs: the processor time that our recorder adds to one job's requests, as a share of their wall time.

    python benchmarks/recorder.py            # a table, and the ratio
    python benchmarks/recorder.py --json     # one object, for a report

A job is what a recorder sees of one: /run, 40 polls (the server takes 50 ms for each), and a result with an image whose
base64 has 1.5 MB. The server is a process of its own. Both sides keep their connection; rounds alternate, and so does
who goes first. Each pair gives one difference of processor time (all threads, the journal's too) over the bare side's
wall time; the median of the pairs counts, for wall time on a shared machine differs by more than what is measured. The
least wall times are told beside it, since they hold the waiting for the disk too. Ours redacts, stores and journals
every exchange. The promise: at most 3 % on top.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_recorder.transport import Transport

POLLS = 40
ANSWER_S = 0.05
ROUNDS = 9
LIMIT = 0.03
KEY = "rpa_" + "BENCHMARK0123456789"


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def result() -> bytes:
    """A COMPLETED job whose image has 1.5 MB of base64."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1024, 1024, 8, 2, 0, 0, 0))
    picture = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", random.Random(7).randbytes(1_125_000)) + chunk(b"IEND", b"")
    image = {"filename": "a_00001_.png", "type": "base64", "data": base64.b64encode(picture).decode()}
    return json.dumps(
        {"id": "job", "status": "COMPLETED", "executionTime": 1437, "output": {"images": [image]}}
    ).encode()


class Plane(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    result = result()

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def answer(self, body: bytes) -> None:
        time.sleep(ANSWER_S)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_GET(self) -> None:
        waiting = b'{"delayTime": 512, "id": "job", "status": "IN_PROGRESS", "workerId": "w1"}'
        self.answer(self.result if self.path.endswith("/done") else waiting)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"id": "job", "status": "IN_QUEUE"}')


def serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plane)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def requests_of(url: str) -> list[tuple[str, str, bytes]]:
    """One job's requests."""
    job = json.dumps(
        {"input": {"workflow": {str(n): {"class_type": "KSampler", "inputs": {}} for n in range(20)}}}
    ).encode()
    polls = [("GET", f"{url}/v2/ep/status/job", b"")] * POLLS
    return [("POST", f"{url}/v2/ep/run", job), *polls, ("GET", f"{url}/v2/ep/status/done", b"")]


def bare(url: str) -> tuple[float, float]:
    """Seconds of wall and of processor time with nothing but `requests`."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with requests.Session() as session:
        session.get(f"{url}/v2/ep/health")
        began, busy = time.perf_counter(), time.process_time()
        for method, address, body in requests_of(url):
            assert session.request(method, address, headers=headers, data=body, timeout=30).content
        return time.perf_counter() - began, time.process_time() - busy


def ours(url: str, folder: Path) -> tuple[float, float]:
    """The same with every exchange redacted, stored and journalled."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    recording = Recording.start(folder, plane="loopback", secrets=Secrets.of([KEY]))
    transport = Transport(recording)
    transport.send("GET", f"{url}/v2/ep/health")
    began, busy = time.perf_counter(), time.process_time()
    for method, address, body in requests_of(url):
        transport.send(method, address, headers=headers, body=body, durable=method == "POST")
    took = time.perf_counter() - began, time.process_time() - busy
    transport.close()
    recording.close()
    return took


def pair(url: str, folder: Path, *, ours_first: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both sides once, bare and ours."""
    if ours_first:
        captured = ours(url, folder)
        return bare(url), captured
    return bare(url), ours(url, folder)


def measured() -> dict[str, float]:
    """The added share of processor time, and the least wall times."""
    with (
        subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        try:
            # The first pair pays for imports and pages that no later one touches.
            pairs = [pair(url, Path(folder) / str(n), ours_first=bool(n % 2)) for n in range(ROUNDS + 1)][1:]
        finally:
            server.terminate()
    shares = [(captured[1] - plain[1]) / plain[0] for plain, captured in pairs]
    return {
        "added_cpu_share": round(statistics.median(shares), 4),
        "added_cpu_share_most": round(max(shares), 4),
        "bare_s": round(min(plain[0] for plain, _ in pairs), 4),
        "ours_s": round(min(captured[0] for _, captured in pairs), 4),
        "limit": LIMIT,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    found = measured()
    if options.json:
        print(json.dumps(found))
    else:
        most = f"(most {found['added_cpu_share_most']:.1%})"
        print(f"added processor time  {found['added_cpu_share']:.1%} of wall time {most}")
        print(f"least wall time       {found['bare_s']:.3f} s bare, {found['ours_s']:.3f} s ours")
        print(f"{'within' if found['added_cpu_share'] <= LIMIT else 'over'} the limit of {LIMIT:.0%}")
    return int(found["added_cpu_share"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
