"""An address that does not answer as it should: each reason has its own name."""

from __future__ import annotations

import pytest

from comfytape_contracts.diagnosis import Asked, diagnose

JOBS = "https://api.runpod.ai/v2/ep1"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("the host name does not resolve (DNS)", "address-dns"),
        ("TLS: certificate verify failed", "address-tls"),
        ("connection refused: nothing listens there", "address-refused"),
        ("no connection within 3 s", "address-timeout"),
        ("no byte came for 3 s", "address-timeout"),
        ("no answer before the deadline of 4 s", "address-timeout"),
        ("connection reset by the server", "address-no-answer"),
    ],
)
def test_a_request_without_an_answer_is_told_apart_by_its_words(said, words, rule):
    """Wrong name, wrong certificate, closed port and time-out are four different mistakes; none says FAIL."""
    found = diagnose(said.failed(f"{JOBS}/health", words))
    assert [c.rule.id for c in found.causes] == [rule]
    assert words in found.causes[0].evidence
    assert (found.verdict, found.exit_code) == ("unknown", 3)


@pytest.mark.parametrize(
    ("status", "body", "how", "rule", "code"),
    [
        (401, "", {}, "key-refused", 2),
        (403, "", {}, "key-refused", 2),
        (401, "", {"key": ""}, "key-missing", 2),
        (404, {"error": "endpoint not found"}, {}, "endpoint-unknown", 2),
        (404, {"message": "Not Found"}, {}, "base-url-wrong", 2),
        (400, {"error": "not allowed for QB API"}, {}, "endpoint-load-balancer", 2),
        (200, {"detail": "hello"}, {}, "endpoint-not-runpod", 2),
        (307, "", {"headers": {"Location": "http://127.0.0.1:9/x"}}, "endpoint-not-runpod", 2),
        (204, {}, {}, "endpoint-not-runpod", 2),
        (418, {}, {}, "endpoint-not-runpod", 2),
        (429, "", {"headers": {"Retry-After": "12"}}, "rate-limited", 3),
        (500, "Internal Server Error", {"kind": "text/plain"}, "server-error", 3),
        (502, "<html><title>Bad gateway</title></html>", {"kind": "text/html"}, "proxy-page", 3),
        (200, "<!DOCTYPE html><title>Sign in</title>", {"kind": "text/plain"}, "proxy-page", 3),
    ],
)
def test_a_wrong_answer_is_told_apart(said, status, body, how, rule, code):
    """Key, id, base URL and kind of endpoint are our own configuration (2); a proxy or an overload is nobody's (3)."""
    found = diagnose(said.get(f"{JOBS}/health", body, status=status, **how))
    assert [c.rule.id for c in found.causes] == [rule]
    assert found.exit_code == code
    assert found.verdict == "unknown"


def test_the_title_of_a_page_is_evidence(said):
    """Which proxy answered is often in the page's title."""
    found = diagnose(said.get(f"{JOBS}/health", "<html><TITLE>Just a\n moment</TITLE>", status=403, kind="text/html"))
    assert "titled 'Just a moment'" in found.causes[0].evidence


def test_the_management_host_is_a_wrong_base_url_for_certain(said):
    """api.runpod.io has a /v2 as well, and knows no jobs."""
    found = diagnose(said.get("https://api.runpod.io/v2/ep1/run", {"message": "Not Found"}, status=404))
    assert (found.causes[0].rule.id, found.causes[0].confidence) == ("base-url-wrong", "certain")


def test_an_endpoint_that_only_the_management_api_knows_speaks_for_a_wrong_base_url(said):
    """404 from one and 200 from the other: the id is right."""
    found = diagnose(said.config().get(f"{JOBS}/health", "", status=404))
    assert found.causes[0].rule.id == "base-url-wrong"


def test_an_id_that_nobody_knows_is_wrong_for_certain(said):
    """Two services that do not know it, and the variable to correct."""
    said.get("https://api.runpod.io/v2/serverless/ep1", {"title": "Not Found"}, status=404)
    said.get(f"{JOBS}/health", "", status=404)
    found = diagnose(said, asked=Asked(endpoint="ep1", variable="RUNPOD_ENDPOINT_ID"))
    assert found.causes[0].confidence == "certain"
    assert "RUNPOD_ENDPOINT_ID" in found.causes[0].next_step


def test_a_load_balancer_is_seen_by_its_type_even_when_health_answers(said):
    """/health works for load balancers too."""
    found = diagnose(said.health(ready=1).config(type="LOAD_BALANCER"))
    assert found.causes[0].rule.id == "endpoint-load-balancer"


def test_a_refusal_that_was_made_good_later_is_no_cause(said):
    """One 502 among good answers is a moment's trouble."""
    said.get(f"{JOBS}/health", "<html>", status=502, kind="text/html").health(ready=1)
    assert not [c for c in diagnose(said).causes if c.rule.id == "proxy-page"]


def test_a_base_url_of_an_unusual_form_is_still_read(said):
    """Without /v2 the URL alone does not say what was asked; where the question went does."""
    asked = Asked(endpoint="ep1", base_url="http://gateway.test/runpod")
    said.get("http://gateway.test/runpod/ep1/health", {"message": "Not Found"}, status=404)
    assert diagnose(said, asked=asked).causes[0].rule.id == "base-url-wrong"


def test_real_refusals_name_the_key_first(imported):
    """One real recording with 401, 404, 429, 500 and 502: our own mistakes come before those of others."""
    found = diagnose(imported("runpod-refusals.har"))
    assert [c.rule.id for c in found.causes] == [
        "key-refused", "endpoint-unknown", "proxy-page", "rate-limited", "server-error",
    ]  # fmt: skip
    assert found.exit_code == 2


def test_only_the_endpoint_that_was_asked_for_is_diagnosed(imported):
    """A recording may hold several."""
    found = diagnose(imported("runpod-refusals.har"), endpoint="nosuch")
    assert [c.rule.id for c in found.causes] == ["endpoint-unknown"]


def test_a_job_that_is_not_known_says_nothing_of_the_endpoint(said):
    """404 of /status is about the job."""
    found = diagnose(said.get(f"{JOBS}/status/nosuch", {"error": "job not found"}, status=404))
    assert not [c for c in found.causes if c.rule.family == "endpoint" and c.weight == "error"]


def test_a_comfyui_below_a_path_is_read(said):
    """Behind a proxy its routes do not begin at the root."""
    asked = Asked(comfyui_url="http://proxy.test/comfy")
    said.get("http://proxy.test/comfy/system_stats", {"system": {"comfyui_version": "0.10.0"}})
    assert "ComfyUI 0.10.0" in diagnose(said, asked=asked).lines[0].evidence
