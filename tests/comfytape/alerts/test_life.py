"""The life of a problem: told once when it is new, worse, resolved; kept until a channel has taken it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

SLACK = (
    "alerts: {channels: [{slack: SLACK_WEBHOOK_URL}], owner: ana, report_url: 'https://reports.example/{contract}'}\n"
)
BOTH = "alerts: {channels: [{slack: SLACK_WEBHOOK_URL}, {slack: SECOND_WEBHOOK_URL}]}\n"


def kinds(outcome):
    return [str(change.kind) for delivery in outcome.deliveries for change in delivery.changes]


def test_a_problem_is_told_when_it_is_new_worse_and_resolved_and_not_in_between(place, tell, slack):
    """Six runs, three messages."""
    place(SLACK)
    rounds = [tell(name, at) for at, name in enumerate(["well", "one", "one", "two", "two", "well", "well"])]
    assert [kinds(outcome) for outcome in rounds] == [[], ["new"], [], ["worse"], [], ["resolved"], []]
    assert [m["text"] for m in slack.messages] == [
        f"comfytape noise-1024: 1 {kind}" for kind in ("new", "worse", "resolved")
    ]


def test_a_message_names_finding_workflow_node_next_step_owner_and_report(place, tell, slack):
    """Whoever reads it knows what to do without opening anything."""
    place(SLACK)
    tell("one")
    words = slack.words()
    for part in (
        "required-node-missing",
        "f59eecb7a832b2bf",
        "contracts/noise-1024/workflow.json:52",
        "node 6 FeatherMask",
        "read the start-up log",
        "*owner:* ana",
        "<https://reports.example/noise-1024|the report>",
    ):
        assert part in words, part


def test_two_classes_of_one_pack_are_one_problem(place, tell, slack):
    """Grouped by cause: the pack, as the contract has it."""
    place(SLACK)
    (delivery,) = tell("two").deliveries
    (change,) = delivery.changes
    assert change.problem.cause == "required-node-missing comfy_extras.nodes_mask"
    assert change.problem.nodes == ("node 6 FeatherMask", "node 5 SolidMask")


def test_what_got_worse_is_named(place, tell, slack):
    """Not the finding that was known, but the node that came in addition."""
    place(SLACK)
    tell("one")
    tell("two", 1)
    assert "was 1, is 2; new: node 5 SolidMask" in slack.words()


def test_less_of_the_same_and_more_again_is_silent(place, tell, slack):
    """What was told once while the problem is open is not told again."""
    place(SLACK)
    assert [kinds(tell(name, at)) for at, name in enumerate(["two", "one", "two"])] == [["new"], [], []]


def test_a_problem_that_flaps_is_quiet_for_the_window_and_then_told_with_how_often(place, tell, slack):
    """suppress: 6h; what comes back is told only once the window is over and it is there."""
    place(SLACK)
    steps = [(0, "one"), (1, "well"), (2, "one"), (3, "well"), (4, "one"), (8, "one")]
    assert [kinds(tell(name, at)) for at, name in steps] == [["new"], ["resolved"], [], [], [], ["new"]]
    assert "came back 2 times" in slack.words()


def test_a_rise_in_severity_is_told(place, tell, slack, recorded):
    """A warning that becomes an error is worse."""
    place("alerts: {channels: [{slack: SLACK_WEBHOOK_URL}], on: warning}\n")
    mild = copy.deepcopy(recorded["one"])
    mild["findings"][0]["severity"] = "warning"
    assert kinds(tell(mild)) == ["new"]
    assert kinds(tell("one", 1)) == ["worse"]
    assert "was warning" in slack.words()


def test_what_falls_below_the_threshold_is_resolved_with_the_reason(place, tell, slack, recorded):
    """It is not claimed to be gone."""
    place(SLACK)
    mild = copy.deepcopy(recorded["one"])
    mild["findings"][0]["severity"] = "warning"
    tell("one")
    assert kinds(tell(mild, 1)) == ["resolved"]
    assert "what is left is below the severity that is told" in slack.words()


def test_what_was_accepted_is_resolved_as_accepted(place, tell, slack, recorded):
    """People see that somebody decided to live with it."""
    place(SLACK)
    accepted = {**recorded["one"], "findings": [], "accepted": recorded["one"]["findings"], "verdict": "pass"}
    tell("one")
    tell(accepted, 1)
    assert "*note:* accepted" in slack.words()


def test_an_unknown_report_pages_only_after_so_many_in_a_row(place, tell, slack, recorded):
    """unknown_after: 3; a report that is not UNKNOWN starts the count anew."""
    place(SLACK)
    unknown = {**recorded["well"], "verdict": "unknown"}
    steps = [unknown, unknown, "well", unknown, unknown, unknown, unknown, "well"]
    told = [kinds(tell(step, at)) for at, step in enumerate(steps)]
    assert told == [[], [], [], [], [], ["new"], [], ["resolved"]]
    assert "examined nothing" in slack.words()


def test_an_unknown_report_resolves_nothing(place, tell, slack, recorded):
    """An endpoint that cannot be reached has not got its pack back."""
    place(SLACK)
    tell("one")
    assert kinds(tell({**recorded["well"], "verdict": "unknown"}, 1)) == []
    assert kinds(tell("well", 2)) == ["resolved"]


def test_a_finding_that_means_not_examined_waits_too(place, tell, slack, recorded):
    """By its rule, though the verdict is FAIL for another reason; and it keeps what was told open."""
    place("alerts: {channels: [{slack: SLACK_WEBHOOK_URL}], unknown_after: 2}\n")
    stuck = copy.deepcopy(recorded["one"])
    stuck["findings"].append({**stuck["findings"][0], "rule": "dependency-unknown", "fingerprint": "0" * 16})
    told = [tell(stuck, at) for at in range(2)]
    rules = [[c.problem.rule for d in outcome.deliveries for c in d.changes] for outcome in told]
    assert rules == [["required-node-missing"], ["dependency-unknown"]]


def test_a_sender_that_fails_is_reported_the_other_told_and_the_alert_sent_next_time(place, tell, slack, second):
    """Exit code 3, then 0; nobody hears anything twice."""
    place(BOTH)
    slack.plan = [(500, {}, 0)] * 9
    outcome = tell("one", deadline_s=1.0)
    assert outcome.exit_code == 3
    assert [(d.channel, bool(d.failure)) for d in outcome.deliveries] == [
        ("SLACK_WEBHOOK_URL", True),
        ("SECOND_WEBHOOK_URL", False),
    ]
    assert len(second.asked) == 1
    slack.plan = []
    outcome = tell("one", 1)
    assert outcome.exit_code == 0
    assert "this alert waited since 2026-11-23 12:00 UTC" in slack.words()
    assert len(second.asked) == 1


def test_a_problem_that_came_and_went_while_the_sender_was_down_is_told_after_all(place, tell, slack):
    """Its alert was promised; it arrives as resolved, with the moment from which it waited."""
    place(SLACK)
    slack.plan = [(403, {}, 0)]
    tell("one")
    assert kinds(tell("well", 1)) == ["resolved"]
    assert "this alert waited since" in slack.words()
    assert kinds(tell("well", 2)) == []


def test_a_channel_that_joins_later_hears_what_is_open(place, tell, slack, second):
    """What each channel was told is kept for itself."""
    place(SLACK)
    tell("one")
    place(BOTH)
    outcome = tell("one", 1)
    assert [(d.channel, len(d.changes)) for d in outcome.deliveries] == [
        ("SLACK_WEBHOOK_URL", 0),
        ("SECOND_WEBHOOK_URL", 1),
    ]


def test_what_is_over_is_forgotten(place, tell, slack):
    """The state does not grow for ever: kept as long as it may flap, then dropped."""
    place(SLACK)
    steps = [(0, "one"), (1, "well"), (2, "well"), (9, "well")]
    sizes = []
    for at, name in steps:
        tell(name, at)
        sizes.append(len(json.loads(Path("state.json").read_text())["streams"]["noise-1024"]["known"]))
    assert sizes == [1, 1, 1, 0]


def test_jobs_that_fail_by_turns_are_one_problem_by_their_number(place, tell, slack, recorded):
    """Which of the samples failed says nothing from run to run; how many says something."""
    place(SLACK)

    def failed(*jobs):
        found = [
            {**recorded["one"]["findings"][0], "rule": "job-result-lost", "message": f"job {n} has no output",
             "fingerprint": f"{n:016x}", "location": {}}
            for n in jobs
        ]  # fmt: skip
        return {**recorded["one"], "findings": found}

    steps = [failed(1, 2), failed(3, 4), failed(5), failed(1, 2, 3)]
    assert [kinds(tell(step, at)) for at, step in enumerate(steps)] == [["new"], [], [], ["worse"]]


def test_another_finding_of_the_same_cause_is_worse_though_there_are_no_more(place, tell, slack, recorded):
    """One class came back, another of the pack went."""
    place(SLACK)
    other = copy.deepcopy(recorded["two"])
    other["findings"] = [f for f in other["findings"] if f["location"]["class_type"] == "SolidMask"]
    tell("one")
    assert kinds(tell(other, 1)) == ["worse"]
    assert "1 more of the same cause; new: node 5 SolidMask" in slack.words()


@pytest.mark.parametrize("name", ["drift", "doctor"])
def test_each_command_has_a_memory_of_its_own(place, tell, slack, recorded, name):
    """What drift or doctor do not look at, they cannot resolve."""
    place(SLACK)
    mark = {"drift": {"measurements": {"classes_before": 1}}, "doctor": {"causes": []}}[name]
    tell("one")
    assert kinds(tell({**recorded["well"], **mark, "contract": ""}, 1, contract="noise-1024")) == []
    assert kinds(tell("well", 2)) == ["resolved"]


def test_drift_that_was_accepted_is_not_told(place, tell, slack, recorded):
    """drift does not read accepted.yaml, alerts do."""
    place(SLACK)
    entry = "accepted: [{fingerprint: f59eecb7a832b2bf, rule: required-node-missing, reason: planned}]\n"
    Path("contracts/noise-1024/accepted.yaml").write_text(entry)
    drift = {**recorded["one"], "measurements": {"classes_before": 1}}
    assert kinds(tell(drift)) == []


def test_two_endpoints_of_one_contract_do_not_resolve_each_other(place, tell, slack):
    """--target tells them apart."""
    place(SLACK)
    tell("one", target="eu")
    assert kinds(tell("well", 1, target="us")) == []
    assert kinds(tell("well", 2, target="eu")) == ["resolved"]
    assert "noise-1024 at eu" in slack.words()
