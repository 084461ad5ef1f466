"""The walk through a workflow, where only odd documents lead."""

import pytest

from comfytape_contracts.inventory import Inventory
from comfytape_contracts.lint import Behaviour
from comfytape_contracts.lint.server import judge
from comfytape_contracts.lint.types import types_agree

CLASSES = {
    "Source": {"input": {"required": {}}, "output": ["IMAGE"]},
    "Through": {"input": {"required": {"image": ["IMAGE"]}, "optional": {"more": ["IMAGE"]}}, "output": ["IMAGE"]},
    "Save": {"input": {"required": {"image": ["IMAGE"]}}, "output": [], "output_node": True},
    "Bare": {"input": {"required": {}}, "output": None, "output_node": True},
    "Odd": {
        "input": {"required": {"x": ["FLOAT,INT", {"min": 0}], "y": ["INT", None]}},
        "output": [],
        "output_node": True,
    },
}
OLD, NEW = Behaviour.of((0, 3, 64)), Behaviour.of((0, 33, 0))


def said(graph, behaviour=NEW, targets=None):
    judgement = judge(graph, Inventory(CLASSES), behaviour, targets)
    return judgement.status, [(p.node_id, p.rule, p.server_error) for p in judgement.problems]


@pytest.mark.parametrize(
    ("node", "behaviour", "status", "error"),
    [
        (5, OLD, 500, None),
        (None, NEW, 500, None),
        ("text", OLD, 400, "invalid_prompt"),
        ("class_type", OLD, 500, None),
        ([], OLD, 400, "invalid_prompt"),
        ([], NEW, 500, None),
        ({}, OLD, 400, "invalid_prompt"),
        ({}, NEW, 400, "missing_node_type"),
        ({"_meta": None}, NEW, 500, None),
        ({"_meta": None}, OLD, 400, "invalid_prompt"),
        ({"class_type": []}, NEW, 500, None),
        ({"class_type": None}, NEW, 400, "missing_node_type"),
        ({"class_type": "Source", "inputs": None}, NEW, 500, None),
    ],
)
def test_a_node_that_is_none_ends_it_all(node, behaviour, status, error):
    """With 400 where the server finds words, else 500."""
    found, problems = said({"1": node}, behaviour)
    assert (found, problems[0][2]) == (status, error)


def test_what_comes_after_a_failure_of_the_server_has_no_type():
    """It never gets there."""
    status, problems = said({"1": 5, "2": {"class_type": "Nope"}})
    assert status == 500
    assert [error for _, _, error in problems] == [None, None]


def test_inputs_that_are_no_object_raise_inside_the_server():
    """Before 0.14.0 only for nodes that are checked."""
    graph = {"1": {"class_type": "Save", "inputs": None}, "2": {"class_type": "Bare", "inputs": 5}}
    status, problems = said(graph, OLD)
    assert status == 200
    assert problems == [("1", "check-fails", "exception_during_validation")]


def test_comparing_what_cannot_be_compared_raises_inside_the_server():
    """A text with a minimum; an input whose options are null."""
    graph = {"1": {"class_type": "Odd", "inputs": {"x": "5", "y": 1}}}
    assert [rule for _, rule, _ in said(graph)[1]] == ["check-fails", "check-fails"]


def test_targets_choose_the_outputs():
    """Since 0.3.48; before, every output runs."""
    graph = {"1": {"class_type": "Bare", "inputs": {}}, "2": {"class_type": "Bare", "inputs": {}}}
    assert judge(graph, Inventory(CLASSES), NEW, ["2"]).good == ("2",)
    assert judge(graph, Inventory(CLASSES), NEW, 5).error == "prompt_no_outputs"
    assert judge(graph, Inventory(CLASSES), Behaviour.of((0, 3, 30)), []).good == ("1", "2")


def test_links_into_unusable_nodes_are_not_followed():
    """And are no problem of their own: the node they lead to is."""
    graph = {"1": {"class_type": "Nope"}, "2": {"class_type": "Save", "inputs": {"image": ["1", 0]}}, "3": "x"}
    graph["4"] = {"class_type": "Save", "inputs": {"image": ["3", 0]}}
    assert {rule for _, rule, _ in said(graph)[1]} == {"unknown-class", "malformed-node"}


def test_a_class_with_unreadable_outputs_is_followed_without_a_word():
    """A description that is cut short must not make workflows fail."""
    graph = {"1": {"class_type": "Bare", "inputs": {}}, "2": {"class_type": "Save", "inputs": {"image": ["1", 0]}}}
    assert said(graph) == (200, [])


def test_a_chain_of_any_length_is_walked():
    """Twenty thousand nodes, and no recursion; the server itself gives up at a thousand."""
    graph = {"0": {"class_type": "Source", "inputs": {}}}
    for index in range(1, 20_000):
        graph[str(index)] = {"class_type": "Through", "inputs": {"image": [str(index - 1), 0]}}
    graph["end"] = {"class_type": "Save", "inputs": {"image": ["19999", 0]}}
    assert said(graph) == (400, [("19027", "too-deep", "exception_during_inner_validation")])


def test_a_chain_of_nine_hundred_is_fine():
    """As on the real servers."""
    graph = {"0": {"class_type": "Source", "inputs": {}}}
    for index in range(1, 900):
        graph[str(index)] = {"class_type": "Through", "inputs": {"image": [str(index - 1), 0], "more": ["0", 0]}}
    graph["end"] = {"class_type": "Save", "inputs": {"image": ["899", 0]}}
    assert said(graph) == (200, [])


def test_a_long_circle_is_named_node_by_node():
    """Each once, though several circles share nodes."""
    graph = {
        str(i): {"class_type": "Through", "inputs": {"image": [str((i + 1) % 50), 0], "more": ["0", 0]}}
        for i in range(50)
    }
    graph["end"] = {"class_type": "Save", "inputs": {"image": ["0", 0]}}
    status, problems = said(graph)
    assert status == 400
    assert sorted(node for node, _, _ in problems) == sorted(str(i) for i in range(50))


@pytest.mark.parametrize(
    ("received", "wanted", "old", "new"),
    [
        ("IMAGE", "IMAGE", True, True),
        ("INT", "FLOAT", False, False),
        ("*", "IMAGE", True, True),
        ("IMAGE", "IMAGE,MASK", True, True),
        ("A,B", "B, C", True, True),
        ("A,*", "B", False, True),
        (["a"], ["a"], True, True),
        (["a"], ["a", "b"], False, False),
        (["a"], "COMBO", False, True),
        (["a"], "STRING", False, False),
        ("COMBO", ["a"], False, False),
        ("COMFY_MATCHTYPE_V3", "IMAGE", True, True),
        (5, "IMAGE", False, False),
    ],
)
def test_types_agree_as_the_release_has_it(received, wanted, old, new):
    """Before and since 0.8.0."""
    assert types_agree(received, wanted, OLD) is old
    assert types_agree(received, wanted, NEW) is new
