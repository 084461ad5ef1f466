"""Receivers that are slow, full, broken or silent; and messages that hold to their rules."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from comfytape.alerts.channels import type_of
from comfytape.alerts.message import Message

SLACK = "alerts: {channels: [{slack: SLACK_WEBHOOK_URL}]}\n"
APPRISE = "alerts: {channels: [{apprise: ONCALL_URL}]}\n"
ROOT = Path(__file__).parents[3]


def only(outcome):
    (delivery,) = outcome.deliveries
    return delivery


def test_a_429_is_waited_for_as_long_as_it_asks(place, tell, slack, seconds):
    """Retry-After in seconds; then the message is there, once."""
    place(SLACK)
    slack.plan = [(429, {"Retry-After": "1"}, 0)]
    assert not only(tell("one")).failure
    assert seconds() >= 1
    assert len(slack.messages) == 1


def test_a_429_may_name_a_date(place, tell, slack):
    """A date that has passed is no wait at all."""
    place(SLACK)
    slack.plan = [(429, {"Retry-After": format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)}, 0)]
    assert not only(tell("one")).failure


def test_a_429_that_asks_for_longer_than_there_is_time_is_a_failure_at_once(place, tell, slack, seconds):
    """Nobody waits an hour in CI; the reason says who asks for how long."""
    place(SLACK)
    slack.plan = [(429, {"Retry-After": "3600"}, 0)]
    failure = only(tell("one", deadline_s=5.0)).failure
    assert failure.startswith("it answered 429 Too Many Requests")
    assert "it asks to wait 3600 s" in failure
    assert seconds() < 4


def test_a_500_is_tried_again(place, tell, slack):
    """Twice broken, then well."""
    place(SLACK)
    slack.plan = [(500, {}, 0), (503, {}, 0)]
    assert not only(tell("one")).failure
    assert len(slack.asked) == 3


@pytest.mark.parametrize(("status", "said"), [(400, "400 Bad Request"), (302, "302 Found")])
def test_what_no_repetition_changes_is_not_repeated(place, tell, slack, status, said):
    """A refusal, and a redirect: a message is not carried to another host."""
    place(SLACK)
    slack.plan = [(status, {"Location": "http://127.0.0.1:1/"}, 0)]
    assert only(tell("one")).failure.startswith(f"it answered {said}")
    assert len(slack.asked) == 1


def test_a_receiver_that_never_answers_costs_its_share_of_the_deadline(place, tell, slack, second, seconds):
    """The other channel is told all the same."""
    place("alerts: {channels: [{slack: SLACK_WEBHOOK_URL}, {slack: SECOND_WEBHOOK_URL}]}\n")
    slack.plan = [(200, {}, 60)]
    outcome = tell("one", deadline_s=2.0)
    assert seconds() < 6
    assert [bool(delivery.failure) for delivery in outcome.deliveries] == [True, False]
    assert outcome.exit_code == 3


def test_a_slow_receiver_is_waited_for(place, tell, slack):
    """Slow is not broken."""
    place(SLACK)
    slack.plan = [(200, {}, 0.5)]
    assert not only(tell("one")).failure


def test_nobody_listening_is_said_in_words(place, tell, slack):
    """Without the address, which is the secret."""
    place(SLACK)
    slack.stop()
    failure = only(tell("one", deadline_s=1.0)).failure
    assert failure == "connection refused: nothing listens there"


def test_foreign_text_and_hundreds_of_problems_hold_to_slacks_rules(place, tell, slack, recorded):
    """3000 characters a section, 50 blocks, 150 of a header, & < > escaped; what does not fit is said to be left out."""
    place(SLACK)
    report = copy.deepcopy(recorded["one"])
    report["findings"] = [
        {
            **report["findings"][0],
            "rule": f"required-node-missing-{number}",
            "message": "<!channel> a && b <https://evil.example|click> " * 200,
            "hint": "&<>" * 2000,
        }
        for number in range(60)
    ]
    assert not only(tell(report)).failure
    (message,) = slack.messages
    assert "<!channel>" not in slack.words()
    assert "*not shown:* 20 more changes" in message["blocks"][-1]["elements"][0]["text"]


def test_apprise_carries_title_text_and_kind(place, tell, receiver):
    """json:// on loopback: a real plugin, a real request."""
    place(APPRISE)
    assert not only(tell("one")).failure
    body = json.loads(receiver.asked[0][3])
    assert (body["title"], body["type"]) == ("comfytape noise-1024: 1 new", "failure")
    assert "next step: The class is ComfyUI's own (comfy_extras.nodes_mask)" in body["message"]


def test_apprise_is_asked_again_where_that_may_help(place, tell, receiver):
    """After a 5xx; a 404 stays one."""
    place(APPRISE)
    receiver.plan = [(503, {}, 0), (404, {}, 0)]
    assert only(tell("one")).failure == "it answered 404"
    assert len(receiver.asked) == 2


def test_apprise_is_told_how_bad_it_is(place, tell, slack, recorded):
    """Services choose colour and urgency by it."""
    place("alerts: {channels: [{slack: SLACK_WEBHOOK_URL}], on: warning}\n")
    mild = copy.deepcopy(recorded["one"])
    mild["findings"][0]["severity"] = "warning"
    told = [only(tell(report, at)).changes for at, report in enumerate([mild, "one", "well"])]
    messages = [Message(subject="", workflow="", changes=changes) for changes in (*told, [])]
    assert [type_of(message) for message in messages] == ["warning", "failure", "success", "info"]


def test_a_hanging_apprise_service_is_left_behind_and_the_process_ends(place, recorded, receiver):
    """Its own limits are for one read; ours is for the whole, and the thread dies with the process."""
    place(APPRISE)
    Path("report.json").write_text(json.dumps(recorded["one"]))
    receiver.plan = [(200, {}, 60)]
    done = subprocess.run(
        [sys.executable, "-m", "comfytape", "alert", "report.json", "--deadline", "4"],
        env={**os.environ, "ONCALL_URL": os.environ["ONCALL_URL"] + "?rto=50"},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 3
    assert "ONCALL_URL was not told of noise-1024: no answer within 4 s" in done.stdout
