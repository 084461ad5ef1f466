"""Our WireMock mappings in a real WireMock, driven by the official runpod SDK and by plain HTTP.

    npm install wiremock        # brings the jar; Java 11 or later runs it
    python benchmarks/wiremock.py --jar node_modules/wiremock/build/wiremock-standalone-3.13.2.jar z-image-danrisi

Every job of each cassette is submitted as it was recorded and polled to its end; its output must be the recorded one.
Every other recorded request is made once, and its answer must have the recorded status and bytes. Ends with exit
code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import runpod

from comfytape.exporting import export_cassette
from comfytape_cassettes import Body, Cassette, Request
from comfytape_contracts.routes import route_of
from comfytape_contracts.tape import Tape

ROOT = Path(__file__).parents[1] / "cassettes"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(base, request):
    parts = urlsplit(request.url)
    url = base + parts.path + (f"?{parts.query}" if parts.query else "")
    sent = request.body.raw() or None
    headers = {"Content-Type": request.headers.get("content-type")} if sent else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, sent, headers, method=request.method)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def strangers(cassette, base):
    """Requests that were not recorded and were answered."""
    asked = [Request("GET", "http://x/never/recorded")]
    jobs = [job for job in Tape(cassette).jobs if job.submitted is not None]
    # With a small body: WireMock works out what came nearest, which takes it long for large ones.
    asked += [Request("POST", jobs[0].submitted.request.url, body=Body.of(b'{"input": {"a": 1}}'))] if jobs else []
    answered = [each for each in asked if ask(base, each)[0] != 404]
    return [f"{each.method} {each.url} was not recorded, and was answered" for each in answered]


def drive(cassette, base):
    """What differs, in words, and how much was compared."""
    runpod.api_key = "x"
    wrong, jobs = [], 0
    for job in Tape(cassette).jobs:
        if job.submitted is None or route_of(job.submitted.request.url).name != "run" or not job.input:
            continue  # what has no input, the SDK wraps in one of its own
        run = runpod.Endpoint(job.endpoint).run(job.request)
        seen = [run.status() for _ in range(len(job.states) + 2)]
        jobs += 1
        last = job.states[-1].exchange
        recorded = json.loads(last.response.content())
        if run.job_id != job.id or seen[-1] != recorded["status"]:
            wrong.append(f"job {job.id}: {run.job_id}, {seen}")
        elif recorded.get("output") != run.output():
            wrong.append(f"job {job.id}: another output")
    first = others(cassette)
    for exchange in first:
        status, body = ask(base, exchange.request)
        if (status, body) != (exchange.response.status, exchange.response.content()):
            wrong.append(f"{exchange.request.method} {exchange.request.url}: {status}, {len(body)} bytes")
    return wrong + strangers(cassette, base), jobs, len(first)


def others(cassette):
    """The first of each request that has nothing to do with a job."""
    first = {}
    for exchange in cassette.exchanges:
        request = exchange.request
        route = route_of(request.url)
        job = route.plane == "runpod" and route.name in ("run", "status")
        if not job and "multipart" not in request.headers.get("content-type"):
            first.setdefault((request.method, request.url, request.body.raw()), exchange)
    return list(first.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cassettes", nargs="+")
    parser.add_argument("--jar", required=True)
    given = parser.parse_args()
    failed = False
    for name in given.cassettes:
        cassette = Cassette.open(name if Path(name).is_dir() else ROOT / name)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with tempfile.TemporaryDirectory() as root:
            export_cassette(cassette, "wiremock", Path(root))
            command = ["java", "-Xmx512m", "-jar", given.jar, "--port", str(port), "--bind-address", "127.0.0.1",
                       "--root-dir", root, "--no-request-journal", "--disable-banner"]  # fmt: skip
            began = time.monotonic()
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
                try:
                    while ask_health(base) != 200:
                        if server.poll() is not None or time.monotonic() - began > 60:
                            sys.exit(f"WireMock did not start: {server.communicate(timeout=5)[0]}")
                        time.sleep(0.1)
                    started = time.monotonic() - began
                    runpod.endpoint_url_base = f"{base}/v2"
                    wrong, jobs, plain = drive(cassette, base)
                finally:
                    server.terminate()
        print(f"{name}: {jobs} jobs through the runpod SDK, {plain} other requests, {len(wrong)} differ "
              f"(WireMock up after {started:.1f} s)")  # fmt: skip
        for line in wrong:
            print("   ", line)
        failed = failed or bool(wrong) or not plain
    sys.exit(failed)


def ask_health(base):
    try:
        with urllib.request.urlopen(f"{base}/__admin/health", timeout=1) as answer:
            return answer.status
    except (OSError, urllib.error.URLError):
        return 0


if __name__ == "__main__":
    main()
