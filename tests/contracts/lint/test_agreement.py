"""Holding findings against a server's answer."""

from comfytape_contracts.lint import lint_workflow
from comfytape_contracts.lint.agreement import Answer, by_order_alone, disagreements


def rejected(**node_errors):
    return Answer.of(400, "prompt_outputs_failed_validation", {key: [value] for key, value in node_errors.items()})


def test_what_agrees_has_no_differences(old, good):
    """Verdict and names."""
    assert disagreements(lint_workflow(good, old), Answer.of(200, None, {})) == []


def test_a_missed_refusal_is_told(old, good):
    """And what the server named."""
    answer = Answer.of(400, "prompt_outputs_failed_validation", {"1": [["value_not_in_list", "x"]]})
    assert disagreements(lint_workflow(good, old), answer) == [
        "the server rejects it (400), we do not",
        "only the server names value_not_in_list at node 1, input x",
    ]


def test_a_false_alarm_is_told(old, good):
    """With the words of the finding."""
    good["1"]["inputs"]["width"] = -5
    told = disagreements(lint_workflow(good, old), Answer.of(200, None, {}))
    assert told[0].startswith("the server accepts it, we do not: node 1")
    assert told[1] == "only we name value_smaller_than_min at node 1, input width"


def test_failing_late_is_no_word_about_the_answer(old, good):
    """The server does accept it."""
    good["2"]["inputs"]["foo"] = ["1", 0]
    assert disagreements(lint_workflow(good, old), Answer.of(200, None, {})) == []


def test_an_answer_that_is_no_object_names_nothing():
    """HTTP 500 has a text body."""
    assert Answer.of_body(500, None).named == frozenset()
    assert Answer.of_body(200, {"prompt_id": "x", "node_errors": {}}).named == frozenset()


def test_what_stands_behind_an_exception_may_be_named_or_not(old, good):
    """The server may not have got there; nodes elsewhere are another matter."""
    good["1"]["inputs"]["width"] = -5
    good["2"]["inputs"]["filename_prefix"] = [{}, 0]
    findings = lint_workflow(good, old)
    answer = rejected(**{"2": ["exception_during_validation", None]})
    differences = disagreements(findings, answer)
    assert differences == ["only we name value_smaller_than_min at node 1, input width"]
    assert by_order_alone(good, findings, answer, differences)
    assert not by_order_alone(good, findings, rejected(), differences)


def test_the_name_of_an_exception_may_depend_on_the_order(old, good):
    """An output that also feeds another output is checked as one or as the other."""
    differences = [
        "only the server names exception_during_validation at node 2, input None",
        "only we name exception_during_inner_validation at node 2, input None",
    ]
    assert by_order_alone(good, [], rejected(), differences)


def test_a_silent_circle_excuses_names_but_no_verdict(old, good):
    """Before 0.20.0 the server recursed into it."""
    good["3"] = {"class_type": "ImageInvert", "inputs": {"image": ["3", 0]}}
    good["2"]["inputs"]["images"] = ["3", 0]
    findings = lint_workflow(good, old)
    assert by_order_alone(good, findings, rejected(), ["only the server names x at node 3, input None"])
    assert not by_order_alone(good, findings, rejected(), ["the server accepts it, we do not: x"])
