"""The journal: what was asked, what was missed, what nobody asked for; as JSON, as a page, and to verify."""

from __future__ import annotations

import pytest

from comfytape_replayer.journal import Journal


def test_it_lists_requests_misses_and_what_is_unused(noise_client, noise_workflows):
    """One job, one miss: nine recorded jobs are left."""
    noise_client.run(noise_workflows[0])
    noise_client.get("/modles")
    said = noise_client.get("/__comfytape__/journal").json()
    assert [(r["method"], r["path"], r["status"]) for r in said["requests"]] == [
        ("POST", "/v2/any/run", 200),
        ("GET", "/modles", 404),
    ]
    assert [miss["nearest"] for miss in said["misses"]] == ["GET /models"]
    assert len([words for words in said["unused"] if words.startswith("job ")]) == 9
    assert "GET /object_info" in said["unused"]
    assert (said["count"], said["missed"]) == (2, 1)


def test_the_page_shows_the_same_to_people(noise_client):
    """What a client sent is shown as text, never as markup."""
    noise_client.get("/<script>alert(1)</script>")
    answer = noise_client.get("/__comfytape__/")
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<script>alert" not in answer.body
    assert b"&lt;script&gt;alert" in answer.body


@pytest.mark.parametrize(
    ("query", "status", "seen"),
    [
        ("path=/queue", 200, 2),
        ("path=/queue&times=2", 200, 2),
        ("path=/queue&times=1", 409, 2),
        ("path=/q*&method=GET", 200, 2),
        ("path=/queue&method=POST", 409, 0),
        ("path=/models&times=0", 200, 0),
        ("path=/models", 409, 0),
    ],
)
def test_requests_can_be_verified(noise_client, query, status, seen):
    """200 when they were made as said, 409 when not; times=0 says never."""
    for _ in range(2):
        noise_client.get("/queue")
    answer = noise_client.get(f"/__comfytape__/verify?{query}")
    assert (answer.status, answer.json()["seen"]) == (status, seen)


def test_verify_needs_a_number(noise_client):
    """times=often is a mistake, not a verdict."""
    assert noise_client.get("/__comfytape__/verify?times=often").status == 400


def test_it_can_be_reset(danrisi_client, danrisi_workflows):
    """Requests and turns begin anew: an unknown seed gets the first recorded job again."""
    other = {**danrisi_workflows[0], "10": {**danrisi_workflows[0]["10"]}}
    other["10"]["inputs"] = {**other["10"]["inputs"], "seed": 1}
    body = {"input": {"workflow": other}}
    first = danrisi_client.post("/v2/any/runsync", body).json()["output"]
    danrisi_client.post("/__comfytape__/reset")
    assert danrisi_client.get("/__comfytape__/journal").json()["count"] == 0
    assert danrisi_client.post("/v2/any/runsync", body).json()["output"] == first


def test_an_unknown_page_names_those_that_exist(noise_client):
    """The journal's own paths are no recordings."""
    answer = noise_client.get("/__comfytape__/jurnal")
    assert (answer.status, "journal, verify" in answer.json()["error"]) == (404, True)
    assert noise_client.get("/__comfytape__/journal").json()["count"] == 0


def test_a_long_life_costs_no_memory():
    """The last ten thousand requests are kept, each path cut short; all are counted."""
    journal = Journal()
    for _ in range(10_050):
        journal.note("GET", "/" + "x" * 1000, 200)
    assert journal.count == 10_050
    assert len(journal.served) == 10_000
    assert len(journal.served[0].path) == 300
