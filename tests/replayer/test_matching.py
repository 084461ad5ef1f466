"""Which recorded job a request gets: exact before equal in meaning, equal ones in turn, anything else not at all."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys

import pytest

from comfytape_replayer import ReplayServer
from comfytape_replayer.meaning import meaning_of_input, meaning_of_prompt


def picture(client, workflow, **beside):
    """What the job's picture is, or the status of a refusal."""
    answer = client.post("/v2/any/runsync", {"input": {"workflow": workflow, **beside}})
    return answer.json()["output"]["images"][0]["data"] if answer.status == 200 else answer.status


def renamed(workflow):
    """The same graph under other node ids, in another order."""
    text = {key: f"n{key}" for key in workflow}

    def moved(value):
        return [text[value[0]], value[1]] if isinstance(value, list) and len(value) == 2 and value[0] in text else value

    return {
        text[key]: {**node, "inputs": {name: moved(v) for name, v in node["inputs"].items()}}
        for key, node in reversed(workflow.items())
    }


def test_an_exact_match_wins(danrisi_client, danrisi_workflows):
    """Jobs 1 and 3 differ in seed and prefix alone; each gets its own picture however often it is asked."""
    first, third = danrisi_workflows[0], danrisi_workflows[2]
    pictures = [picture(danrisi_client, w) for w in (third, first, third, first)]
    assert pictures[0] == pictures[2]
    assert pictures[1] == pictures[3]
    assert pictures[0] != pictures[1]


def test_equal_ones_take_turns_in_recorded_order_and_start_over(danrisi_client, danrisi_workflows):
    """An unknown seed gets the two recorded jobs of that prompt in turn."""
    expected = [picture(danrisi_client, danrisi_workflows[n]) for n in (0, 2)]
    other = copy.deepcopy(danrisi_workflows[0])
    other["10"]["inputs"]["seed"] = 1
    assert [picture(danrisi_client, other) for _ in range(4)] == expected * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w["10"]["inputs"].update(seed=7),
        lambda w: w["12"]["inputs"].update(filename_prefix="mine"),
        lambda w: w["4"].update(_meta={"title": "My prompt"}),
        lambda w: w["10"]["inputs"].update(cfg=1),
    ],
    ids=["seed", "prefix", "title", "whole float as JavaScript sends it"],
)
def test_noise_does_not_matter(danrisi_workflows, change):
    """Seeds, prefixes, titles and 1 for 1.0 leave the meaning as it is."""
    changed = copy.deepcopy(danrisi_workflows[1])
    change(changed)
    assert meaning_of_prompt(changed).meant == meaning_of_prompt(danrisi_workflows[1]).meant


def test_node_ids_do_not_matter(danrisi_workflows):
    """The same graph under other ids means the same."""
    assert meaning_of_prompt(renamed(danrisi_workflows[1])).meant == meaning_of_prompt(danrisi_workflows[1]).meant


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w["10"]["inputs"].update(steps=4),
        lambda w: w["4"]["inputs"].update(text="something else"),
        lambda w: w["10"]["inputs"].update(positive=["6", 0]),
        lambda w: w["10"]["inputs"].update(latent_image=["7", 1]),
        lambda w: w["10"]["inputs"].update(seed=["7", 0]),
        lambda w: w.pop("12"),
        lambda w: w["11"].update(class_type="VAEDecodeTiled"),
    ],
    ids=["number", "text", "link", "slot", "linked seed", "node", "class"],
)
def test_everything_else_does(danrisi_workflows, change):
    """Another value, link, slot, node or class is another meaning."""
    changed = copy.deepcopy(danrisi_workflows[1])
    change(changed)
    assert meaning_of_prompt(changed).meant != meaning_of_prompt(danrisi_workflows[1]).meant


def test_a_cycle_has_a_meaning(danrisi_workflows):
    """A workflow that links in a circle is compared like any other."""
    circle = copy.deepcopy(danrisi_workflows[1])
    circle["4"]["inputs"]["clip"] = ["11", 0]
    assert meaning_of_prompt(circle).meant == meaning_of_prompt(renamed(circle)).meant
    assert meaning_of_prompt(circle).meant != meaning_of_prompt(danrisi_workflows[1]).meant


