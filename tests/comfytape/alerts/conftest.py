"""Real reports, a contract that tells somebody, and receivers on loopback that hold messages to the services' rules."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from comfytape import Cassette, Contract, check
from comfytape.alerts import Round
from comfytape.alerts.state import StateFile
from comfytape.reporting.formats import json_
from comfytape.settings import Settings
from comfytape_cassettes import Body
from comfytape_cassettes.recording import Recording

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "ghs_" + "TESTTOKEN0123456789abcdefghijklmnopqr"
SECRET_PATH = "/services/T0TEST000/B0TEST000/" + "s3cr3tPath0123456789abcd"


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Reports of real recordings: all is well, one class of a pack gone, two gone."""
    folder = tmp_path_factory.mktemp("recorded")
    contract, source = Contract.load(ROOT / "contracts/noise-1024"), Cassette.open(ROOT / "cassettes/noise-1024")
    inventory = next(e for e in source.exchanges if e.request.url.endswith("/object_info"))

    def without(name, *classes):
        made = Recording.start(folder / name, plane="loopback", recorded_at=source.provenance.recorded_at)
        data = {key: value for key, value in inventory.response.body.json().items() if key not in classes}
        body = Body.of(json.dumps(data).encode())
        made.add(replace(inventory, response=replace(inventory.response, body=body)))
        return made.finish()

    def report(cassette):
        made = check(contract, cassette, now=NOON)
        # What a recording without jobs adds is not what these reports are about.
        kept = [f for f in made.findings if f.rule == "required-node-missing"]
        return json.loads(json_.render([replace(made, findings=kept, examined=max(made.examined, 1))]))

    return {
        "well": report(without("well")),
        "one": report(without("one", "FeatherMask")),
        "two": report(without("two", "FeatherMask", "SolidMask")),
    }


