"""What cases submit."""

from __future__ import annotations

import base64
import json

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.cases.fields import prompts_in, sizes_in
from comfytape_contracts.cases.run import input_key, runs_of
from comfytape_contracts.inventory import Inventory
from comfytape_contracts.tape import Tape


@pytest.fixture
def runs(suite, tape):
    """The runs of one case, by the inventory of the recording."""

    def of(name, *, inventory=True, **cases):
        return [r for r in runs_of(suite(**cases), Tape(tape).inventory if inventory else None) if r.case.name == name]

    return of


@pytest.fixture
def refusal(runs):
    """The words with which a case is refused."""

    def of(**keys):
        with pytest.raises(UsageError) as caught:
            runs("probe", probe=keys)
        return f"{caught.value} | {caught.value.hint}"

    return of


def values(run, node):
    """The inputs of a node."""
    return run.workflow[node]["inputs"]


def test_lists_multiply(runs):
    """Two prompts, two sizes and three strengths are twelve jobs, each named by what it varies."""
    keys = {"prompts": ["a", "b"], "sizes": ["8x8", "16x24"], "sweep": {"4": {"strength": [0.1, 0.2, 0.3]}}}
    found = runs("probe", probe=keys)
    assert len(found) == 12
    assert found[-1].varied == "prompt 'b', 16x24, 4.strength 0.3"
    assert (values(found[-1], "1")["value"], values(found[-1], "3")["width"], values(found[-1], "3")["height"]) == (
        "b",
        16,
        24,
    )
    assert len({run.asks for run in found}) == 12


def test_nodes_go_by_id_title_or_class(runs):
    """``Canvas`` is a title, ``SaveImage`` a class, ``4`` an id (YAML reads it as a number)."""
    (run,) = runs(
        "probe", probe={"set": {"Canvas": {"color": 1}, "SaveImage": {"filename_prefix": "x"}, 4: {"strength": 0}}}
    )
    assert (values(run, "3")["color"], values(run, "5")["filename_prefix"], values(run, "4")["strength"]) == (1, "x", 0)


def test_seeds_are_every_seed(runs, suite):
    """A linked seed is left alone; the two others are set."""
    folder = suite().folder
    graph = {"1": {"class_type": "K", "inputs": {"seed": 1}}, "2": {"class_type": "R", "inputs": {"noise_seed": 2}},
             "3": {"class_type": "K", "inputs": {"seed": ["1", 0]}}}  # fmt: skip
    (folder / "seeds.json").write_text(json.dumps(graph))
    found = runs("probe", probe={"workflow": "seeds.json", "seeds": [5, 6]})
    assert [[values(run, "1")["seed"], values(run, "2")["noise_seed"], values(run, "3")["seed"]] for run in found] == [
        [5, 5, ["1", 0]], [6, 6, ["1", 0]],
    ]  # fmt: skip


@pytest.mark.parametrize("inventory", [True, False])
def test_edges_of_the_prompt_find_it(runs, inventory):
    """Empty, long and in many scripts; with and without an inventory."""
    empty, long, scripts = (values(run, "1")["value"] for run in runs("odd-prompts", inventory=inventory))
    assert (empty, len(long) > 5_000, "東京" in scripts) == ("", True, True)


def test_edges_of_the_size_come_from_the_inventory(runs):
    """EmptyImage takes one pixel and more; the largest is what the case allows."""
    smallest, largest = runs("odd-sizes")
    assert [values(r, "3")["width"] for r in (smallest, largest)] == [1, 128]
    assert [values(r, "3")["width"] for r in runs("odd-sizes", inventory=False)] == [16, 128]


def test_input_images_travel_as_worker_comfyui_takes_them(runs, suite):
    """Name and base64, the name being what LoadImage asks for."""
    (run,) = runs("input-image")
    data = (suite().folder / "images" / "gradient.png").read_bytes()
    assert run.job_input["images"] == [{"name": "gradient.png", "image": base64.b64encode(data).decode()}]


def test_the_prompt_is_what_feeds_the_positive_input():
    """Neither the negative text nor a file name is taken for the prompt."""
    graph = {
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": "good"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad"}},
        "3": {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "negative": ["2", 0]}},
        "4": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["3", 0]}},
    }
    assert prompts_in(graph, Inventory(None)) == [("1", "text")]
    del graph["3"]["inputs"]["positive"]
    assert prompts_in(graph, Inventory(None)) == [("1", "text")]
    graph["5"] = {"class_type": "BasicGuider", "inputs": {"conditioning": ["2", 0]}}
    assert prompts_in(graph, Inventory(None)) == [("2", "text")]


