"""``--comfytape-contracts``: each promise of a contract is a test."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_each_promise_is_an_item(run):
    """A contract that holds is green, promise by promise."""
    result = run("", "--comfytape-contracts", "contracts/noise-1024", "-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*contract.yaml::noise-1024:*PASSED*"])
    assert result.parseoutcomes()["passed"] > 5


def test_a_broken_promise_fails_with_its_findings(run):
    """The failure text is the finding and its hint, not a traceback."""
    result = run("", "--comfytape-contracts", "contracts/z-image-danrisi")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*FAIL: *generat*", "*error *: generating an image took 36.4 s*", "*→ *"])
    assert "Traceback" not in result.stdout.str()


def test_they_run_beside_other_tests(run):
    """One run has both."""
    result = run(
        "def test_it(): pass", "test_they_run_beside_other_tests.py", "--comfytape-contracts", "contracts/noise-1024"
    )
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] > 6


def test_a_contract_without_a_recording_is_an_error(run, project):
    """Nothing examined is never green."""
    (project.path / "cassettes" / "noise-1024").unlink()
    result = run("", "--comfytape-contracts", "contracts/noise-1024")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*there is no cassette at*"])


def test_a_folder_that_is_not_there_is_refused(run):
    """Exit code 4, as pytest's other usage errors."""
    result = run("", "--comfytape-contracts", "nowhere")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--comfytape-contracts nowhere: there is no such folder*"])


def test_contracts_are_left_alone_without_the_option(run):
    """A contract.yaml is nobody's test by itself."""
    run("def test_it(): pass").assert_outcomes(passed=1)


def test_each_case_is_an_item(run, project):
    """A suite's cases are tests beside its promises; one that ends otherwise fails with what was expected and got."""
    for room in ("cassettes", "contracts"):
        shutil.copytree(ROOT / room / "noise-cases", project.path / room / "noise-cases")
    contract = project.path / "contracts" / "noise-cases" / "contract.yaml"
    contract.write_text(contract.read_text().replace("expects: validation", "expects: out-of-memory"))
    result = run("", "--comfytape-contracts", "contracts/noise-cases", "-v")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*case 'unknown-node' ends in node-missing PASSED*", "*case-outcome: case 'width-of-nothing', job *"]
    )
    assert result.parseoutcomes()["failed"] == 1
