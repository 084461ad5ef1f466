"""Roads by which planted secrets come into a cassette while it is made: a proxy, and a recorder whose plane echoes."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from in_process import told
from places import PLACES
from stage import KEY, planes


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what alerts send; as an upstream it gives the answer of a place."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = self.server.answers.get(self.headers.get("X-Case"))
        self.server.received.append(body)
        self.send_response(asked.status if asked else 200)
        answer = asked.answer if asked else b"ok"
        for name, value in asked.answered if asked else ():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_words):
        pass


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.answers, server.received = {}, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def run(output, *words):
    """A command in this process; what it printed is kept."""
    code, printed = told(*words)
    output.append((" ".join(map(str, words[:3])), printed.encode("utf-8", "surrogatepass")))
    return code


def through_proxy(listed, server, output):
    """Every request once through ``comfytape proxy``."""
    server.answers = {str(number): asked for number, asked in enumerate(listed)}
    upstream = f"http://127.0.0.1:{server.server_address[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "comfytape", "proxy", "made", "--runpod", f"{upstream}/v2", "--comfyui", upstream],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        port = int(process.stdout.readline().rpartition(b":")[2])
        for number, asked in enumerate(listed):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(
                asked.method, asked.path, asked.body or None, dict(asked.headers) | {"X-Case": str(number)}
            )
            connection.getresponse().read()
            connection.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    output.append(("proxy", out + err))
    return process.returncode


def through_record(planted, output):
    """A recording from a plane that says everything back."""
    plane = planes.Plane(
        echo=next((text for text in planted.values() if "\n" not in text and text.isascii()), "")
    ).start()
    try:
        output_of = {name: PLACES[name](text).answer for name, text in planted.items() if not PLACES[name](text).body}
        plane.output = {
            "images": [],
            **{str(n): json.loads(data) for n, data in enumerate(output_of.values()) if data[:1] == b"{"},
        }
        for text in list(planted.values())[:2]:
            plane.fault("status", status=500, body=f"Internal error: {text}")
        os.environ |= {"RUNPOD_ENDPOINT_BASE_URL": plane.url, "RUNPOD_ENDPOINT_ID": "ep1"}
        key = os.environ.get("RUNPOD_API_KEY")
        os.environ["RUNPOD_API_KEY"] = KEY
        code = run(output, "record", "small", "--into", "made-by", "--samples", "2", "--concurrency", "2")
        if key is not None:
            os.environ["RUNPOD_API_KEY"] = key
        if Path("made-by/small").exists():
            shutil.copytree("made-by/small", "cassettes/made")
        return code
    finally:
        plane.stop()