def test_what_stands_beside_the_workflow_matters(danrisi_client, danrisi_workflows):
    """An input image that was not recorded is no match."""
    assert picture(danrisi_client, danrisi_workflows[1], images=[{"name": "a.png", "image": "AAAA"}]) == 404


def test_a_key_in_the_input_does_not_matter(danrisi_client, danrisi_workflows):
    """A recording never holds the comfy.org key, so it cannot be asked for."""
    assert picture(danrisi_client, danrisi_workflows[1], comfy_org_api_key="anything") != 404


def test_an_input_as_json_text_is_read(danrisi_workflows):
    """worker-comfyui takes the input as text too."""
    as_object = {"workflow": danrisi_workflows[0]}
    assert meaning_of_input(json.dumps(as_object)) == meaning_of_input(as_object)
    assert meaning_of_input(json.dumps(as_object)).exact == meaning_of_input(as_object).exact


@pytest.mark.parametrize("odd", [None, 3, "no json {", [], {}, {"workflow": 3}, {"workflow": {"1": 3}}])
def test_odd_inputs_have_a_meaning(odd):
    """Whatever JSON a client sends, it has keys and equals itself."""
    assert meaning_of_input(odd) == meaning_of_input(odd)
    assert meaning_of_prompt(odd) == meaning_of_prompt(odd)


def test_a_deep_chain_of_nodes_has_a_meaning():
    """Five thousand nodes in a row are hashed without recursion."""
    chain = {"0": {"class_type": "A", "inputs": {}}}
    chain |= {str(n): {"class_type": "B", "inputs": {"x": [str(n - 1), 0]}} for n in range(1, 5000)}
    assert meaning_of_prompt(chain).meant == meaning_of_prompt(renamed(chain)).meant


@pytest.mark.parametrize(
    ("exact", "change", "said"),
    [
        ("seeds", lambda w: w["10"]["inputs"].update(seed=7), "seed is 7"),
        ("filename_prefixes", lambda w: w["12"]["inputs"].update(filename_prefix="mine"), 'prefix is "mine"'),
        ("titles", lambda w: w["4"].update(_meta={"title": "Mine"}), 'the title is "Mine"'),
        ("node_ids", lambda w: w.update({"99": w.pop("12")}), "node 99 (SaveImage) was not recorded"),
    ],
)
def test_what_a_contract_calls_exact_is_no_noise(danrisi, danrisi_workflows, client_of, exact, change, said):
    """Each kind of noise is a match by default, and a miss that names it where the contract wants it equal."""
    changed = copy.deepcopy(danrisi_workflows[1])
    change(changed)
    body = {"input": {"workflow": changed}}
    with ReplayServer(danrisi) as lenient, ReplayServer(danrisi, exact=[exact]) as strict:
        assert client_of(lenient).post("/v2/x/run", body).status == 200
        answer = client_of(strict).post("/v2/x/run", body)
        assert client_of(strict).post("/v2/x/run", {"input": {"workflow": danrisi_workflows[1]}}).status == 200
    assert answer.status == 404
    assert any(said in difference for difference in answer.json()["differences"])


@pytest.mark.parametrize("arguments", [["tapes/noise-1024"], ["tapes/noise-1024", "--contract", "other"]])
def test_the_command_takes_it_from_the_contract(noise, noise_workflows, client_of, tmp_path, arguments):
    """The contract of the cassette's name, or the one that is given."""
    shutil.copytree(noise.label, tmp_path / "tapes" / "noise-1024")
    for name in ("noise-1024", "other"):
        (tmp_path / "contracts" / name).mkdir(parents=True)
        text = f"name: {name}\nworkflow: workflow.json\nmatching: {{exact: [seeds]}}\n"
        (tmp_path / "contracts" / name / "contract.yaml").write_text(text)
        (tmp_path / "contracts" / name / "workflow.json").write_text(json.dumps(noise_workflows[0]))
    command = [sys.executable, "-m", "comfytape", "replay", *arguments]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            client = client_of(type("At", (), {"url": process.stdout.readline().split()[-1]}))
            other = json.loads(json.dumps(noise_workflows[0]).replace('"seed": ', '"seed": 1'))
            statuses = [
                client.post("/v2/x/run", {"input": {"workflow": w}}).status for w in (noise_workflows[0], other)
            ]
        finally:
            process.kill()
    assert statuses == [200, 404]
