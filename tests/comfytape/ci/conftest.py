"""A repository that has only contracts and cassettes, and a server that keeps comments and pull requests as GitHub does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parents[3]


def git(folder, *arguments):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def origin(tmp_path_factory):
    """A bare repository: three contracts over one real recording, which passes, fails, and exceeds a budget."""
    work = tmp_path_factory.mktemp("work")
    original = ROOT / "contracts" / "z-image-danrisi"
    for name, old, new in (
        ("holds", "generation_s: 30", "generation_s: 300"),
        ("broken", "width: 128", "width: 256"),
        ("slow", "generation_s: 30", "generation_s: 30"),
    ):
        shutil.copytree(original, work / "contracts" / name)
        path = work / "contracts" / name / "contract.yaml"
        text = path.read_text(encoding="utf-8").replace("name: z-image-danrisi", f"name: {name}")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    shutil.copytree(ROOT / "cassettes" / "z-image-danrisi", work / "cassettes" / "z-image-danrisi")
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "--all")
    git(work, "commit", "-qm", "Contracts and cassettes")
    bare = tmp_path_factory.mktemp("bare") / "origin.git"
    git(work, "clone", "-q", "--bare", str(work), str(bare))
    return bare


@pytest.fixture
def clone(origin, tmp_path):
    """A fresh clone."""
    git(tmp_path, "clone", "-q", str(origin), "clone")
    assert sorted(path.name for path in (tmp_path / "clone").iterdir()) == [".git", "cassettes", "contracts"]
    return tmp_path / "clone"


@pytest.fixture
def temp(tmp_path):
    """RUNNER_TEMP where an earlier step has installed comfytape: the environment that these tests run in."""
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / "comfytape").symlink_to(sys.prefix, target_is_directory=True)
    return tmp_path / "temp"


class GitHub:
    """Comments and pull requests of one repository over HTTP, with GitHub's paths, codes and field names."""

    def __init__(self):
        hub = self
        self.comments, self.pulls, self.asked, self.refuses = [], [], [], []

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                parts = urlsplit(self.path)
                hub.asked.append((self.command, self.path, self.headers.get("Authorization")))
                if hub.refuses:
                    status, said = hub.refuses.pop(0)
                else:
                    status, said = hub.say(self.command, parts.path, parse_qs(parts.query), body)
                data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the standard library's names

            def log_message(self, *args):
                """Nothing on the terminal."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def say(self, method, path, query, body):
        path = path.removeprefix("/repos/owner/name")
        if path == "/issues/5/comments" and method == "GET":
            page, size = int(query["page"][0]), int(query["per_page"][0])
            return 200, self.comments[(page - 1) * size : page * size]
        if path == "/issues/5/comments":
            return 201, self.comment(body["body"])
        if path.startswith("/issues/comments/") and method == "PATCH":
            (found,) = [c for c in self.comments if c["id"] == int(path.rpartition("/")[2])]
            found["body"] = body["body"]
            return 200, found
        if path == "/pulls" and method == "GET":
            return 200, [p for p in self.pulls if query["head"] == [f"owner:{p['head']}"]]
        if path == "/pulls":
            self.pulls.append(body | {"number": 9, "html_url": "https://github.com/owner/name/pull/9"})
            return 201, self.pulls[-1]
        if path == "/pulls/9":
            self.pulls[0] |= body
            return 200, self.pulls[0]
        return 404, {"message": "Not Found"}

    def comment(self, body, kind="Bot"):
        made = {"id": 100 + len(self.comments), "body": body, "user": {"type": kind}}
        made["html_url"] = f"https://github.com/owner/name/pull/5#issuecomment-{made['id']}"
        self.comments.append(made)
        return made

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def hub():
    """One such server."""
    started = GitHub()
    yield started
    started.stop()


@pytest.fixture
def event(tmp_path):
    """The file of a pull request's event."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"action": "synchronize", "pull_request": {"number": 5}}))
    return path