class Receiver:
    """A server on loopback. ``plan`` holds answers to come: (status, headers, seconds to wait); then 200 and ``ok``."""

    def __init__(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.asked.append((self.command, self.path, dict(self.headers), body))
                status, headers, wait_s = receiver.plan.pop(0) if receiver.plan else (200, {}, 0)
                if wait_s:
                    receiver.let_go.wait(wait_s)
                said = b"ok"
                if status == 200:
                    status, headers, said = receiver.take(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *args):
                """Nothing on the terminal."""

        self.plan, self.asked, self.let_go = [], [], threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def take(self, method, path, headers, body):
        """What is answered to a request that is let through."""
        return 200, {}, b"ok"

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


class Slack(Receiver):
    """Takes a message only if it holds to Slack's rules for blocks; says ``invalid_blocks`` as Slack does.

    docs.slack.dev, Block Kit reference: header 150 characters of plain_text, section 3000, 50 blocks, 10 elements of a
    context; in text, & < > are escaped or part of a link.
    """

    def __init__(self):
        self.messages = []
        super().__init__()

    def take(self, method, path, headers, body):
        message = json.loads(body)
        if method != "POST" or path != SECRET_PATH:
            return 404, {}, b"no_service"
        if not headers["Content-Type"].startswith("application/json") or self.wrong(message):
            return 400, {}, b"invalid_blocks"
        self.messages.append(message)
        return 200, {}, b"ok"

    def wrong(self, message):
        blocks = message.get("blocks", [])
        texts = [(b["type"], b["text"]) for b in blocks if "text" in b]
        elements = [element for b in blocks for element in b.get("elements", [])]
        limits = {"header": 150, "section": 3000}
        return (
            not message.get("text")
            or not 1 <= len(blocks) <= 50
            or any(not 1 <= len(text["text"]) <= limits[kind] for kind, text in texts)
            or any(text["type"] != "plain_text" for kind, text in texts if kind == "header")
            or len(elements) > 10 * len(blocks)
            or any(self.raw(text["text"]) for _, text in texts if text["type"] == "mrkdwn")
            or any(self.raw(element["text"]) for element in elements)
        )

    def raw(self, text):
        """Control characters that are neither escaped nor a link."""
        rest = re.sub(r"<https?://[^<>|\s]+\|[^<>|]+>", "", text)
        return bool(re.search(r"[<>]|&(?!amp;|lt;|gt;)", rest))

    def words(self):
        """All texts of all messages."""
        return json.dumps(self.messages, ensure_ascii=False)


class GitHub(Receiver):
    """Issues and comments as docs.github.com/en/rest/issues has them; nothing else is imitated."""

    def __init__(self):
        self.issues, self.comments = {}, []
        super().__init__()

    def take(self, method, path, headers, body):
        if headers["Authorization"] != f"Bearer {TOKEN}" or headers["X-GitHub-Api-Version"] != "2022-11-28":
            return 401, {}, b'{"message": "Bad credentials"}'
        data = json.loads(body) if body else {}
        if found := re.fullmatch(r"/repos/acme/endpoints/issues/(\d+)/comments", path):
            self.comments.append((int(found[1]), data["body"]))
            return 201, {}, b"{}"
        if found := re.fullmatch(r"/repos/acme/endpoints/issues/(\d+)", path):
            issue = self.issues.get(int(found[1]))
            if issue is None:
                return 404, {}, b'{"message": "Not Found"}'
            issue.update(data)
            return 200, {}, json.dumps(issue).encode()
        if method == "POST":
            return 201, {}, json.dumps(self.add(**data)).encode()
        page = int(re.search(r"[?&]page=(\d+)", path)[1])
        still = [i for i in reversed(self.issues.values()) if i["state"] == "open"]
        return 200, {}, json.dumps(still[(page - 1) * 100 : page * 100]).encode()

    def add(self, title, body, *, kind="Bot", association="NONE", **more):
        number = len(self.issues) + 1
        self.issues[number] = {
            "number": number,
            "state": "open",
            "title": title,
            "body": body,
            "user": {"login": "github-actions[bot]", "type": kind},
            "author_association": association,
            **more,
        }
        return self.issues[number]


@pytest.fixture
def slack(monkeypatch):
    started = Slack()
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"http://{started.host}{SECRET_PATH}")
    yield started
    started.stop()


@pytest.fixture
def second(monkeypatch):
    """Another Slack."""
    started = Slack()
    monkeypatch.setenv("SECOND_WEBHOOK_URL", f"http://{started.host}{SECRET_PATH}")
    yield started
    started.stop()


@pytest.fixture
def github(monkeypatch):
    started = GitHub()
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/endpoints")
    monkeypatch.setenv("GITHUB_API_URL", f"http://{started.host}")
    yield started
    started.stop()


@pytest.fixture
def receiver(monkeypatch):
    """Takes whatever apprise's json:// sends."""
    started = Receiver()
    monkeypatch.setenv("ONCALL_URL", f"json://user:{'oncall' + 'Passw0rd'}@{started.host}/hook")
    yield started
    started.stop()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the noise-1024 contract; ``place(alerts)`` writes its alerts section."""
    for name in ("GITHUB_SERVER_URL", "GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(ROOT / "contracts/noise-1024", tmp_path / "contracts/noise-1024")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "contracts/noise-1024/contract.yaml"
    plain = file.read_text()

    def write(alerts):
        file.write_text(plain + alerts)
        return tmp_path

    return write


@pytest.fixture
def tell(place, recorded):
    """``tell(report, at=hours)``: one round; a report by its name, or a document."""

    def run(report, at=0.0, **options):
        document = recorded[report] if isinstance(report, str) else report
        Path("report.json").write_text(json.dumps(document))
        task = Round(settings=Settings(), state=StateFile(Path("state.json")), now=NOON + at * HOUR, **options)
        return task.run(["report.json"])

    return run


@pytest.fixture
def seconds():
    """A clock for what must not take long."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
