"""How jobs end: COMPLETED alone says little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comfytape_cassettes import Body, Exchange, Failure
from comfytape_contracts.findings import Verdict
from comfytape_contracts.jobs import Job
from comfytape_contracts.outputs import spelled_out
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode


@pytest.fixture
def rules(report):
    """The rules that speak against a cassette, the budgets left out."""

    def of(cassette, **keys):
        return [f.rule for f in report(cassette, **keys).findings if not f.rule.startswith("budget-")]

    return of


def image_of(cassette, number):
    """The base64 of the image that a job brought."""
    return spelled_out(Tape(cassette).jobs[number - 1].last.output)["images"][0]["data"]


def test_completed_without_output_is_a_lost_result(with_output, report):
    """A result over the size limit is dropped and the client sees COMPLETED: the finding says so."""
    found = report(with_output(3, without=("output",)))
    lost = next(f for f in found.findings if f.rule == "job-result-lost")
    assert lost.message.startswith("job 3 (")
    assert found.measurements["jobs_succeeded"] == 3
    assert found.exit_code is ExitCode.BROKEN


@pytest.mark.parametrize(
    "output", [{"status": "success_no_images", "images": []}, {"images": []}, {}, "text", {"images": None}]
)
def test_completed_without_images_is_broken(with_output, rules, output):
    """success_no_images, an empty list, and outputs of other shapes are all a job without its image."""
    assert rules(with_output(output=output)) == ["job-no-images"]


def test_no_images_says_what_the_worker_said(with_output, report):
    """The worker's own status is in the message."""
    found = report(with_output(output={"status": "success_no_images", "images": []}))
    assert any("COMPLETED (success_no_images) with 0 image(s), expected 1" in f.message for f in found.findings)


def test_errors_beside_images_are_a_failure(with_output, few, report):
    """Part of the workflow failed and the rest brought an image: the listed errors are the finding."""
    images = [{"filename": "a.png", "type": "base64", "data": image_of(few, 3)}]
    found = report(with_output(output={"images": images, "errors": ["Node 12: disk full"]}))
    beside = next(f for f in found.findings if f.rule == "job-partial-errors")
    assert "Node 12: disk full" in beside.message
    assert beside.actual == ["Node 12: disk full"]
    assert found.exit_code is ExitCode.BROKEN


def test_errors_that_are_one_string_count_too(with_output, few, rules):
    """Not every handler gives a list."""
    images = [{"filename": "a.png", "type": "base64", "data": image_of(few, 3)}]
    assert rules(with_output(output={"images": images, "errors": "disk full"})) == ["job-partial-errors"]


def test_the_legacy_error_status_is_a_failure(with_output, rules):
    """worker-comfyui before 5.0 answered COMPLETED with status error."""
    legacy = {"status": "error", "message": "Image does not exist in the specified output folder"}
    assert rules(with_output(output=legacy)) == ["job-partial-errors", "job-no-images"]


def test_the_legacy_message_is_the_image(with_output, few, rules):
    """worker-comfyui before 5.0 gave the last image as ``message``."""
    assert rules(with_output(3, output={"status": "success", "message": image_of(few, 3)})) == []


def test_an_image_with_a_data_uri_prefix_is_read(with_output, few, rules):
    """``data:image/png;base64,`` in front changes nothing."""
    data = "data:image/png;base64," + image_of(few, 3)
    assert rules(with_output(3, output={"images": [{"filename": "a.png", "type": "base64", "data": data}]})) == []


def test_a_packed_exception_is_unpacked(with_output, report):
    """The SDK packs an exception as JSON in a string; people get type and message."""
    packed = '{"error_type": "<class \'ValueError\'>", "error_message": "no such prompt", "error_traceback": "…"}'
    found = report(with_output(without=("output",), status="FAILED", error=packed))
    failed = next(f for f in found.findings if f.rule == "failure-other")
    assert failed.message.endswith("ended FAILED: <class 'ValueError'>: no such prompt")
    assert failed.actual == "FAILED"


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT"])
def test_a_failure_without_a_word_says_so(with_output, report, status):
    """There is always a sentence."""
    found = report(with_output(without=("output",), status=status))
    assert any(f"ended {status}: no error text" in f.message for f in found.findings)


def test_a_long_error_is_cut_and_on_one_line(with_output, report):
    """A traceback does not fill the screen."""
    found = report(with_output(without=("output",), status="FAILED", error="line\n" * 500))
    message = next(f.message for f in found.findings if f.rule == "failure-other")
    assert len(message) < 500
    assert "\n" not in message


def test_an_error_nested_without_end_is_only_text(with_output, report):
    """A hostile error text is not followed."""
    found = report(with_output(without=("output",), status="FAILED", error="[" * 100_000))
    assert "failure-other" in {f.rule for f in found.findings}


