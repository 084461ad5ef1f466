"""Change records: each kind of change has its rule, and what means the same is no change."""

import copy
import importlib.util
from pathlib import Path

import pytest

from comfytape_contracts.drift import change_records, compare_inventories
from comfytape_contracts.rules import catalogue

_spec = importlib.util.spec_from_file_location("drift_changes", Path(__file__).with_name("changes.py"))
changes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(changes)


def rules_of(before, after):
    return {record.rule for record in change_records(before, after)}


@pytest.mark.parametrize("rule", changes.CHANGES)
def test_each_change_has_its_rule(rule, inventory):
    """An edit of a real class leads to the rule that names it, and to no rule of another severity."""
    before, after = changes.before_of(rule, inventory), copy.deepcopy(inventory)
    changes.CHANGES[rule](after)

    assert rule in rules_of(before, after)


@pytest.mark.parametrize("rule", [rule for rule in changes.CHANGES if catalogue()[rule].mirror])
def test_the_opposite_change_has_the_mirror_rule(rule, inventory):
    """What is added one way is removed the other way."""
    before, after = changes.before_of(rule, inventory), copy.deepcopy(inventory)
    changes.CHANGES[rule](after)

    assert catalogue()[rule].mirror in rules_of(after, before)


@pytest.mark.parametrize("rule", changes.CHANGES)
def test_every_change_is_put_into_words(rule, inventory):
    """A finding names the class or pack, and never shows a Python object."""
    before, after = changes.before_of(rule, inventory), copy.deepcopy(inventory)
    changes.CHANGES[rule](after)
    for finding in compare_inventories(before, after).findings:
        assert any(name in finding.message for name in (*before, *after, "RES4LYF")), finding.message
        assert "None" not in finding.message
        assert "{" not in finding.message.replace('{"engine', "")
        assert len(finding.fingerprint) == 16


def test_an_inventory_does_not_differ_from_itself(real):
    """Equal documents give no record, whichever objects they are made of."""
    document = real["0.10.0-new"]

    assert change_records(document, copy.deepcopy(document)) == []


def edited(inventory, edit):
    after = copy.deepcopy(inventory)
    edit(after)
    return after


SAME = {
    "flags absent": lambda inv: [raw.pop("api_node", None) for raw in inv.values()],
    "flags null": lambda inv: [raw.update(deprecated=None) for raw in inv.values() if not raw.get("deprecated")],
    "display name null": lambda inv: inv["ImageScale"].update(display_name=None),
    "tooltips of nothing": lambda inv: inv["GetImageSize"].pop("output_tooltips"),
    "8 and 8.0": lambda inv: changes.spec(inv, "ImageScale", "width")[1].update(min=0.0, max=16384.0),
    "2^64-1 as JavaScript has it": lambda inv: changes.spec(inv, "KSampler", "seed")[1].update(
        max=18446744073709552000
    ),
    "the list of the input folder": lambda inv: changes.spec(inv, "LoadImage", "image")[0].append("new.png"),
    "options with multiselect false": lambda inv: changes.spec(inv, "ImageStitch", "direction")[1].pop("multiselect"),
    "no options": lambda inv: changes.spec(inv, "ImageScale", "image").append({}),
}


@pytest.mark.parametrize("way", SAME)
def test_ways_of_writing_are_no_change(way, inventory):
    """What real pairs of servers write differently and mean the same is not reported."""
    assert change_records(inventory, edited(inventory, SAME[way])) == []


def test_v1_and_v3_with_the_same_options_differ_in_form_only(inventory):
    """58 inputs moved from V1 to V3 between 0.3.64 and 0.10.0: one quiet record each."""
    assert rules_of(inventory, edited(inventory, changes.to_v3)) == {"combo-form-v3"}


def test_an_input_inside_a_dynamic_one_is_followed(inventory):
    """A range inside a choice of a dynamic combo has its dotted name and the choice in its path."""

    def edit(inv):
        choices = changes.spec(inv, "ResizeImageMaskNode", "resize_type")[1]["options"]
        next(c for c in choices if c["key"] == "scale by multiplier")["inputs"]["required"]["multiplier"][1]["max"] = 2

    (record,) = change_records(inventory, edited(inventory, edit))
    assert (record.rule, record.input) == ("maximum-lowered", "resize_type.multiplier")
    assert "resize_type=scale by multiplier" in record.path


def test_a_choice_of_a_dynamic_input_is_an_option(inventory):
    """A choice that is gone is named like an option that is gone."""

    def edit(inv):
        changes.spec(inv, "ResizeImageMaskNode", "resize_type")[1]["options"].pop(0)

    (record,) = change_records(inventory, edited(inventory, edit))
    assert (record.rule, record.old) == ("option-removed", ["scale by multiplier"])


def test_what_a_growing_input_takes_is_followed(inventory):
    """The template of an autogrow input is an input like others."""

    def edit(inv):
        changes.template(inv)["input"]["required"]["image"][0] = "MASK"

    (record,) = change_records(inventory, edited(inventory, edit))
    assert (record.rule, record.input) == ("input-type-changed", "images.image")


def test_a_slot_in_the_middle_moves_the_ones_behind_it(real):
    """Load3D lost slot 4 between 0.3.64 and 0.10.0: one slot gone, two moved."""
    records = [r for r in change_records(real["0.3.64-aug"], real["0.10.0-new"]) if r.path[:2] == ("Load3D", "output")]

    assert [(r.rule, r.slot, r.new) for r in records] == [
        ("output-removed", 4, None),
        ("output-moved", 5, "slot 4"),
        ("output-moved", 6, "slot 5"),
    ]


def test_a_slot_put_in_front_moves_all(inventory):
    """An inserted slot is new, and every slot behind it moved."""

    def edit(inv):
        inv["GetImageSize"]["output"].insert(0, "IMAGE")
        inv["GetImageSize"]["output_name"].insert(0, "image")
        inv["GetImageSize"]["output_is_list"].insert(0, True)

    records = change_records(inventory, edited(inventory, edit))
    assert [r.rule for r in records] == ["output-added", "output-moved", "output-moved", "output-moved"]


def test_two_equal_sliders_are_not_one_renamed(inventory):
    """Where several inputs look alike only names that are much alike are paired."""

    def edit(inv):
        inputs = inv["EmptyImage"]["input"]["required"]
        inputs["breadth"], inputs["heights"] = inputs.pop("width"), inputs.pop("height")

    assert rules_of(inventory, edited(inventory, edit)) == {
        "input-renamed",
        "required-input-removed",
        "required-input-added",
    }


def test_what_a_real_upgrade_changed(real):
    """The counts between two real servers that the notes of both releases bear out."""
    records = change_records(real["0.3.64-none"], real["0.10.0-new"])
    required = {f"{r.class_type}.{r.input}" for r in records if r.rule == "required-input-added"}

    assert "ImageScaleToTotalPixels.resolution_steps" in required
    assert [r.new for r in records if r.rule == "class-renamed"] == ["SaveLoRA"]
    assert [r.path for r in records if r.rule == "pack-added"] == [("pack", "RES4LYF")]
