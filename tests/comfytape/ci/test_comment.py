"""`comfytape ci comment`: one comment a job, and plain words where GitHub does not take it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from comfytape.ci.api import Repository
from comfytape.ci.comment import comment_text, marker_of
from comfytape.cli.main import cli
from comfytape_cassettes import UnreachableError, UsageError


@pytest.fixture
def comment(hub, event, tmp_path):
    """Run the command over a body, as a step of a pull request's job."""

    def run(body="PASS", **environment):
        (tmp_path / "comment.md").write_text(body, encoding="utf-8")
        job = {"GITHUB_API_URL": hub.url, "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "owner/name"}
        job |= {"GITHUB_TOKEN": "t", "GITHUB_WORKFLOW": "w", "GITHUB_JOB": "j"}
        return CliRunner().invoke(cli, ["ci", "comment", "--into", str(tmp_path)], env=job | environment)

    return run


def test_the_second_run_writes_over_the_first(comment, hub):
    """One comment a job, found behind a full page of others; a look-alike that a person wrote stays as it is."""
    hub.comment("<!-- comfytape: w/j --> mine", kind="User")
    for number in range(120):
        hub.comment(f"remark {number}")
    assert comment("first").output == comment("second").output
    assert [c["body"] for c in hub.comments if "comfytape" in c["body"]] == [
        "<!-- comfytape: w/j --> mine",
        "<!-- comfytape: w/j -->\nsecond",
    ]


def test_two_jobs_have_two_comments(comment, hub):
    """Jobs that share a workflow do not write over each other."""
    comment("one")
    comment("two", GITHUB_JOB="other")
    assert len(hub.comments) == 2


def test_a_token_that_may_only_read_leaves_a_warning(comment, hub):
    """A fork's pull request: the missing comment is said, and no failure of its own."""
    hub.refuses.append((403, {"message": "Resource not accessible by integration"}))
    done = comment()
    assert done.exit_code == 0
    assert done.output.startswith("::warning title=comfytape::no comment: GitHub refused GET /issues/5/comments")
    assert "Resource not accessible by integration" in done.output
    assert "a pull request from a fork never has it" in done.output


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_API_URL": "ftp://x"}, "GITHUB_API_URL is 'ftp://x'"),
        ({"GITHUB_EVENT_PATH": ""}, "does not run for a pull request"),
    ],
)
def test_what_is_missing_is_named(comment, environment, words):
    """No token, no address, no pull request: each in its own words."""
    done = comment(**environment)
    assert words in done.output
    assert done.exit_code == 0


def test_a_step_before_its_time(hub, event, tmp_path):
    """Without a report there is nothing to comment: exit code 2, and what to run first."""
    done = CliRunner().invoke(cli, ["ci", "comment", "--into", str(tmp_path)], env={"GITHUB_EVENT_PATH": str(event)})
    assert done.exit_code == 2
    assert "comfytape ci run" in done.output


def test_an_event_that_is_no_json(tmp_path):
    """A damaged event file is named."""
    path = tmp_path / "event.json"
    path.write_text("{")
    done = CliRunner().invoke(cli, ["ci", "comment"], env={"GITHUB_EVENT_PATH": str(path)})
    assert (done.exit_code, "cannot be read" in done.output) == (2, True)


def test_an_answer_that_fails_is_asked_for_again(hub):
    """A 502 is passing; a redirect is followed nowhere, for the token would go with it."""
    repository = Repository(hub.url, "owner/name", "t", pause_s=0.01)
    hub.refuses += [(502, "bad gateway"), (200, "no json")]
    assert repository.call("GET", "/issues/5/comments?per_page=100&page=1") == []
    hub.refuses.append((302, ""))
    with pytest.raises(UsageError, match="302"):
        repository.call("GET", "/issues/5/comments?per_page=100&page=1")
    hub.refuses.append((502, "bad gateway"))
    with pytest.raises(UnreachableError, match="POST"):
        repository.call("POST", "/issues/5/comments", {"body": "once"})
    assert hub.comments == []


def test_a_marker_closes_nothing():
    """A workflow's name is text: it cannot end the HTML comment and begin another."""
    assert marker_of({"GITHUB_WORKFLOW": "a --> <b>", "GITHUB_JOB": "j"}) == "<!-- comfytape: a b /j -->"


def test_too_long_a_comment_is_refused_with_its_length():
    """GitHub takes 65,536 characters."""
    with pytest.raises(UsageError, match="65538 characters"):
        comment_text("x" * 65_536, "m", {})
