"""``--record-mode`` of pytest-recording records into cassette folders: redacted, whole, and only where it should."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape

KEY = "rpa_" + "TESTKEY0123456789"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20

SUITE = """
import pytest, requests

HEADERS = {{"Authorization": "Bearer {key}"}}
BASE = "{url}/v2/comfy"

{marker}
def test_job():
    job = requests.post(BASE + "/run", json={{"input": {{"workflow": {{}}}}}}, headers=HEADERS).json()["id"]
    states = [requests.get(f"{{BASE}}/status/{{job}}", headers=HEADERS).json()["status"] for _ in range(3)]
    assert states == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert requests.get("{url}/object_info").json() == {{"KSampler": {{}}}}
"""
MORE = """
{marker}
def test_more():
    assert requests.get("{url}/more").text == "more"
"""


@pytest.fixture
def endpoint():
    """A real server: a job that goes through three states, an inventory under gzip; ``.asked`` are its requests."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append(self.path)
            headers = {"Content-Type": "application/json"}
            if "/status/" in self.path:
                number = min(sum(path == self.path for path in asked), 3)
                said = {"id": "j-1", "status": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"][number - 1]}
                if number == 3:
                    said["output"] = {"images": [{"data": base64.b64encode(PNG).decode()}], "echo": KEY}
                body = json.dumps(said).encode()
            elif self.path == "/object_info":
                body = gzip.compress(b'{"KSampler": {}}')
                headers["Content-Encoding"] = "gzip"
            else:
                body = self.path.removeprefix("/").encode()
            self.answer(body, headers)

        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(b'{"id": "j-1", "status": "IN_QUEUE"}', {})

        def answer(self, body, headers):
            self.send_response(200)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked = asked
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def suite(project, run, endpoint):
    """A function: run the suite with a marker and a mode; gives the result."""

    def run_suite(marker, mode, *arguments, more=""):
        endpoint.asked.clear()
        text = (SUITE + more).format(key=KEY, url=endpoint.url, marker=marker)
        return run(text, f"--record-mode={mode}", *arguments)

    (project.path / "cassettes" / "mine").mkdir()
    return run_suite


def mine(project):
    return Cassette.open(project.path / "cassettes" / "mine")


def no_key_in(folder):
    return all(KEY.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())


DEFAULT = "@pytest.mark.vcr\n@pytest.mark.default_cassette('mine')"
MARKED = "@pytest.mark.vcr('mine')"


@pytest.mark.parametrize("marker", [DEFAULT, MARKED], ids=["default cassette", "marker"])
def test_rewrite_records_into_the_folder(suite, project, endpoint, marker):
    """What the server said, with times; then it plays without the server; the key is nowhere; no file beside it."""
    suite(marker, "rewrite").assert_outcomes(passed=1)
    cassette = mine(project)
    cassette.verify()
    (job,) = Tape(cassette).jobs
    assert (job.status, cassette.provenance.plane, len(cassette.exchanges)) == ("COMPLETED", "loopback", 5)
    assert Tape(cassette).inventory == {"KSampler": {}}
    assert all(e.elapsed_ms > 0 for e in cassette.exchanges)
    assert no_key_in(project.path / "cassettes")
    assert [p.name for p in (project.path / "cassettes" / "mine" / "bodies").glob("*.png")]
    assert not list((project.path / "cassettes").rglob("*.yaml"))
    assert "test_job" in cassette.provenance.source
    suite(marker, "none", "--block-network").assert_outcomes(passed=1)
    assert [path for path in endpoint.asked if path.startswith("/v2/comfy/")] == []


def test_rewrite_replaces_and_a_second_test_adds(suite, project, endpoint):
    """The old recording goes, each request is made anew, and two tests of one session make one cassette."""
    suite(DEFAULT, "rewrite").assert_outcomes(passed=1)
    before = mine(project).provenance.recorded_at
    suite(DEFAULT, "rewrite", more=MORE).assert_outcomes(passed=2)
    cassette = mine(project)
    assert len(endpoint.asked) == 6
    assert [e.request.url.rpartition("/")[2] for e in cassette.exchanges] == [
        "run",
        "j-1",
        "j-1",
        "j-1",
        "object_info",
        "more",
    ]
    assert cassette.provenance.recorded_at > before


def test_new_episodes_adds_what_is_missing(suite, project, endpoint):
    """What is there is played and stays as it was, times and encoding included; only what is new is asked for."""
    suite(DEFAULT, "rewrite").assert_outcomes(passed=1)
    before = mine(project)
    kept = [(e.request, e.response, e.times) for e in before.exchanges]
    suite(DEFAULT, "new_episodes", more=MORE).assert_outcomes(passed=2)
    assert endpoint.asked == ["/more"]
    after = mine(project)
    assert [(e.request, e.response, e.times) for e in after.exchanges][:5] == kept
    assert after.exchanges[5].response.body.raw() == b"more"
    assert after.provenance.recorded_at == before.provenance.recorded_at


def test_all_asks_again(suite, project, endpoint):
    """Every request goes out; the answers replace those that they match."""
    suite(DEFAULT, "rewrite").assert_outcomes(passed=1)
    suite(DEFAULT, "all").assert_outcomes(passed=1)
    assert len(endpoint.asked) == 5
    assert len(mine(project).exchanges) == 5


def test_once_records_what_is_not_there(suite, project, endpoint):
    """Into an empty folder the first time; after that it plays, and what is new is refused by vcrpy."""
    suite(DEFAULT, "once").assert_outcomes(passed=1)
    assert len(mine(project).exchanges) == 5
    result = suite(DEFAULT, "once", more=MORE)
    result.assert_outcomes(passed=1, failed=1)
    assert endpoint.asked == []


def test_a_test_with_a_file_of_its_own_records_into_that(suite, project):
    """The folder is then only played beside it, and nothing of it is copied into the file."""
    suite(DEFAULT, "rewrite").assert_outcomes(passed=1)
    before = (project.path / "cassettes" / "mine" / "cassette.json").read_bytes()
    folder = next(iter(project.path.glob("test_*.py"))).stem
    own = project.path / "cassettes" / folder / "test_more.yaml"
    own.parent.mkdir()
    own.write_text("interactions: []\nversion: 1\n")
    text = "import pytest, requests\n" + MORE.replace("{marker}", MARKED)
    result = suite_of(project, text, "--record-mode=new_episodes")
    assert (project.path / "cassettes" / "mine" / "cassette.json").read_bytes() == before
    assert "/status/" not in own.read_text()
    assert "/more" in own.read_text()
    assert result.ret == 0


def suite_of(project, text, *arguments):
    base = Cassette.open(project.path / "cassettes" / "mine").exchanges[0].request.url.partition("/v2/")[0]
    next(iter(project.path.glob("test_*.py"))).write_text(text.replace("{url}", base))
    return project.runpytest_subprocess(*arguments)


def test_workers_do_not_undo_each_other(suite, project):
    """Under xdist two processes would replace one folder: it is refused, with what to do."""
    result = suite(DEFAULT, "rewrite", "-n1")
    assert result.ret != 0
    assert "cannot be recorded by several workers at once" in result.stdout.str()
    assert not (project.path / "cassettes" / "mine" / "cassette.json").exists()


def test_a_named_secret_is_not_kept(suite, project, monkeypatch):
    """comfytape_secrets_env names variables whose values must not be in a cassette."""
    monkeypatch.setenv("MINE", "KSampler")
    project.makeini("[pytest]\naddopts = -p no:cacheprovider\ncomfytape_secrets_env = MINE\n")
    suite(DEFAULT, "rewrite").assert_outcomes(passed=1)
    assert b"KSampler" not in mine(project).exchanges[4].response.content()
