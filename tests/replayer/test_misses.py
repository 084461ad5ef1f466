"""A miss says what was asked, what comes nearest and what differs: to the client and to the person who watches."""

from __future__ import annotations

import copy

from comfytape_replayer import ReplayServer


def test_a_workflow_that_was_not_recorded_names_the_nearest_and_the_differences(danrisi_client, danrisi_workflows):
    """One changed prompt: the nearest job differs in exactly that."""
    other = copy.deepcopy(danrisi_workflows[3])
    other["10"]["inputs"].update(steps=30, seed=1)
    answer = danrisi_client.post("/v2/any/run", {"input": {"workflow": other}})
    assert answer.status == 404
    assert answer.json()["differences"] == ["node 10 (ClownsharKSampler_Beta): steps is 30, recorded was 3"]
    assert "in cassette z-image-danrisi" in answer.json()["nearest"]
    assert "record" in answer.json()["hint"]


def test_nodes_that_are_missing_or_new_are_named(danrisi_client, danrisi_workflows):
    """A node too few and one too many, each with its class."""
    other = copy.deepcopy(danrisi_workflows[3])
    del other["6"]
    other["10"]["inputs"]["negative"] = ["5", 0]
    other["20"] = {"class_type": "PreviewImage", "inputs": {"images": ["11", 0]}}
    differences = danrisi_client.post("/v2/any/run", {"input": {"workflow": other}}).json()["differences"]
    assert "node 6 (ConditioningZeroOut) is only in the recording" in differences
    assert "node 20 (PreviewImage) was not recorded" in differences


def test_inputs_that_are_missing_or_new_are_named(danrisi_client, danrisi_workflows):
    """An input too few and one too many, each with its node."""
    other = copy.deepcopy(danrisi_workflows[3])
    other["7"]["inputs"]["depth"] = 3
    del other["2"]["inputs"]["device"]
    differences = danrisi_client.post("/v2/any/run", {"input": {"workflow": other}}).json()["differences"]
    assert 'node 2 (CLIPLoader): input device is only in the recording ("default")' in differences
    assert "node 7 (EmptySD3LatentImage): input depth was not recorded (3)" in differences


def test_long_values_are_cut_short(danrisi_client, danrisi_workflows):
    """A prompt of a million characters does not come back whole."""
    other = copy.deepcopy(danrisi_workflows[3])
    other["4"]["inputs"]["text"] = "x" * 1_000_000
    answer = danrisi_client.post("/v2/any/run", {"input": {"workflow": other}})
    assert len(answer.body) < 5000
    assert "characters)" in answer.json()["differences"][0]


def test_an_input_without_a_workflow_is_compared_by_value(danrisi_client):
    """A client of another handler sees what the recorded input was."""
    answer = danrisi_client.post("/v2/any/run", {"input": {"prompt": "a cat"}}).json()
    assert answer["error"].endswith("no recorded job has this input")
    assert any(d.startswith('prompt is "a cat"') for d in answer["differences"])


def test_an_unknown_route_names_the_nearest(danrisi_client):
    """A slip in a path is answered with the path that was recorded."""
    answer = danrisi_client.get("/modles/vae")
    assert answer.status == 404
    assert answer.json()["nearest"] == "GET /models/vae"


def test_an_unknown_job_says_that_recorded_ids_are_not_served(danrisi, danrisi_client):
    """The id of the recording itself is a 404 with an explanation."""
    run = next(e for e in danrisi.exchanges if e.request.url.endswith("/run"))
    answer = danrisi_client.get(f"/v2/any/status/{run.response.body.json()['id']}")
    assert answer.status == 404
    assert "submit with /run" in answer.json()["hint"]


def test_the_person_who_watches_hears_of_it(danrisi, client_of):
    """on_miss gets what the client got, and the server keeps it."""
    heard = []
    with ReplayServer(danrisi, on_miss=heard.append) as server:
        client_of(server).get("/nowhere")
    assert [miss.request for miss in heard] == ["GET /nowhere"]
    assert list(server.misses) == heard
    assert heard[0].lines()[0] == "no recorded answer: GET /nowhere"


def test_a_prompt_for_comfyui_that_was_not_recorded(danrisi_client, danrisi_workflows):
    """These jobs were recorded through RunPod alone; ComfyUI's /prompt says so."""
    answer = danrisi_client.post("/prompt", {"prompt": danrisi_workflows[0]})
    assert answer.status == 404
    assert answer.json()["error"].endswith("no prompt was recorded")
