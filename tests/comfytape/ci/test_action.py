"""The action's own steps, run in a fresh clone of a repository that has only contracts and cassettes.

The runner here does with ``action.yml`` what GitHub's does, for the steps that are scripts; a step with ``uses`` is noted
with its inputs, not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
import yaml

from comfytape_cassettes import Cassette
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[3]
TAPE = "z-image-danrisi"


@dataclass
class Run:
    """What a run of the action left behind."""

    outcome: str
    outputs: dict
    log: str
    summary: str
    used: list = field(default_factory=list)
    ran: list = field(default_factory=list)


class Runner:
    """Runs an action in a workspace; ``temp`` is ``RUNNER_TEMP``, kept from run to run as within a job."""

    def __init__(self, action: Path, temp: Path, environment=None):
        self.action, self.temp = action, temp
        self.document = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        self.extra = environment or {}

    def run(self, workspace: Path, token="", **inputs):
        """Run all steps as GitHub does: after a failed one only those that ask for it."""
        names = {name.replace("-", "_") for name in self.document["inputs"]}
        assert set(inputs) <= names, f"the action has no input {set(inputs) - names}"
        values = {
            name: inputs.get(name.replace("-", "_"), spec.get("default", ""))
            for name, spec in self.document["inputs"].items()
        }
        values = {name: token if value == "${{ github.token }}" else value for name, value in values.items()}
        scope = {"inputs": values, "steps": {}}
        run = Run("success", {}, "", "")
        summary = self.temp / "summary.md"
        summary.write_text("")
        for number, step in enumerate(self.document["runs"]["steps"]):
            condition = str(step.get("if", ""))
            due = run.outcome == "success" if "cancelled()" not in condition else True
            if not due or (condition and not self.holds(condition, scope)):
                continue
            if "uses" in step:
                run.used.append((step["uses"], {k: self.text(v, scope) for k, v in step.get("with", {}).items()}))
                continue
            assert "${{" not in step["run"], "an expression in a script is a template injection"
            output = self.temp / f"output-{number}"
            output.write_text("")
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=workspace,
                env=self.environment(workspace, output, summary)
                | {name: self.text(value, scope) for name, value in step.get("env", {}).items()},
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            run.ran.append(step["name"])
            run.log += done.stdout + done.stderr
            lines = (line.partition("=") for line in output.read_text().splitlines())
            scope["steps"][step.get("id", str(number))] = {name: value for name, _, value in lines}
            if done.returncode:
                run.outcome = "failure"
        run.summary = summary.read_text(encoding="utf-8")
        run.outputs = {name: self.text(spec["value"], scope) for name, spec in self.document["outputs"].items()}
        return run

    def environment(self, workspace, output, summary):
        """What GitHub sets for a step, and nothing of the shell that the tests run in but what a machine has."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG") or k.startswith("COV")}
        return (
            kept
            | {
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_JOB": "check",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_REPOSITORY": "owner/name",
                "GITHUB_RUN_ID": "77",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKFLOW": "contracts",
                "GITHUB_WORKSPACE": str(workspace),
                "RUNNER_TEMP": str(self.temp),
            }
            | self.extra
        )

    def text(self, value, scope):
        """A value with its expressions put in."""
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: str(self.look_up(found[1], scope)), str(value))

    def look_up(self, name, scope):
        """``inputs.NAME`` or ``steps.ID.outputs.NAME``; "" where nothing set it."""
        kind, _, rest = name.partition(".")
        if kind == "inputs":
            return scope["inputs"][rest]
        step, outputs, output = rest.split(".")
        assert (kind, outputs) == ("steps", "outputs"), name
        return scope["steps"].get(step, {}).get(output, "")

    def holds(self, condition, scope):
        """Whether a condition of ``&&``-joined comparisons holds."""
        inner = re.fullmatch(r"\$\{\{\s*(.+?)\s*\}\}", condition)[1]
        return all(self.compares(part.strip(), scope) for part in inner.split("&&"))

    def compares(self, part, scope):
        if part == "!cancelled()":
            return True
        name, sign, value = re.fullmatch(r"(\S+) (==|!=) '(.*)'", part).groups()
        return (self.look_up(name, scope) == value) is (sign == "==")


