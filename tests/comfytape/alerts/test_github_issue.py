"""The GitHub issue: one a contract, opened, told of every change, closed; found again by its hidden marker."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

ISSUE = "alerts: {github_issue: true, owner: '@acme/endpoints', report_url: 'https://reports.example/{contract}'}\n"


def only(outcome):
    (delivery,) = outcome.deliveries
    return delivery


def test_the_issue_is_opened_updated_and_closed(place, tell, github):
    """One issue, its body always what is open, its comments what changed."""
    place(ISSUE)
    assert [only(tell(name, at)).failure for at, name in enumerate(["one", "one", "two", "well"])] == [""] * 4
    (issue,) = github.issues.values()
    assert issue["title"] == "comfytape: noise-1024 does not keep its contract"
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert [number for number, _ in github.comments] == [1, 1]
    worse, resolved = (body for _, body in github.comments)
    assert "**WORSE error required-node-missing**" in worse
    assert "new: node 5 SolidMask" in worse
    assert "**RESOLVED error required-node-missing**" in resolved


def test_the_body_names_node_place_next_step_owner_and_report(place, tell, github):
    """The owner is mentioned, the report is a link."""
    place(ISSUE)
    tell("one")
    body = github.issues[1]["body"]
    for part in (
        "`node 6 FeatherMask`",
        "workflow.json:52`",
        "→ The class is ComfyUI",
        "owner: @acme/endpoints",
        "[the report](<https://reports.example/noise-1024>)",
    ):
        assert part in body, part


def test_without_its_state_the_open_issue_is_found_by_its_marker(place, tell, github):
    """A lost cache opens no second issue, not even behind 150 others and a pull request."""
    place(ISSUE)
    tell("one")
    for number in range(150):
        github.add(title=f"other {number}", body=None)
    github.add(title="a pull request", body=github.issues[1]["body"], pull_request={})
    Path("state.json").unlink()
    tell("one", 1)
    assert len(github.issues) == 152
    assert [number for number, _ in github.comments] == [1]


def test_an_issue_that_a_stranger_wrote_is_not_ours(place, tell, github):
    """Anybody may copy the marker; a stranger's issue is neither written to nor closed."""
    place(ISSUE)
    tell("one")
    stolen = github.issues.pop(1)["body"]
    github.add(title="stranger", body=stolen, kind="User", association="NONE")
    Path("state.json").unlink()
    tell("one", 1)
    assert github.comments == []
    assert len(github.issues) == 2


@pytest.mark.parametrize("gone", [{"state": "closed"}, None])
def test_an_issue_that_somebody_closed_or_deleted_is_followed_by_a_new_one(place, tell, github, gone):
    """While the problem goes on, what is new is told where people look."""
    place(ISSUE)
    tell("one")
    if gone is None:
        github.issues[7] = github.issues.pop(1)
        github.issues[7].update(number=7, body="")
    else:
        github.issues[1].update(gone)
    assert not only(tell("two", 1)).failure
    assert [i["state"] for i in github.issues.values()][-1] == "open"
    assert len(github.issues) == 2


def test_resolved_without_an_open_issue_asks_nothing_more(place, tell, github):
    """Somebody closed it already."""
    place(ISSUE)
    tell("one")
    github.issues[1]["state"] = "closed"
    assert not only(tell("well", 1)).failure
    assert github.comments == []


def test_an_issue_is_not_created_twice_after_an_answer_that_was_lost(place, tell, github):
    """A 502 may hide a created issue: it is left to the next run, which looks for it first."""
    place(ISSUE)
    github.plan = [(200, {}, 0), (502, {}, 0)]
    delivery = only(tell("one"))
    assert delivery.failure.startswith("it answered 502")
    assert [method for method, *_ in github.asked] == ["GET", "POST"]
    assert not only(tell("one", 1)).failure
    assert len(github.issues) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_the_secondary_rate_limit_is_waited_for(place, tell, github, status):
    """GitHub says it with 403 or 429 and Retry-After."""
    place(ISSUE)
    github.plan = [(200, {}, 0), (status, {"Retry-After": "0"}, 0), (status, {"Retry-After": "1"}, 0)]
    assert not only(tell("one")).failure
    assert len(github.issues) == 1


def test_a_token_that_may_not_write_is_said(place, tell, github):
    """403 without Retry-After is a refusal."""
    place(ISSUE)
    github.plan = [(403, {}, 0)]
    outcome = tell("one")
    assert only(outcome).failure.startswith("it answered 403 Forbidden")
    assert outcome.exit_code == 3
    github.plan = []
    tell("one", 1)
    github.plan = [(500, {}, 0)] * 9
    assert only(tell("two", 2, deadline_s=1.0)).failure.startswith("it answered 500")


def test_something_that_is_not_github_is_said(place, tell, slack, github, monkeypatch):
    """A proxy's page is no issue."""
    place(ISSUE)
    github.take = lambda *_: (200, {}, b"<html>")
    assert "not JSON: check GITHUB_API_URL" in only(tell("one")).failure


@pytest.mark.parametrize(
    ("name", "value"),
    [("GITHUB_TOKEN", ""), ("GITHUB_REPOSITORY", "acme"), ("GITHUB_API_URL", "http://api.example.org")],
)
def test_what_is_not_set_up_is_found_on_a_quiet_day(place, tell, github, monkeypatch, name, value):
    """Exit code 2 though there is nothing to tell; a token is not sent over plain HTTP."""
    place(ISSUE)
    monkeypatch.setenv(name, value)
    outcome = tell("well")
    assert outcome.exit_code == 2
    assert name in only(outcome).failure
    assert github.asked == []


def test_a_hundred_problems_fit_into_an_issue(place, tell, github, recorded):
    """GitHub's limit is 65,536 characters; the owner and the link stay."""
    place(ISSUE)
    report = copy.deepcopy(recorded["one"])
    report["findings"] = [
        {**report["findings"][0], "rule": f"rule-{number}", "message": "@everybody <b> " * 500} for number in range(100)
    ]
    tell(report)
    body = github.issues[1]["body"]
    assert len(body) <= 65_536
    assert "There is more than fits here" in body
    assert body.endswith("[the report](<https://reports.example/noise-1024>)")
    assert "@everybody" not in body