def test_a_cancellation_that_nobody_here_asked_for_is_a_failure(with_output, rules):
    """CANCELLED without a ``/cancel`` on the tape is the endpoint's doing (or another client's)."""
    assert rules(with_output(without=("output",), status="CANCELLED")) == ["failure-cancelled"]


def test_a_job_whose_end_was_not_recorded_is_unknown(with_output, report):
    """Last seen IN_PROGRESS: the verdict is UNKNOWN, for it may have ended well."""
    found = report(with_output(without=("output", "executionTime"), status="IN_PROGRESS"))
    unfinished = next(f for f in found.findings if f.rule == "job-unfinished")
    assert "last seen IN_PROGRESS after" in unfinished.message
    assert (found.verdict, found.exit_code) == (Verdict.UNKNOWN, ExitCode.UNKNOWN)


def test_no_job_at_all_is_unknown(rewritten, report):
    """An inventory alone proves nothing about jobs."""
    found = report(rewritten(lambda e: None if "/v2/" in e.request.url else e))
    assert [f.rule for f in found.findings if f.severity == "error"] == ["no-jobs"]
    assert found.verdict is Verdict.UNKNOWN


def runs(cassette):
    """The submissions of a cassette."""
    return [e for e in cassette.exchanges if e.request.url.endswith("/run")]


def test_a_refusal_that_was_made_good_does_not_count(few, saying, retold, report):
    """A 429 whose job was accepted at the next try is not held against the endpoint."""
    first = runs(few)[0]
    refused = replace(saying(first, b"slow down", 429), times=((first.started_ms - 5, 1.0),))
    assert report(retold(few, before=[refused])).findings == []


@pytest.mark.parametrize(
    ("status", "body"), [(401, b""), (429, b""), (200, b"<html>login</html>"), (200, b'{"error": "x"}')]
)
def test_a_refusal_that_nothing_made_good_is_unknown(rewritten, few, saying, rules, status, body):
    """401, 429, a proxy's page with status 200: the job was not accepted, whatever the status says."""
    wanted = runs(few)[3]
    job = wanted.response.body.json()["id"]

    def changed(exchange):
        if exchange is wanted:
            return saying(exchange, body, status)
        return None if job in exchange.request.url else exchange

    assert rules(rewritten(changed, source=few)) == ["job-refused"]


def test_requests_without_an_answer_are_unknown(few, retold, report, only):
    """A connection that was refused at the end says nothing about promises."""
    when = (max(e.last_ms for e in few.exchanges) + 1000, 3.0)
    lost = Failure("GET", "http://127.0.0.1:8900/v2/comfy/health", "connection refused", when)
    found = report(retold(few, failures=[lost]))
    assert "connection refused" in only(found, "endpoint-unreachable").message
    assert found.exit_code is ExitCode.UNKNOWN


def test_a_failed_request_that_a_later_one_made_good_does_not_count(few, retold, report):
    """A reset poll followed by a good one is the network's, not the endpoint's."""
    reset = Failure("GET", runs(few)[0].request.url.replace("/run", "/health"), "connection reset", (0.0, 3.0))
    assert report(retold(few, failures=[reset])).findings == []


def test_an_image_that_is_no_base64_is_unreadable(with_output, report, only):
    """What does not decode is named with the reason."""
    output = {"images": [{"filename": "a.png", "type": "base64", "data": "not base64!"}]}
    assert "its base64 does not decode" in only(report(with_output(output=output)), "image-unreadable").message


def test_an_image_in_letters_that_are_not_ascii_is_unreadable(with_output, report, only):
    """Foreign text never ends in a traceback."""
    output = {"images": [{"filename": "a.png", "type": "base64", "data": "bäse64"}]}
    only(report(with_output(output=output)), "image-unreadable")


@pytest.mark.parametrize("image", [3, {}, {"data": 5}, None])
def test_an_image_of_another_shape_is_unreadable(with_output, report, image):
    """An entry of ``images`` that is no image says what was expected."""
    found = report(with_output(output={"images": [image]}))
    assert [f.rule for f in found.findings] == ["image-unreadable"]
    assert "expected an object with filename, type and data" in found.findings[0].message


def test_no_job_or_request_is_compared_with_all_the_others(few, report, monkeypatch):
    """Ten thousand exchanges would be a hundred million comparisons."""

    def compared(one, other):
        raise AssertionError(f"{type(one).__name__} was compared")

    for kind in (Exchange, Job, Body):
        monkeypatch.setattr(kind, "__eq__", compared)
    assert report(few).measurements["jobs_succeeded"] == 4
