"""The recording proxy: clients see the real server, and the cassette replays what they saw."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[2]
KEY = "rpa_" + "TESTKEY0123456789"


@pytest.fixture
def proxy(tmp_path):
    """The command, recording into tmp_path; gives its URL, ``stop`` ends it and gives its output."""
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "comfytape", "proxy", "mine", "--into", str(tmp_path), *arguments]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("COMFY", "RUNPOD"))}
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        processes.append(process)
        return process.stdout.readline().removeprefix("listening on ").strip()

    def stop():
        processes[-1].send_signal(signal.SIGINT)
        out, err = processes[-1].communicate(timeout=60)
        return processes[-1].returncode, out, err

    yield start, stop
    for process in processes:
        process.kill()
        process.communicate()


def test_what_a_client_saw_can_be_replayed(noise, noise_workflows, proxy, client_of, tmp_path):
    """A job and a few routes through the proxy: the same bytes as without it, and the cassette gives them again."""
    start, stop = proxy
    with ReplayServer(noise) as real:
        client = client_of(type("At", (), {"url": start("--runpod", f"{real.url}/v2", "--comfyui", real.url)}))
        direct = client_of(real)
        for path in ("/object_info", "/system_stats", "/models/unet", "/v2/x/health"):
            there, here = direct.get(path), client.get(path, Authorization=f"Bearer {KEY}")
            assert (here.status, here.body) == (there.status, there.body)
        job = client.run(noise_workflows[0])
        results = [client.get(f"/v2/any/status/{job}").body for _ in range(4)]
        output = client.status(job)["output"]
    code, out, err = stop()
    assert (code, err) == (0, "")
    assert "recorded" in out
    cassette = Cassette.open(tmp_path / "mine")
    assert cassette.provenance.plane == "replay"  # the server behind the proxy says that it is one
    with ReplayServer(cassette) as again:
        client = client_of(again)
        said = client.post("/v2/any/runsync", {"input": {"workflow": noise_workflows[0]}}).json()
        assert said["output"] == output
        assert client.get("/object_info").body == direct_bytes(noise)
    assert len(results[-1]) > 1_000_000
    text = (tmp_path / "mine" / "cassette.json").read_text()
    assert KEY not in text
    assert "Bearer REDACTED" in text


def direct_bytes(cassette):
    """The recorded /object_info."""
    return next(e for e in cassette.exchanges if e.request.url.endswith("/object_info")).response.content()


def test_a_server_that_does_not_answer_is_a_502(proxy, client_of, tmp_path):
    """The client is told; nothing recorded is an error that names the cause, and stands in nobody's way."""
    start, stop = proxy
    url = start("--runpod", "http://127.0.0.1:9/v2")
    client = client_of(type("At", (), {"url": url}))
    answer = client.get("/v2/x/health")
    assert (answer.status, "gave no answer" in answer.json()["error"]) == (502, True)
    assert client.get("/system_stats").json()["error"].endswith("name it with --runpod or --comfyui")
    code, _, err = stop()
    assert code == 2
    assert "nothing was recorded: no request was answered, the first (GET http://127.0.0.1:9/v2/x/health)" in err
    assert not (tmp_path / "mine" / "journal.jsonl").exists()


def test_a_proxy_that_nobody_used_leaves_nothing_behind(proxy, tmp_path):
    """The next one starts as the first did."""
    start, stop = proxy
    for _ in range(2):
        start("--runpod", "http://127.0.0.1:9/v2")
        code, _, err = stop()
        assert (code, "no request came through the proxy" in err) == (2, True)
    assert not (tmp_path / "mine" / "journal.jsonl").exists()


def test_a_url_that_is_none_is_refused(tmp_path):
    """The option is named."""
    done = CliRunner().invoke(cli, ["proxy", "x", "--runpod", "api.runpod.ai", "--into", str(tmp_path)])
    assert done.exit_code == 2
    assert "--runpod 'api.runpod.ai' is not a URL" in done.stderr
