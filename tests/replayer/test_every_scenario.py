"""Every scenario, as the official SDK and as our recorder meet it: what a client sees, and that `check` names the cause."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image

from comfytape_cassettes import UsageError
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract
from comfytape_recorder.record import Options, record
from comfytape_recorder.target import Target
from comfytape_replayer import ReplayServer
from comfytape_replayer.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
CLIENT = Path(__file__).parent / "clients" / "runpod_scenarios.py"

NAMED = {
    "cold-start": ("budget-cold-start", "initializing"),
    "stuck-queue": ("job-unfinished", "no worker in any state"),
    "throttled": ("budget-cold-start", "1 throttled worker(s) meanwhile"),
    "worker-crash": ("failure-worker-crash", "timed out after 1 retries"),
    "timed-out": ("failure-platform-timeout", "executionTimeout"),
    "cancelled": ("failure-cancelled", "CANCELLED"),
    "failed-node-missing": ("failure-node-missing", "Sigmas Rescale"),
    "failed-model-missing": ("failure-model-missing", "z_image_turbo_bf16.safetensors"),
    "failed-oom": ("failure-out-of-memory", "ClownsharKSampler_Beta"),
    "wrong-handler": ("handler-wrong", "prompt"),
    "result-lost": ("job-result-lost", "result was lost"),
    "no-images": ("job-no-images", "success_no_images"),
    "corrupt-image": ("image-unreadable", ".png"),
    "blank-image": ("image-blank", "one colour"),
    "rate-limited": ("requests-limited", "429"),
    "flaky": ("requests-flaky", "50"),
    "expired": ("failure-expired", "404"),
    "pack-import-failed": ("pack-not-loaded", "RES4LYF"),
    "model-missing": ("required-model-missing", "the folder is empty"),
}
"""The rule that a check finds, and words of its message. ``unauthorized`` and ``slow`` have tests of their own."""


class Silent:
    def job(self, sample, status, elapsed_s, spent_usd):
        """Nobody watches."""

    def say(self, text):
        """Nobody listens."""


@pytest.fixture
def recorded_under(danrisi, tmp_path):
    """Record the shipped contract from a replay under a scenario; gives contract and cassette."""
    shutil.copytree(ROOT / "contracts" / "z-image-danrisi", tmp_path / "contract")
    terms = tmp_path / "contract" / "contract.yaml"
    terms.write_text(terms.read_text().replace("samples:\n  count", "samples:\n  timeout_s: 2\n  count"))
    contract = Contract.load(tmp_path / "contract")

    def run(scenario, samples=1, name="again"):
        with ReplayServer(danrisi, scenario=scenario) as server:
            target = Target("any", "x", f"{server.url}/v2", server.url)
            options = Options(samples=samples, concurrency=4)
            outcome = record(contract, target, tmp_path / name, options, Silent())
        assert outcome.cassette is not None
        return contract, outcome.cassette

    return run


def test_the_table_is_complete():
    """A scenario that is added gets its line here, or its test, and its line in the documentation."""
    assert set(NAMED) | {"unauthorized", "slow"} == set(SCENARIOS)
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    lines = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4}
    assert {name for name, (rule, _) in NAMED.items() if f"`{rule}`" not in lines[name]} == set()


@pytest.mark.parametrize("scenario", NAMED)
def test_the_check_names_the_cause(recorded_under, scenario):
    """Recorded under a scenario, the contract has a finding with the cause, and what to do."""
    rule, words = NAMED[scenario]
    found = [f for f in check(*recorded_under(scenario)).findings if f.rule == rule]
    assert found, f"no {rule}"
    assert words in " ".join(f.message for f in found)
    assert all(f.hint for f in found)


def test_a_refused_key_ends_the_recording(recorded_under):
    """Nothing was recorded, so there is nothing to check: the recorder itself says why."""
    with pytest.raises(UsageError, match="answered 401: the key was refused"):
        recorded_under("unauthorized")


def test_a_slow_endpoint_shows_against_an_earlier_recording(recorded_under):
    """Within its budgets it may be, and five times slower than it was all the same."""
    _, before = recorded_under(None, samples=8, name="before")
    contract, slow = recorded_under("slow", samples=8)
    rules = {f.rule for f in check(contract, slow, against=before).findings}
    assert "regression-time" in rules


def picture(output):
    return Image.open(io.BytesIO(base64.b64decode(output["images"][0]["data"])))


def test_the_official_sdk_meets_each(danrisi, danrisi_workflows):
    """Unchanged, in a fresh process, one job at each: what its caller sees is what RunPod's caller would."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(ReplayServer(danrisi, scenario=name)) for name in SCENARIOS}
        asked = {"workflow": danrisi_workflows[1], "urls": {n: f"{s.url}/v2" for n, s in servers.items()}}
        done = subprocess.run(
            [sys.executable, str(CLIENT)], input=json.dumps(asked), capture_output=True, text=True, check=True,
            timeout=110, env={k: v for k, v in os.environ.items() if not k.startswith("RUNPOD_")},
        )  # fmt: skip
    said = json.loads(done.stdout)
    ends = {name: seen["states"][-1] for name, seen in said.items() if "states" in seen}
    failed = {"worker-crash", "failed-node-missing", "failed-model-missing", "failed-oom", "wrong-handler"}
    failed |= {"pack-import-failed", "model-missing"}
    assert {name for name, state in ends.items() if state == "FAILED"} == failed
    assert {n: s for n, s in ends.items() if s not in ("FAILED", "COMPLETED")} == {
        "stuck-queue": "IN_QUEUE", "timed-out": "TIMED_OUT", "cancelled": "CANCELLED",
    }  # fmt: skip
    assert "401" in said["unauthorized"]["raised"]
    assert "404" in said["expired"]["raised"]
    whole = {"cold-start", "throttled", "slow", "rate-limited", "flaky"}
    assert all(picture(said[name]["output"]).size == (128, 128) for name in whole)
    assert said["result-lost"]["output"] is None
    assert said["no-images"]["output"] == {"status": "success_no_images", "images": []}
    assert picture(said["blank-image"]["output"]).convert("L").getextrema() == (0, 0)
    with pytest.raises(OSError, match="truncated"):
        picture(said["corrupt-image"]["output"]).load()
    assert said["stuck-queue"]["health"]["jobs"]["inQueue"] == 1