def test_the_size_is_the_latents():
    """A mask of the same size beside it is not what is sampled; without a latent all that have a size count."""
    graph = {
        "1": {"class_type": "EmptyLatentImage", "inputs": {"width": 8, "height": 8}},
        "2": {"class_type": "SolidMask", "inputs": {"width": 8, "height": 8}},
        "3": {"class_type": "ImageScale", "inputs": {"width": 8, "height": 8, "image": ["9", 0]}},
    }
    assert sizes_in(graph, Inventory(None)) == [(("1", "width"), ("1", "height"))]
    assert [pair[0][0] for pair in sizes_in({k: graph[k] for k in "23"}, Inventory(None))] == ["2"]
    assert [pair[0][0] for pair in sizes_in({"3": graph["3"]}, Inventory(None))] == ["3"]


def test_the_suite_of_the_hub_comes_first_with_its_timeout(suite):
    """Its raw inputs are sent as they are; a case of the same name says what is expected."""
    basic, wrong = runs_of(suite(), None)[:2]
    assert (basic.case.name, basic.case.timeout_s, wrong.job_input) == (
        "hub-basic",
        300,
        {"prompt": "a lighthouse at dusk"},
    )
    assert wrong.case.expects == ["failure-input"]


def test_titles_and_json_strings_are_noise_for_matching():
    """The same job, told in three ways."""
    graph = {"1": {"class_type": "A", "inputs": {}}}
    titled = {"1": {"class_type": "A", "inputs": {}, "_meta": {"title": "x"}}}
    same = {input_key({"workflow": graph}), input_key({"workflow": titled}), input_key(json.dumps({"workflow": graph}))}
    assert len(same) == 1
    assert input_key("no json") != input_key({"prompt": "x"})


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"set": {"9": {"x": 1}}}, "case 'probe': '9' means no node of the workflow | name one by id, title or class"),
        ({"set": {"1": {"txt": 1}}}, "node 1 has no input 'txt' | it has value, class_type"),
        ({"seeds": 1}, "no whole number that is called a seed"),
        ({"workflow": "invert.json", "prompts": "x"}, "prompts: no text of several lines"),
        ({"workflow": "invert.json", "sizes": "8x8"}, "sizes: no node with a width and a height"),
        ({"workflow": "gone.json"}, "the file 'gone.json' it names is not there"),
        ({"images": "gone.png"}, "the file 'gone.png' it names is not there"),
        ({"workflow": "contract.yaml"}, "is not JSON"),
        ({"workflow": ".runpod/tests.json"}, "is not a workflow in API format"),
    ],
)  # fmt: skip
def test_a_case_that_does_not_fit_its_workflow_is_refused(refusal, keys, words):
    """File, line and case are named, and what there is instead."""
    said = refusal(**keys)
    assert words in said
    assert "contract.yaml:" in said


def test_a_name_that_means_two_nodes_is_refused(suite, refusal):
    """Both ids are named."""
    graph = {"1": {"class_type": "A", "inputs": {"x": 1}}, "2": {"class_type": "A", "inputs": {"x": 1}}}
    (suite().folder / "two.json").write_text(json.dumps(graph))
    assert "'A' means nodes 1, 2 of the workflow" in refusal(workflow="two.json", set={"A": {"x": 2}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "is not a suite of tests: the file"),
        ('{"tests": []}', "tests: List should have at least 1 item"),
        ('{"tests": [{"name": "a"}]}', "tests.0.input: Field required"),
        ('{"tests": [{"name": "a", "input": {}}]}', "the input of test 'a' is empty"),
        ('{"tests": [{"name": "a", "input": {"x": 1}}, {"name": "a", "input": {"x": 1}}]}', "two tests are called 'a'"),
        ("{", "cannot be read as JSON"),
    ],
)
def test_a_suite_that_is_none_is_refused(suite, text, words):
    """An empty input above all: RunPod takes it and fails it minutes later."""
    contract = suite(hub_wrong_input=None)
    (contract.folder / ".runpod" / "tests.json").write_text(text)
    with pytest.raises(UsageError, match=words.replace("[", r"\[")):
        runs_of(contract)


def test_a_case_cannot_change_the_input_of_the_suite(suite):
    """Two inputs under one name would be one too many."""
    with pytest.raises(UsageError, match=r"case 'hub-wrong-input' is a test of \.runpod/tests\.json"):
        runs_of(suite(hub_wrong_input={"prompts": ["x"]}))
