"""What a contract says, read from its file."""

from __future__ import annotations

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.contract import Contract, Vary
from comfytape_contracts.findings import Severity

MINIMAL = "name: small\nworkflow: w.json\n"


def test_the_shipped_contract_promises_what_the_endpoint_is_for(shipped):
    """Budgets, nodes and models of z-image-danrisi are read with their types."""
    model = shipped.model
    assert (model.budgets.cold_start_s, model.budgets.generation_s, model.budgets.success_rate) == (60, 30, 1)
    assert {node.class_type: node.pack for node in model.nodes}["ClownsharKSampler_Beta"] == "RES4LYF"
    assert model.max_age == 90


def test_the_core_sampler_is_not_promised_of_the_pack(shipped):
    """BetaSamplingScheduler is expected of ComfyUI itself, not of RES4LYF."""
    packs = {node.class_type: node.pack for node in shipped.model.nodes}
    assert packs["BetaSamplingScheduler"] == "comfy_extras.nodes_custom_sampler"


def test_lines_are_those_of_the_file(shipped):
    """A finding can point at the very line of a key, also inside a list."""
    lines = shipped.path.read_text().splitlines()
    assert "generation_s: 30" in lines[shipped.line("budgets", "generation_s") - 1]
    assert "class: UNETLoader" in lines[shipped.line("nodes", 0) - 1]


def test_a_key_that_is_not_in_the_file_points_at_what_is_around_it(shipped):
    """Defaults have no line of their own."""
    assert shipped.line("budgets", "nothing") == shipped.line("budgets")


def test_a_folder_and_its_file_are_the_same_contract(shipped):
    """CONTRACT is a folder or the file in it."""
    assert Contract.load(shipped.path).model == shipped.model
    assert (shipped.name, shipped.samples_path.name) == ("z-image-danrisi", "workflow-small.json")


def test_defaults_ask_for_one_png_or_other_image_and_every_job(tmp_path):
    """What a contract does not say: one image that is not blank, all jobs succeed, RunPod's usual variables."""
    (tmp_path / "contract.yaml").write_text(MINIMAL)
    model = Contract.load(tmp_path).model
    assert (model.outputs.images, model.outputs.blank, model.budgets.success_rate) == (1, False, 1.0)
    assert model.endpoint.id_env == ["RUNPOD_ENDPOINT_COMFYUI", "RUNPOD_ENDPOINT_ID"]
    assert model.endpoint.key_env == "RUNPOD_API_KEY"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    """Windows editors put a BOM in front; it is not part of the first key."""
    (tmp_path / "contract.yaml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert Contract.load(tmp_path).name == "small"


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("12h", 0.5), ("2w", 14), ("1.5 d", 1.5)])
def test_durations_are_days(tmp_path, text, days):
    """max_age takes days, hours and weeks."""
    (tmp_path / "contract.yaml").write_text(f"{MINIMAL}max_age: {text}\n")
    assert Contract.load(tmp_path).model.max_age == days


def test_severities_are_by_rule(tmp_path):
    """A contract may weigh a rule differently."""
    (tmp_path / "contract.yaml").write_text(f"{MINIMAL}severities: {{recording-stale: error}}\n")
    assert Contract.load(tmp_path).model.severities == {"recording-stale": Severity.ERROR}


def test_one_variable_stands_for_a_list_of_one(tmp_path):
    """``id_env`` takes a name or a list of names."""
    (tmp_path / "contract.yaml").write_text(f"{MINIMAL}endpoint: {{id_env: MY_ENDPOINT}}\n")
    assert Contract.load(tmp_path).model.endpoint.id_env == ["MY_ENDPOINT"]


def test_a_file_that_the_contract_names_must_be_there(tmp_path):
    """The error names the contract, the file it names and where it was expected."""
    (tmp_path / "contract.yaml").write_text(MINIMAL)
    with pytest.raises(UsageError) as caught:
        _ = Contract.load(tmp_path).workflow_path
    assert "'w.json'" in str(caught.value)
    assert str(tmp_path / "w.json") in str(caught.value)


@pytest.mark.parametrize("name", ["z" * 5000, "a\\0b"], ids=["too long", "NUL"])
def test_a_name_that_no_file_can_have_is_not_there(tmp_path, name):
    """What the system refuses to look for is told like any other file that is missing."""
    (tmp_path / "contract.yaml").write_text(MINIMAL.replace("w.json", f'"{name}"'))
    with pytest.raises(UsageError, match="it names is not there"):
        _ = Contract.load(tmp_path).workflow_path


def test_values_come_in_turn_and_numbers_count_up():
    """A varied input takes its list round and round, or counts from its start."""
    assert [Vary(node="1", input="text", values=["a", "b"]).value(n) for n in range(3)] == ["a", "b", "a"]
    assert [Vary(node="1", input="seed", start=7).value(n) for n in range(3)] == [7, 8, 9]
    assert Vary(node="1", input="seed").value(2) == 2
