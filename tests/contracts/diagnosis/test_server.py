"""A ComfyUI that answers: does it also work?"""

from __future__ import annotations

import pytest

from comfytape_contracts.diagnosis import diagnose
from comfytape_contracts.diagnosis.server import dangling

CRASH = (
    "got prompt",
    "Exception in thread Thread-1 (prompt_worker):",
    "Traceback (most recent call last):",
    "comfy_execution.graph.NodeNotFoundError: Node 77 not found",
)
BAD_PROMPT = {"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "foo": ["77", 0]}}}


def rules(found):
    return [c.rule.id for c in found.causes]


def test_the_traceback_of_the_worker_thread_is_certain(said):
    """The log says it in so many words; the error behind it is quoted."""
    found = diagnose(said.system().log(*CRASH).queue(["a"]))
    assert rules(found) == ["comfyui-dead"]
    assert found.causes[0].confidence == "certain"
    assert "NodeNotFoundError: Node 77 not found" in found.causes[0].evidence
    assert (found.verdict, found.exit_code) == ("fail", 1)


def test_without_the_log_a_prompt_that_kills_is_likely(said):
    """What runs has a link to a node that is not there: such a prompt never ends."""
    found = diagnose(said.system().queue(["a"], prompt=BAD_PROMPT).queue(["a"], prompt=BAD_PROMPT))
    assert (rules(found), found.causes[0].confidence) == (["comfyui-dead"], "likely")


def test_prompts_that_wait_while_nothing_runs(said):
    """A living worker would have taken one within a second."""
    found = diagnose(said.system().queue(pending=3).queue(pending=3))
    assert rules(found) == ["comfyui-dead"]
    assert "3 pending" in found.causes[0].evidence


def test_a_queue_that_stands_still_may_be_long_work(said):
    """The evidence does not decide: UNKNOWN with others waiting, a note without."""
    waiting = diagnose(said.system().queue(["a"], pending=2).queue(["a"], pending=2))
    assert (rules(waiting), waiting.exit_code) == (["comfyui-stalled"], 3)


def test_one_prompt_that_runs_is_no_reason_for_alarm(said):
    """A single sampling run takes longer than the doctor looks."""
    alone = diagnose(said.system().queue(["a"]).queue(["a"]))
    assert (rules(alone), alone.exit_code) == (["comfyui-stalled"], 0)


@pytest.mark.parametrize("second", [["b"], []])
def test_a_queue_that_moves_is_alive(said, second):
    """Another prompt runs, or none."""
    assert rules(diagnose(said.system().queue(["a"]).queue(second))) == []


def test_one_look_at_a_busy_queue_says_nothing(said):
    """It takes two to see a movement."""
    assert rules(diagnose(said.system().queue(["a"]))) == []


def test_dangling_links_are_named():
    """Input, node and the node that is not there; constants of two items are none."""
    assert dangling(BAD_PROMPT) == ["input 'foo' of node 1 is linked to node '77', which is not there"]
    assert dangling({"1": {"inputs": {"range": [0.5, 1]}}, "2": {"inputs": None}, "3": 7}) == []
    assert dangling(None) == []


def test_something_else_at_the_url(said):
    """JSON is answered, but not ComfyUI's."""
    found = diagnose(said.comfyui("system_stats", "", status=404).comfyui("queue", "", status=404))
    assert (rules(found), found.exit_code) == (["comfyui-foreign"], 3)


def test_a_closed_port_and_a_gateway_page_are_told_apart(said):
    """As for the job API."""
    assert rules(diagnose(said.failed("http://comfy.test:8188/queue", "connection refused"))) == ["address-refused"]


def test_a_pod_that_still_boots(said):
    """RunPod's proxy answers 502 with a page until ComfyUI is up."""
    found = diagnose(said.comfyui("system_stats", "<html>", status=502, kind="text/html"))
    assert rules(found) == ["proxy-page"]


def test_a_pack_that_failed_to_import_is_a_warning_with_its_reason(said):
    """HTTP stays 200 while all its classes are missing."""
    said.system().log(
        "Cannot import /c/custom_nodes/RES4LYF module for custom nodes: No module named 'comfy.nested_tensor'",
        "   0.1 seconds (IMPORT FAILED): /c/custom_nodes/RES4LYF",
    )
    found = diagnose(said)
    assert (rules(found), found.exit_code) == (["pack-import-failed"], 0)
    assert "No module named 'comfy.nested_tensor'" in found.causes[0].evidence


def test_a_version_and_an_empty_queue_pass(imported):
    """The real inventory of 0.10.0."""
    found = diagnose(imported("danrisi-inventory.har"))
    assert found.exit_code == 0
    assert "ComfyUI 0.10.0; 0 running, 0 pending" in found.lines[0].evidence
