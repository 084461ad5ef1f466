"""A workflow that was not recorded and cannot run gets the error that ComfyUI, or the worker, would give."""

from __future__ import annotations

import copy
import json
import lzma
from pathlib import Path

import pytest

from comfytape_replayer import ReplayServer
from comfytape_replayer.judging import refusal_of
from comfytape_replayer.refusal import worker_error

RECORDED = json.loads(
    lzma.decompress((Path(__file__).parents[1] / "data" / "lint" / "verdicts-0.3.64.json.xz").read_bytes())
)
REFUSED = [
    case
    for case in RECORDED["cases"]
    if case["status"] == 400
    and isinstance(case["request"], dict)
    and "prompt" in case["request"]
    and "partial_execution_targets" not in case["request"]
]


def comparable(body):
    """The envelope less the order of errors, which is a Python set's."""
    errors = {
        (node, error["type"], error["message"], error["details"])
        for node, said in body["node_errors"].items()
        for error in said["errors"]
    }
    places = {
        node: (said["class_type"], sorted(said["dependent_outputs"])) for node, said in body["node_errors"].items()
    }
    return body["error"], errors, places


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_the_body_is_the_one_a_real_comfyui_answered(case):
    """Types, messages, details, nodes and dependent outputs of a real 0.3.64."""
    said = refusal_of(case["request"]["prompt"], RECORDED["inventory"])
    assert said is not None
    assert comparable(said) == comparable(case["response"])


def test_a_job_that_cannot_run_fails_with_the_workers_words(danrisi_client, danrisi_workflows):
    """Queued, in progress, FAILED: as the real worker reports ComfyUI's 400."""
    other = copy.deepcopy(danrisi_workflows[0])
    other["1"]["inputs"]["unet_name"] = "flux1-dev.safetensors"
    job = danrisi_client.run(other)
    said = [danrisi_client.status(job) for _ in range(4)][-1]
    assert said["status"] == "FAILED"
    assert said["error"].startswith(
        "Workflow validation failed:\n• Node 1 (errors): [{'type': 'value_not_in_list', 'message': 'Value not in list', "
        "'details': \"unet_name: 'flux1-dev.safetensors' not in ['z_image_turbo_bf16.safetensors']\""
    )
    assert said["error"].endswith("• Node 1 (dependent_outputs): ['12']\n• Node 1 (class_type): UNETLoader")


def test_the_workers_words_for_a_missing_node_hold_the_raw_answer():
    """The form that a real worker-comfyui 5.8.5 gave."""
    body = {
        "error": {"type": "invalid_prompt", "message": "Cannot execute because node X does not exist.",
                  "details": "Node ID '#10'", "extra_info": {}},
        "node_errors": {},
    }  # fmt: skip
    assert worker_error(body) == f"{body['error']['message']}. Raw response: {json.dumps(body)}"


def test_comfyui_itself_answers_400(danrisi_client, danrisi_workflows):
    """POST /prompt is refused at once."""
    other = copy.deepcopy(danrisi_workflows[0])
    other["10"]["class_type"] = "ClownsharKSampler_Gamma"
    answer = danrisi_client.post("/prompt", {"prompt": other})
    assert answer.status == 400
    assert answer.json()["error"]["message"] == "Cannot execute because node ClownsharKSampler_Gamma does not exist."


def test_a_body_that_is_no_json_gets_comfyuis_500(danrisi_client):
    """As aiohttp says it."""
    answer = danrisi_client.post("/prompt", b"{")
    assert (answer.status, answer.body.splitlines()[-1]) == (500, b"Server got itself in trouble")


def test_nearest_plays_the_nearest_job_and_says_so(danrisi, danrisi_workflows, client_of):
    """--unmatched nearest: the job of the nearest workflow, with a header that names the differences."""
    other = copy.deepcopy(danrisi_workflows[3])
    other["10"]["inputs"]["steps"] = 30
    with ReplayServer(danrisi, unmatched="nearest") as server:
        client = client_of(server)
        answer = client.post("/v2/any/runsync", {"input": {"workflow": other}})
        recorded = client.post("/v2/any/runsync", {"input": {"workflow": danrisi_workflows[3]}})
    assert "steps is 30, recorded was 3" in answer.headers["x-comfytape-nearest"]
    assert answer.json()["output"] == recorded.json()["output"]
    assert "x-comfytape-nearest" not in recorded.headers
