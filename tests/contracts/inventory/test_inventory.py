"""Reading /object_info, against inventories of real servers."""

import json
import lzma
from pathlib import Path

import pytest

from comfytape_contracts.inventory import InputSpec, Inventory, estimate_version, latest_version, pack_of, parse_version
from comfytape_contracts.knowledge import load

DATA = Path(__file__).parents[2] / "data" / "lint"


def real(name):
    with lzma.open(DATA / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        return json.loads(next(lines))["inventory"]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("0.3.30-apr", (0, 3, 30)),
        ("0.3.64-aug", (0, 3, 64)),
        ("0.3.75-aug", (0, 3, 72)),
        ("0.7.0-aug", (0, 7, 0)),
        ("0.8.2-new", (0, 8, 0)),
        ("0.10.0-new", (0, 10, 0)),
        ("0.27.0-new", (0, 27, 0)),
        ("0.33.0-none", (0, 33, 0)),
    ],
)
def test_the_release_shows_in_the_inventory(name, least):
    """The estimate is the newest release whose classes or keys are there, never a newer one."""
    assert estimate_version(Inventory(real(name))) == least


def test_keys_tell_where_classes_do_not():
    """A handful of classes still shows its release by its keys."""
    assert estimate_version(Inventory({"X": {"search_aliases": [], "is_input_list": False}})) == (0, 12, 0)
    assert estimate_version(Inventory({"X": {}})) == (0, 3, 30)


def test_a_pack_cannot_pass_for_a_newer_core():
    """Only classes that ComfyUI itself provides count."""
    assert estimate_version(Inventory({"SAM3_Detect": {"python_module": "custom_nodes.sam3"}})) == (0, 3, 30)


def test_the_newest_possible_release_is_just_before_the_next_that_brought_classes():
    """0.3.64 cannot be 0.3.66, or WanVideo nodes of that release would be there."""
    core = {f"c{i}": {"python_module": "nodes"} for i in range(300)}
    core["OpenAIVideoSora2"] = {"python_module": "comfy_api_nodes.nodes_sora"}
    assert latest_version(Inventory(core)) == (0, 3, 65)
    assert latest_version(Inventory({})) is None


def test_nothing_is_said_of_releases_after_the_last_one_known():
    """A server newer than our knowledge is not called old."""
    newest = load("core_classes")["releases"]
    last = list(newest)[-1]
    core = {f"c{i}": {"python_module": "nodes"} for i in range(300)}
    core[newest[last][0]] = {"python_module": "nodes"}
    assert latest_version(Inventory(core)) is None


@pytest.mark.parametrize(
    ("module", "pack"),
    [
        ("nodes", "ComfyUI"),
        ("comfy_extras.nodes_x", "ComfyUI"),
        ("custom_nodes.RES4LYF", "RES4LYF"),
        ("custom_nodes.a.b", "a.b"),
        ("other", "other"),
        ("", None),
        (None, None),
    ],
)
def test_packs_are_read_off_the_module(module, pack):
    """custom_nodes.NAME is the pack NAME."""
    assert pack_of(module) == pack


@pytest.mark.parametrize(
    ("text", "version"), [("v0.3.64", (0, 3, 64)), ("0.10", (0, 10, 0)), ("0.8.2-dev", (0, 8, 2)), ("master", None)]
)
def test_versions_are_parsed(text, version):
    """With or without v, two or three numbers."""
    assert parse_version(text) == version


def test_both_kinds_of_combo_have_choices():
    """A list in place of the type, or COMBO with options; a remote one has none of its own."""
    assert InputSpec("x", "required", [["a", "b"], {}]).choices == ["a", "b"]
    assert InputSpec("x", "required", ["COMBO", {"options": ["a"]}]).choices == ["a"]
    assert InputSpec("x", "required", ["COMBO", {"remote": {}}]).choices == []
    assert InputSpec("x", "required", ["COMBO", {"options": 5}]).choices is None
    assert InputSpec("x", "required", ["INT", {"min": 1}]).choices is None


def test_odd_specs_are_read_without_failing():
    """Hidden inputs of V1 nodes are a bare string; options may be anything."""
    hidden = InputSpec("prompt", "hidden", "PROMPT")
    assert (hidden.type, dict(hidden.options), hidden.type_name) == ("PROMPT", {}, "PROMPT")
    assert InputSpec("x", "required", []).type is None
    assert InputSpec("x", "required", [["a"]]).type_name == "COMBO"


def test_inputs_that_list_files_are_known():
    """Models by their ending, uploads by their mark."""
    assert InputSpec("x", "required", [["a.safetensors"]]).is_file
    assert InputSpec("x", "required", [["a"], {"image_upload": True}]).is_file
    assert not InputSpec("x", "required", [["euler"]]).is_file


def test_a_class_tells_its_kind_and_its_pack():
    """From a real server: V1 core, V3 core, and a pack."""
    inventory = Inventory(real("0.3.64-aug"))
    assert len(inventory) == sum(1 for _ in inventory) > 100
    loader = inventory.get("LoadImage")
    assert loader is not None
    assert (loader.is_v3, loader.pack, loader.outputs) == (False, "ComfyUI", ["IMAGE", "MASK"])
    assert inventory.input_files == ["example.png", "zwei.png"]
    assert "RES4LYF" in inventory.packs
    assert not inventory.has_backslashes


def test_a_broken_inventory_is_read_as_far_as_it_goes():
    """Entries that are no objects are no classes."""
    inventory = Inventory({"A": None, "B": {"input": [], "output": "IMAGE"}, "C": {"input": {"required": 5}}})
    found = inventory.get("B")
    assert "A" not in inventory
    assert found is not None
    assert (found.outputs, list(found.specs()), found.pack) == (None, [], None)
    assert list(inventory.get("C").inputs) == []
    assert Inventory(None).get("B") is None
    assert Inventory({}).get(["B"]) is None
    assert Inventory({}).input_files is None
    assert inventory.packs == {}
