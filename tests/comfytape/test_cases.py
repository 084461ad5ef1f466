"""Cases as people meet them: the plan, the lines, the reports, the recording made again from a replay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[2]
KEY = "rpa_" + "TESTKEY0123456789"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the shipped suite and its recording."""
    for room in ("contracts", "cassettes"):
        shutil.copytree(ROOT / room / "noise-cases", tmp_path / room / "noise-cases")
    monkeypatch.chdir(tmp_path)
    for name in ("RUNPOD_ENDPOINT_COMFYUI", "RUNPOD_ENDPOINT_ID", "RUNPOD_API_KEY", "COMFYUI_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(project):
    """Run a command in this process."""
    return lambda *arguments, **environment: CliRunner().invoke(cli, list(arguments), env=environment)


def test_a_dry_run_shows_every_job_and_what_they_cost(run):
    """No key, no endpoint, nothing sent: 3 samples and 15 runs of cases, priced by what earlier jobs took."""
    result = run("record", "noise-cases", "--dry-run")
    assert result.exit_code == 0
    assert "18 jobs: 3 samples, 15 of cases. Nothing was sent." in result.output
    assert "case sizes-and-strengths: 4 job(s), 2 sizes x 2 ImageAddNoise.strength, expects success" in result.output
    assert "32x32, ImageAddNoise.strength 0.6" in result.output
    assert "cost: about 0.00" in result.output
    assert "(median of 18 recorded jobs) at 0.00031 USD a second" in result.output


def test_a_dry_run_without_a_recording_goes_by_the_budget_or_says_that_it_cannot(run, project):
    """A price and a time are needed; the one that is missing is named."""
    shutil.rmtree(project / "cassettes")
    assert (
        "cost: not known, no earlier recording and no budgets.generation_s"
        in run("record", "noise-cases", "--dry-run").output
    )
    path = project / "contracts" / "noise-cases" / "contract.yaml"
    text = path.read_text()
    path.write_text(text.replace("samples: 3}", "samples: 3, generation_s: 10}"))
    assert "18 jobs of 10.0 s (budgets.generation_s)" in run("record", "noise-cases", "--dry-run").output
    path.write_text(text.replace("cost: {usd_per_second: 0.00031}", ""))
    assert "the contract has no price" in run("record", "noise-cases", "--dry-run").output


def test_one_case_is_planned_by_name(run):
    """Without samples, unless they are asked for; a wrong name suggests the nearest."""
    assert "1 jobs: 0 samples, 1 of cases" in run("record", "noise-cases", "--dry-run", "--case", "unknown-node").output
    both = run("record", "noise-cases", "--dry-run", "--case", "unknown-node", "--samples", "2")
    assert "3 jobs: 2 samples, 1 of cases" in both.output
    wrong = run("record", "noise-cases", "--dry-run", "--case", "unknown-nod")
    assert (wrong.exit_code, "did you mean 'unknown-node'?" in wrong.output) == (2, True)


def test_the_suite_is_recorded_from_its_own_replay(run, project):
    """Record against the replayed recording, check the new one: every case ends as it did, offline."""
    with ReplayServer([Cassette.open(project / "cassettes" / "noise-cases")]) as server:
        recorded = run("record", "noise-cases", "--into", "again", "--concurrency", "4", "--scoped",
                       RUNPOD_ENDPOINT_BASE_URL=f"{server.url}/v2", RUNPOD_ENDPOINT_ID="any", RUNPOD_API_KEY=KEY,
                       COMFYUI_URL=server.url)  # fmt: skip
    assert recorded.exit_code == 0, recorded.output
    assert "3 of 3 samples COMPLETED, 15 of 15 jobs of cases ended" in recorded.output
    checked = run("check", "noise-cases", "--cassette", "again/noise-cases", "--json")
    document = json.loads(checked.output)
    assert {case["verdict"] for case in document["measurements"]["cases"]} == {"pass"}
    assert len(document["measurements"]["cases"]) == 9


def test_cases_are_lines_and_test_cases(run, project):
    """Terminal, JUnit and HTML name each case; its list of figures is for JSON alone."""
    result = run(
        "check", "noise-cases", "--report", "junit=j.xml", "--report", "html=r.html", "--report", "markdown=m.md"
    )
    assert "pass case 'unknown-node' ends in node-missing · FAILED: Cannot execute because" in result.output
    suite = ET.parse(project / "j.xml").getroot()[0]
    assert "case 'odd-prompts' ends in success" in {case.get("name") for case in suite.iter("testcase")}
    assert "cases" not in {item.get("name") for item in suite.iter("property")}
    page = (project / "r.html").read_text()
    assert "case &#39;odd-prompts&#39; ends in success" in page
    assert "&#39;as_expected&#39;" not in page + (project / "m.md").read_text()


def test_a_wrong_expectation_is_a_failure_everywhere(run, project):
    """The finding names the case, what was expected and what came; exit code 1."""
    path = project / "contracts" / "noise-cases" / "contract.yaml"
    path.write_text(path.read_text().replace("expects: model-missing", "expects: out-of-memory"))
    result = run("check", "noise-cases", "--report", "junit=j.xml")
    assert result.exit_code == 1
    assert "case 'absent-model', job " in result.output
    assert "expected out-of-memory, got model-missing" in result.output
    assert 'type="case-outcome"' in (project / "j.xml").read_text()
