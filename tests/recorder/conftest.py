"""A plane of our own on loopback, contracts small enough to be quick, and the recorder in this process or as one."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from comfytape_cassettes import Cassette
from comfytape_cassettes.recording import Recording
from comfytape_contracts.contract import Contract
from comfytape_contracts.tape import Tape
from comfytape_recorder import polling
from comfytape_recorder.record import Options, record
from comfytape_recorder.runpod import RunPodClient
from comfytape_recorder.target import Target
from comfytape_recorder.transport import Limits, Transport

spec = importlib.util.spec_from_file_location("comfytape_test_plane", Path(__file__).parent / "plane" / "plane.py")
planes = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = planes
spec.loader.exec_module(planes)

KEY = planes.KEY
WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}},
    "2": {"class_type": "ImageAddNoise", "inputs": {"image": ["1", 0], "seed": 7, "strength": 0.5}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "sample"}},
}
CONTRACT = """\
name: small
workflow: workflow.json
samples: {count: 3, timeout_s: 20}
cost: {usd_per_second: 1.0}
"""


@pytest.fixture
def key():
    """The key that the plane takes; made up, and put together so that no file holds it."""
    return KEY


@pytest.fixture
def plane_with():
    """Start planes; all are stopped at the end."""
    started = []

    def start(**options):
        started.append(planes.Plane(**options).start())
        return started[-1]

    yield start
    for plane in started:
        plane.stop()


@pytest.fixture
def plane(plane_with):
    """A plane that executes its jobs itself, in 50 ms."""
    return plane_with()


@pytest.fixture
def contract(tmp_path):
    """A contract without models over a workflow of three core nodes; keys may be added as YAML."""

    def make(more="", workflow=WORKFLOW):
        folder = tmp_path / "contracts" / "small"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "workflow.json").write_text(json.dumps(workflow))
        (folder / "contract.yaml").write_text(CONTRACT + more)
        return Contract.load(folder)

    return make


class Said:
    """A progress that keeps what it is told."""

    def __init__(self):
        self.lines, self.states = [], []

    def job(self, sample, status, elapsed_s, spent_usd):
        self.states.append((sample, status))

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def said():
    """Who is told how the recording goes."""
    return Said()


@pytest.fixture
def recorded(tmp_path, contract, plane, said):
    """Record the small contract from the plane, in this process."""

    def run(*, made=None, target=None, server=None, **options):
        made = made or contract()
        target = target or Target("ep1", KEY, (server or plane).url, "")
        chosen = Options(**{"samples": made.model.samples.count, **options})
        return record(made, target, tmp_path / "cassettes" / "small", chosen, said)

    return run


@pytest.fixture
def folder(tmp_path):
    """Where ``recorded`` and ``recorder`` put the cassette."""
    return tmp_path / "cassettes" / "small"


@pytest.fixture
def recorder(tmp_path, contract, plane):
    """``comfytape record small`` as a process."""
    running = []

    def start(*arguments, **environment):
        if not (tmp_path / "contracts").exists():
            contract()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNPOD_", "COMFY"))}
        settings = {"RUNPOD_ENDPOINT_BASE_URL": plane.url, "RUNPOD_ENDPOINT_ID": "ep1", "RUNPOD_API_KEY": KEY}
        running.append(
            subprocess.Popen(
                [sys.executable, "-m", "comfytape", "record", "small", *arguments],
                cwd=tmp_path,
                env=kept | settings | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs here
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def client(plane, tmp_path):
    """A client of the plane whose exchanges are recorded."""
    recording = Recording.start(tmp_path / "client", plane="loopback")
    transport = Transport(recording)
    yield RunPodClient(transport, "ep1", KEY, plane.url)
    transport.close()
    recording.close()


@pytest.fixture
def transport():
    """A transport with short limits that records nothing."""
    made = Transport(limits=Limits(connect=1.0, read=0.5, total=0.8))
    yield made
    made.close()


@pytest.fixture
def raw_server():
    """A server that does with each connection what a function does: ``serve(connection)``; its URL is returned."""
    over = threading.Event()
    threads, listeners = [], []

    def start(serve):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(0.1)
        listeners.append(listener)

        def one(connection):
            with connection:
                connection.settimeout(5)
                try:
                    serve(connection, over)
                except OSError:
                    return  # the client went away, as some tests want it to

        def loop():
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    continue
                threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                threads[-1].start()

        threads.append(threading.Thread(target=loop, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    for thread in threads:
        thread.join(10)
    for listener in listeners:
        listener.close()


@pytest.fixture
def tape():
    """The jobs of a cassette folder."""
    return lambda path: Tape(Cassette.open(path))


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch):
    """Polls of this process follow each other quickly: the pace is tested by itself."""
    monkeypatch.setattr(polling.Pace.__init__, "__defaults__", (0.02, 1.2, 0.2, 0.0, 0))
