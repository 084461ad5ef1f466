"""`comfytape record`, as people meet it: words, exit codes, progress."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from comfytape.cli.progress import RecordingProgress
from comfytape_cassettes import Cassette
from comfytape_contracts.tape import Tape
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[2]
SHIPPED = str(ROOT / "cassettes" / "z-image-danrisi")
KEY = "rpa_" + "TESTKEY0123456789"


@pytest.fixture(scope="module")
def replay():
    """The shipped recording, served as a live endpoint would be."""
    with ReplayServer([Cassette.open(SHIPPED)]) as server:
        yield server


@pytest.fixture
def comfytape(tmp_path):
    """Run a command as a process, with the shipped contracts and no variable of the outer shell's."""

    def run(*arguments, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RUNPOD_", "COMFY"))}
        return subprocess.run(
            [sys.executable, "-m", "comfytape", *arguments],
            cwd=tmp_path,
            env=kept | {"COMFYTAPE_CONTRACTS": str(ROOT / "contracts")} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    return run


def endpoint(replay, **more):
    """The variables that a client of a replay needs."""
    return {"RUNPOD_ENDPOINT_BASE_URL": f"{replay.url}/v2", "RUNPOD_ENDPOINT_ID": "any", "RUNPOD_API_KEY": KEY} | more


def test_a_replay_is_recorded_like_a_live_endpoint(comfytape, replay, tmp_path):
    """Record from the replay, check the new recording: the same verdict as of the original, for the same reason."""
    recorded = comfytape(
        "record", "z-image-danrisi", "--into", "new", "--concurrency", "4", **endpoint(replay, COMFYUI_URL=replay.url)
    )
    assert recorded.returncode == 0, recorded.stderr
    assert "11 of 11 samples COMPLETED, about" in recorded.stdout
    assert "sample 11: COMPLETED" in recorded.stderr
    assert len(Tape(Cassette.open(tmp_path / "new" / "z-image-danrisi")).jobs) == 11
    checked = comfytape("check", "z-image-danrisi", "--cassette", "new/z-image-danrisi", "--json")
    rules = {finding["rule"] for finding in json.loads(checked.stdout)["findings"]}
    assert "budget-generation" in rules
    assert rules <= {"budget-generation", "budget-unknown", "budget-cold-start", "image-metadata"}


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({}, 2, ["no endpoint to record", "export RUNPOD_ENDPOINT_COMFYUI=<endpoint id>"]),
        ({"RUNPOD_ENDPOINT_ID": "a"}, 2, ["needs a key", "export RUNPOD_API_KEY=<key>"]),
        (
            {"RUNPOD_ENDPOINT_ID": "a", "RUNPOD_API_KEY": KEY, "RUNPOD_ENDPOINT_BASE_URL": "http://127.0.0.1:9/v2"},
            3,
            ["connection refused", "check the base URL"],
        ),
    ],
)
def test_what_keeps_it_from_recording_ends_with_2_or_3(comfytape, environment, code, words):
    """Configuration is 2, an endpoint out of reach is 3; the next step is there, the key and a traceback are not."""
    result = comfytape("record", "noise-1024", **environment)
    assert result.returncode == code
    assert [word for word in words if word not in result.stderr] == []
    assert "Traceback" not in result.stderr
    assert KEY not in result.stderr + result.stdout


def test_a_sample_that_is_not_completed_is_named(comfytape, replay, tmp_path):
    """Exit code 3, and which sample, with its last state and reason."""
    budget = comfytape(
        "record", "z-image-danrisi", "--into", "new", "--samples", "4", "--budget", "0.000001", **endpoint(replay)
    )
    assert budget.returncode == 3, budget.stderr
    assert "stopped the budget" in budget.stdout
    assert "NOT SUBMITTED" in budget.stdout


def test_an_ascii_stream_gets_numbers_not_a_traceback(comfytape):
    """A stream that cannot spell a character does not end the command."""
    result = comfytape("check", "z-image-danrisi", "--cassette", SHIPPED, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 5, result.stderr
    assert "\\xb7 median" in result.stdout


def shown(terminal):
    """A progress over three samples, and what it wrote."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    return RecordingProgress(console, 3, priced=True), out


def test_outside_a_terminal_a_change_of_state_is_a_line():
    """A log gets a line a change, not a bar a tick."""
    progress, out = shown(terminal=False)
    with progress:
        for status in ("IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
            progress.job(0, status, 1.25, 0.5)
        progress.say("a [note] with \x1b")
    assert out.getvalue().splitlines() == [
        "sample 1: IN_QUEUE after 1.2 s ≤ 0.5000 USD",
        "sample 1: IN_PROGRESS after 1.2 s ≤ 0.5000 USD",
        "sample 1: COMPLETED after 1.2 s ≤ 0.5000 USD",
        "a [note] with \\x1b",
    ]


def test_on_a_terminal_every_job_has_a_bar():
    """State, age and cost so far, and how many of all are done."""
    progress, out = shown(terminal=True)
    with progress:
        progress.job(0, "IN_QUEUE", 1.0, 0.1)
        progress.job(1, "IN_PROGRESS", 2.0, 0.2)
        progress.bars.refresh()
        progress.job(0, "COMPLETED", 3.0, 0.3)
        progress.job(0, "COMPLETED", 3.0, 0.3)
        progress.bars.refresh()
    text = out.getvalue()
    assert [
        word for word in ("sample 1", "sample 2", "IN_PROGRESS 2.0 s", "≤ 0.3000 USD", "1/3") if word not in text
    ] == []
