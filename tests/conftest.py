"""What several rooms' tests stand on: the real recordings, unpacked when asked for."""

from __future__ import annotations

import json
import lzma
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import hypothesis
import pytest

from comfytape.importing import import_files

# The same examples on every run: what fails here is what somebody changed. COMFYTAPE_TEST_RANDOM=1 looks for new ones.
hypothesis.settings.register_profile("same", derandomize=not os.environ.get("COMFYTAPE_TEST_RANDOM"))
hypothesis.settings.load_profile("same")

pytest_plugins = ["pytester"]  # pytest takes this line only in the topmost conftest
HARS = Path(__file__).parent / "data" / "har"


@pytest.fixture(scope="session")
def real_har(tmp_path_factory):
    """A function: the path of a real HAR file by its name, such as ``runpod-failures.har``; unpacked once."""
    folder = tmp_path_factory.mktemp("har")

    def unpacked(name: str) -> Path:
        path = folder / name
        if not path.exists():
            path.write_bytes(lzma.decompress((HARS / f"{name}.xz").read_bytes()))
        return path

    return unpacked


@pytest.fixture(scope="session")
def imported(real_har, tmp_path_factory):
    """A function: the cassette of a real HAR file, imported once. For reading only."""
    folder = tmp_path_factory.mktemp("imported")
    made = {}

    def cassette(name: str):
        if name not in made:
            made[name] = import_files([real_har(name)], folder / name.removesuffix(".har"), [], [])[0]
        return made[name]

    return cassette


class Service:
    """A small HTTP server: what it answers is set by path, what it was asked is kept."""

    def __init__(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.asked.append((self.command, self.path, dict(self.headers), body))
                answer = service.answers.get(
                    (self.command, self.path), service.answers.get(self.path.partition("?")[0])
                )
                answer = answer(self) if callable(answer) else answer
                status, data, kind = (404, b"", "text/plain") if answer is None else answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815 - the standard library's name

            def log_message(self, *args):
                """Nothing on the terminal."""

        self.answers, self.asked = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def says(self, path, data, status=200, kind="application/json", delay_s=0.0, method=""):
        """Answer ``path`` with text, or with anything else as JSON, after a while."""
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()

        def answer(_request):
            time.sleep(delay_s)
            return status, body, kind

        self.answers[(method, path) if method else path] = answer
        return self

    def paths(self):
        """What was asked for, in order."""
        return [path for _, path, _, _ in self.asked]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def service():
    """One small HTTP server."""
    started = Service()
    yield started
    started.stop()
