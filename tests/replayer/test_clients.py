"""Real clients, unchanged, each in a fresh process: they get the recorded result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comfytape_replayer import ReplayServer

CLIENTS = Path(__file__).parent / "clients"
MODULES = Path(os.environ.get("RUNPOD_SDK_MODULES", CLIENTS))


@pytest.fixture
def play(noise, noise_workflows):
    """Run a client on the second recorded workflow; gives what it printed."""

    def run(*command):
        with ReplayServer(noise) as server:
            environment = {
                **os.environ,
                "RUNPOD_ENDPOINT_BASE_URL": f"{server.url}/v2",
                "RUNPOD_SDK_MODULES": str(MODULES),
            }
            done = subprocess.run(
                command,
                check=False,
                input=json.dumps(noise_workflows[1]),
                capture_output=True,
                text=True,
                env=environment,
                timeout=110,
            )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def recorded(noise):
    """The output of the second recorded job."""
    done = [
        e.response for e in noise.exchanges if "/status/" in e.request.url and b"COMPLETED" in e.response.body.raw()
    ]
    return done[1].body.json()["output"]


def test_the_runpod_sdk(play, recorded):
    """run, status, output, run_sync, cancel, stream, health."""
    said = play(sys.executable, str(CLIENTS / "runpod_sync.py"))
    assert said["output"] == recorded
    assert said["run_sync"] == recorded
    assert said["states"][0] == "IN_QUEUE"
    assert said["states"][-1] == "COMPLETED"
    assert said["cancelled"] == ["CANCELLED", "CANCELLED"]
    assert said["streamed"] == []
    assert said["health"]["jobs"]["completed"] >= 2


def test_the_runpod_sdk_with_asyncio(play, recorded):
    """Three jobs at once."""
    said = play(sys.executable, str(CLIENTS / "runpod_asyncio.py"))
    assert said == {"output": recorded, "all": [True] * 3}


@pytest.mark.skipif(
    not (MODULES / "node_modules" / "runpod-sdk").is_dir() or shutil.which("node") is None,
    reason="npm install --prefix tests/replayer/clients",
)
def test_the_javascript_sdk(play, recorded):
    """run, status, runSync, cancel, health."""
    said = play("node", str(CLIENTS / "runpod_sdk.mjs"))
    assert said["output"] == recorded
    assert said["run_sync"] == recorded
    assert said["cancelled"] == "CANCELLED"
    assert said["health"]["jobs"]["completed"] == 2


def test_httpx(play, recorded):
    """A loop over /status."""
    pytest.importorskip("httpx")
    assert play(sys.executable, str(CLIENTS / "httpx_client.py"))["output"] == recorded


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(play, recorded):
    """A shell script."""
    assert play("sh", str(CLIENTS / "curl_client.sh"))["output"] == recorded


def test_a_thousand_jobs_from_fifty_threads(danrisi, danrisi_workflows, client_of):
    """Each gets its own id and its own workflow's picture; there is no cross-talk."""
    with ReplayServer(danrisi) as server:
        client = client_of(server)
        expected = [
            client.post("/v2/any/runsync", {"input": {"workflow": w}}).json()["output"] for w in danrisi_workflows
        ]

        def one(number):
            kind = number % len(danrisi_workflows)
            job = client.run(danrisi_workflows[kind])
            while (said := client.status(job))["status"] != "COMPLETED":
                pass
            return job, said["id"] == job and said["output"] == expected[kind]

        with ThreadPoolExecutor(50) as pool:
            played = list(pool.map(one, range(1000)))
        assert client.health()["jobs"]["completed"] == 1000 + len(danrisi_workflows)
    assert len({job for job, _ in played}) == 1000
    assert all(right for _, right in played)
