"""A line for every case: as expected, otherwise, or not seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from comfytape_cassettes import Body
from comfytape_contracts.findings import Verdict
from comfytape_contracts.jobs import jobs_of
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode


def case_of(report, name):
    """What ``measurements.cases`` says of a case."""
    return next(case for case in report.measurements["cases"] if case["name"] == name)


def test_the_shipped_suite_holds(held, told):
    """Successes, failures that are meant and edge cases, as a real ComfyUI answered them: each a line, each green."""
    report = held()
    lines = [line for line in report.lines if line.promise.startswith("case ")]
    assert len(lines) == 9
    assert {line.verdict for line in lines} == {Verdict.PASS}
    assert (told(report), report.exit_code) == ([], ExitCode.PASS)
    assert case_of(report, "unknown-node")["ended"] == ["node-missing"]
    assert case_of(report, "odd-prompts")["as_expected"] == 3


def test_cases_do_not_count_as_samples(held):
    """Four jobs of the tape failed because they should: success rate, images and sample count know the samples alone."""
    figures = held().measurements
    assert (figures["jobs"], figures["success_rate"], figures["images"]) == (3, 1.0, 3)


def test_a_success_where_a_failure_was_expected_is_broken(held, told):
    """The finding names the case, what was expected and what came."""
    report = held(input_image={"expects": "node-missing"})
    assert told(report) == [("case-outcome", "error")]
    finding = report.findings[0]
    assert (finding.expected, finding.actual) == ("node-missing", "success")
    assert "case 'input-image', job " in finding.message
    assert report.exit_code is ExitCode.BROKEN


def test_another_failure_than_expected_is_broken(held, told):
    """A missing node is no missing model."""
    report = held(unknown_node={"expects": "model-missing"})
    assert told(report) == [("case-outcome", "error")]
    assert (report.findings[0].expected, report.findings[0].actual) == ("model-missing", "node-missing")


def test_a_failure_where_a_success_was_expected_says_what_to_do(held):
    """The hint is that of the failure."""
    finding = held(unknown_node={"expects": "success"}).findings[0]
    assert finding.hint.startswith("Install the pack")


def test_one_of_several_outcomes_will_do(held, told):
    """Either it works or it is refused: both are fine."""
    report = held(width_of_nothing={"expects": ["success", "validation"]})
    assert told(report) == []
    assert case_of(report, "width-of-nothing")["expects"] == ["success", "validation"]


def test_a_case_that_was_never_recorded_is_unknown(held, told):
    """Added after the recording: never green."""
    report = held(brand_new={"set": {"1": {"value": "never asked"}}})
    assert told(report) == [("case-not-recorded", "error")]
    assert (report.verdict, report.exit_code) == (Verdict.UNKNOWN, ExitCode.UNKNOWN)
    assert case_of(report, "brand-new")["verdict"] == "unknown"


def test_a_case_that_was_edited_since_is_unknown(held, told):
    """The recording shows how the old one ended; the new one is not known."""
    report = held(input_image={"workflow": "workflow.json", "images": [], "set": {"1": {"value": "other"}}})
    assert told(report) == [("case-changed", "error")]
    assert report.exit_code is ExitCode.UNKNOWN


def test_a_case_that_was_removed_is_told_and_counts_nowhere(held, told):
    """Its failing job spoils no success rate."""
    report = held(unknown_node=None)
    assert told(report) == [("case-gone", "info")]
    assert report.measurements["success_rate"] == 1.0


def test_an_imported_recording_is_matched_by_what_was_submitted(held, told, retold):
    """Without the recorder's notes every run finds its job by workflow and images; the rest are samples."""
    report = held(cassette=retold(notes=False))
    assert told(report) == []
    assert {case["recorded"] for case in report.measurements["cases"]} == {1, 2, 3, 4}
    assert report.measurements["jobs"] == 3


def test_a_case_whose_job_never_ended_is_unknown(held, told, retold, tape):
    """Its final answer is not on the tape."""
    job = next(n["job"] for n in tape.provenance.samples if n.get("case") == "input-image")
    last = Tape(tape).numbers and next(j for j in jobs_of(tape.exchanges) if j.id == job).states[-1].exchange

    report = held(cassette=retold(lambda e: None if e.request.url == last.request.url else e))
    assert told(report) == [("job-unfinished", "error")]
    assert report.exit_code is ExitCode.UNKNOWN


def test_a_refused_submission_is_how_a_case_ended(held, told, retold, tape):
    """HTTP 400 to /run is an input that was rejected, though there is no job."""
    note = next(n for n in tape.provenance.samples if n.get("case") == "hub-wrong-input")

    def refuse(exchange):
        if note["job"] in exchange.request.url:
            return None
        if exchange.request.url.endswith("/run") and note["job"] in exchange.response.body.text():
            body = Body.of(json.dumps({"error": "input is no workflow"}).encode())
            return replace(exchange, response=replace(exchange.response, status=400, body=body))
        return exchange

    report = held(cassette=retold(refuse))
    assert told(report) == []
    assert case_of(report, "hub-wrong-input")["ended"] == ["input-rejected"]


def test_the_images_of_a_case_are_held_to_its_own_outputs(held, told):
    """48x32, as the case says and the contract does not."""
    report = held(input_image={"outputs": {"width": 50, "height": 32, "mode": "RGBA", "bits": 16}})
    assert told(report) == [("image-shape", "error")] * 3
    assert {(f.expected, f.actual) for f in report.findings if f.rule == "image-shape"} == {
        (50, 48), ("RGBA", "RGB"), (16, 8),
    }  # fmt: skip


def test_a_case_has_its_own_budget(held, told):
    """One millisecond is too little for any of the four runs; exit code 5, for nothing else is wrong."""
    report = held(sizes_and_strengths={"budgets": {"generation_s": 0.001}})
    assert told(report) == [("budget-case", "error")] * 4
    assert report.exit_code is ExitCode.BUDGET


@pytest.mark.parametrize(("rate", "severity"), [(0.5, "info"), (1.0, "error")])
def test_a_share_of_the_runs_may_be_enough(held, told, retold, rate, severity, tape):
    """One of three runs without output breaks a case only where all must succeed."""
    job = [n["job"] for n in tape.provenance.samples if n.get("case") == "odd-prompts"][1]

    def lose(exchange):
        if f"/status/{job}" not in exchange.request.url:
            return exchange
        said = {k: v for k, v in exchange.response.body.json().items() if k != "output"}
        return replace(exchange, response=replace(exchange.response, body=Body.of(json.dumps(said).encode())))

    report = held(cassette=retold(lose), odd_prompts={"budgets": {"success_rate": rate}})
    assert told(report) == [("case-outcome", severity)]
    assert case_of(report, "odd-prompts")["ended"] == ["result-lost", "success"]