@pytest.mark.parametrize(
    ("contract", "outcome", "verdict", "code", "errors"),
    [
        ("holds", "success", "pass", "0", "0"),
        ("broken", "failure", "fail", "1", "2"),
        ("slow", "failure", "fail", "5", "1"),
    ],
)
def test_verdict_outputs_summary_and_artifacts(clone, temp, contract, outcome, verdict, code, errors):
    """A pass, a broken promise and an exceeded budget: outputs, annotations, summary and artifact say the same."""
    run = Runner(ROOT, temp).run(clone, contracts=contract, cassette=TAPE, reports="junit sarif")
    assert run.outcome == outcome, run.log
    assert (run.outputs["verdict"], run.outputs["exit-code"], run.outputs["errors"]) == (verdict, code, errors)
    assert f"{verdict.upper()} `{contract}`" in run.summary
    assert ("::error file=contracts/" in run.log) is (verdict == "fail")
    kept = [inputs for uses, inputs in run.used if uses.startswith("actions/upload-artifact@")]
    assert [inputs["name"] for inputs in kept] == ["comfytape-report"]
    files = {path.name for path in (clone / kept[0]["path"]).iterdir()}
    assert files == {"comment.md", "report.json", "report.junit.xml", "report.sarif"}
    assert json.loads((clone / kept[0]["path"] / "report.json").read_text())["verdict"] == verdict


def test_one_contract_without_recording_does_not_hide_the_others(clone, temp):
    """What cannot be looked at is UNKNOWN by itself; nothing is green for want of a recording."""
    run = Runner(ROOT, temp).run(clone, contracts="holds", reports="html")
    assert (run.outcome, run.outputs["verdict"]) == ("failure", "unknown")
    assert "there is no cassette 'holds'" in run.log
    assert "there is no cassette" in (clone / "comfytape-report" / "report.html").read_text(encoding="utf-8")


def test_live_records_then_checks_and_keeps_the_recording(clone, temp):
    """Live mode against an endpoint: the recording is new, is what was checked, and becomes an artifact."""
    with ReplayServer([Cassette.open(ROOT / "cassettes" / TAPE)]) as server:
        live = {
            "RUNPOD_ENDPOINT_BASE_URL": f"{server.url}/v2",
            "RUNPOD_ENDPOINT_ID": "any",
            "RUNPOD_API_KEY": "rpa_" + "TESTKEY0123456789",
            "COMFYUI_URL": server.url,
            "RUNPOD_REST_V2_API_URL": "http://127.0.0.1:9/v2",
        }
        run = Runner(ROOT, temp, live).run(clone, contracts="holds", mode="live", samples="1", reports="junit")
    assert run.outputs["cassettes"] == "comfytape-recorded"
    assert (clone / "comfytape-recorded" / "holds" / "cassette.json").is_file(), run.log
    assert "at least 10 sample(s)" in run.log
    names = [inputs["name"] for uses, inputs in run.used if uses.startswith("actions/upload-artifact@")]
    assert names == ["comfytape-report", "comfytape-report-recordings"]


def test_an_alert_goes_out_once(clone, temp):
    """What the contract's channels are told of a broken promise, and nothing the second time."""
    path = clone / "contracts" / "slow" / "contract.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\nalerts: {channels: [{slack: HOOK}]}\n", encoding="utf-8")
    with HTTPServer(("127.0.0.1", 0), Hook) as receiver:
        Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        runner = Runner(ROOT, temp, {"HOOK": f"http://127.0.0.1:{receiver.server_port}/hook"})
        for _ in range(2):
            run = runner.run(clone, contracts="slow", cassette=TAPE, reports="", artifact="", alert="true")
            assert run.outputs["verdict"] == "fail", run.log
        receiver.shutdown()
    assert len(Hook.told) == 1, run.log
    assert b"generating an image took" in Hook.told[0]


class Hook(BaseHTTPRequestHandler):
    """Takes what a webhook is told."""

    told: ClassVar[list] = []

    def do_POST(self):
        self.told.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        """Nothing on the terminal."""


def test_live_without_an_endpoint_is_unknown(clone, temp):
    """A recording that did not come about leaves no verdict about an old one."""
    run = Runner(ROOT, temp).run(clone, contracts="holds", mode="live", reports="junit")
    assert (run.outcome, run.outputs["verdict"], run.outputs["exit-code"]) == ("failure", "unknown", "2")
    assert "no endpoint to record" in run.log


def test_the_pull_request_gets_a_comment(clone, temp, hub, event):
    """The comment is the job's report, and where its artifacts are; the token is in no other step."""
    runner = Runner(ROOT, temp, {"GITHUB_API_URL": hub.url, "GITHUB_EVENT_PATH": str(event)})
    run = runner.run(clone, token="t0ken", contracts="slow", cassette=TAPE, reports="", artifact="", comment="true")
    assert "commented https://github.com/owner/name/pull/5#issuecomment-100" in run.log
    (comment,) = hub.comments
    assert comment["body"].startswith("<!-- comfytape: contracts/check -->\n### ❌ FAIL `slow`")
    assert "https://github.com/owner/name/actions/runs/77" in comment["body"]
    assert {authorization for _, _, authorization in hub.asked} == {"Bearer t0ken"}
    assert not [uses for uses, _ in run.used if "upload-artifact" in uses]
