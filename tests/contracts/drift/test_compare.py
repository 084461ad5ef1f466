"""What a change means to a workflow: rejected, failing late, another picture, or nothing."""

import copy

import pytest

from comfytape_contracts.drift import NamedWorkflow, compare_inventories, diff_inventories


def errors(findings):
    return [(f.rule, f.server_error, f.location.node_id, f.location.input) for f in findings if f.severity == "error"]


def warnings(findings):
    return [(f.rule, f.location.node_id, f.location.input) for f in findings if f.severity == "warning"]


@pytest.fixture
def after(inventory):
    return copy.deepcopy(inventory)


def required(inventory, name="ImageScale"):
    return inventory[name]["input"]["required"]


def test_a_new_required_input_rejects(inventory, after, workflow):
    """Default or not: the server never fills it in. The hint says what to add."""
    required(after)["steps"] = ["INT", {"default": 1}]
    findings = diff_inventories(inventory, after, [workflow])

    assert errors(findings) == [("required-input-added", "required_input_missing", "2", "steps")]
    assert findings[0].hint == 'Add "steps": 1 to the node; that is its default.'


def test_what_the_workflow_supplies_already_is_fine(inventory, after, workflow):
    """The input became required, and is there."""
    required(after)["steps"] = ["INT", {"default": 1}]
    workflow["2"]["inputs"]["steps"] = 2

    assert errors(diff_inventories(inventory, after, [workflow])) == []


def test_an_option_in_use_rejects_and_another_does_not(inventory, after, workflow):
    """Only the value that the workflow has counts."""
    required(after)["upscale_method"][0].remove("area")
    rejected = diff_inventories(inventory, after, [workflow])
    workflow["2"]["inputs"]["upscale_method"] = "bilinear"
    passed = diff_inventories(inventory, after, [workflow])

    assert errors(rejected) == [("option-removed", "value_not_in_list", "2", "upscale_method")]
    assert [(f.rule, str(f.severity)) for f in passed] == [("option-removed", "info")]
    assert "is not affected" in passed[0].message


def test_a_range_past_the_value_rejects(inventory, after, workflow):
    """The smallest value rose above the one in use."""
    required(after)["width"][1]["min"] = 33

    assert errors(diff_inventories(inventory, after, [workflow])) == [
        ("minimum-raised", "value_smaller_than_min", "2", "width")
    ]


def test_a_link_into_an_input_that_is_gone_fails_late(inventory, after, workflow):
    """POST /prompt takes it; running the node raises."""
    del required(after, "SaveImage")["images"]
    (finding, *_rest) = diff_inventories(inventory, after, [workflow])

    assert (finding.rule, finding.server_error) == ("required-input-removed", None)
    assert finding.severity == "error"
    assert "fails late" in finding.message


def test_a_value_for_an_input_that_is_gone_is_ignored(inventory, after, workflow):
    """The picture may change: a warning."""
    del required(after)["crop"]
    findings = diff_inventories(inventory, after, [workflow])

    assert errors(findings) == []
    assert warnings(findings) == [("required-input-removed", "2", "crop")]


def test_a_class_that_is_gone_rejects_wherever_it_stands(inventory, after, workflow):
    """Even on a branch that leads nowhere."""
    workflow["9"] = {"class_type": "GetImageSize", "inputs": {"image": ["1", 0]}}
    del after["GetImageSize"]

    assert errors(diff_inventories(inventory, after, [workflow])) == [("class-removed", "invalid_prompt", "9", None)]


def test_a_renamed_class_says_its_new_name(inventory, after, workflow):
    """One finding, and the hint is the cure."""
    after["ImageScaleTo"] = after.pop("ImageScale")
    (finding,) = diff_inventories(inventory, after, [workflow])

    assert (finding.rule, finding.hint) == (
        "class-renamed",
        "Set class_type to 'ImageScaleTo'; inputs and outputs are the same.",
    )


def sized(workflow, slot):
    """A slot of GetImageSize as the width of the picture."""
    workflow["4"] = {"class_type": "GetImageSize", "inputs": {"image": ["1", 0]}}
    workflow["2"]["inputs"]["width"] = ["4", slot]
    return workflow


def test_a_slot_of_another_type_rejects(inventory, after, workflow):
    """INT into FLOAT's place and the other way round is refused."""
    after["GetImageSize"]["output"][1] = "FLOAT"

    assert errors(diff_inventories(inventory, after, [sized(workflow, 1)])) == [
        ("output-retyped", "return_type_mismatch", "2", "width")
    ]
    assert errors(diff_inventories(inventory, after, [sized(workflow, 0)])) == []


def test_slots_that_changed_places_are_risky(inventory, after, workflow):
    """Width and height swapped: both INT, so it runs, on the wrong value."""
    after["GetImageSize"]["output_name"] = ["height", "width", "batch_size"]
    findings = diff_inventories(inventory, after, [sized(workflow, 0)])

    assert errors(findings) == []
    assert ("output-moved", "2", "width") in warnings(findings)


def test_a_slot_past_the_end_rejects(inventory, after, workflow):
    """The server raises while it checks."""
    for key in ("output", "output_name", "output_is_list"):
        after["GetImageSize"][key] = after["GetImageSize"][key][:2]

    assert errors(diff_inventories(inventory, after, [sized(workflow, 2)])) == [
        ("output-removed", "exception_during_inner_validation", "2", "width")
    ]


def test_no_output_left_rejects(inventory, after, workflow):
    """SaveImage is no output node any more."""
    after["SaveImage"]["output_node"] = False

    assert errors(diff_inventories(inventory, after, [workflow])) == [
        ("output-node-lost", "prompt_no_outputs", None, None)
    ]


def test_an_added_option_rejects_a_linked_list(real):
    """A list of options that feeds a combo must be equal to it; installing a pack makes it unequal."""
    before, after = real["0.3.64-none"], real["0.3.64-aug"]
    feeder = {
        "feeder": before["KSampler"]
        | {
            "input": {"required": {}},
            "output": [before["KSampler"]["input"]["required"]["scheduler"][0]],
            "output_name": ["scheduler"],
            "output_is_list": [False],
            "python_module": "custom_nodes.feeder",
        }
    }
    workflow = {
        "1": {"class_type": "feeder", "inputs": {}},
        "2": {"class_type": "BasicScheduler", "inputs": {"model": ["3", 0], "scheduler": ["1", 0], "steps": 1, "denoise": 1}},
        "3": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": before["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0][0]}},
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    }  # fmt: skip
    findings = diff_inventories(before | feeder, after | feeder, [workflow])

    assert errors(findings) == [("option-added", "return_type_mismatch", "2", "scheduler")]


def test_what_was_wrong_before_is_no_drift(inventory, after, workflow):
    """The workflow was rejected before for the same reason."""
    workflow["2"]["inputs"]["width"] = "abc"
    after["ImageScale"]["description"] = "changed"

    assert errors(diff_inventories(inventory, after, [workflow])) == []


def test_a_stricter_server_is_named_as_the_cause(real):
    """From 0.8.0 on options of V3 nodes are checked: same inventory, other verdict."""
    workflow = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "2": {
            "class_type": "ImageStitch",
            "inputs": {"image1": ["1", 0], "direction": "upwards", "match_image_size": True, "spacing_width": 0, "spacing_color": "white"},
        },
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }  # fmt: skip
    up = diff_inventories(real["0.7.0-aug"], real["0.8.2-new"], [workflow])
    down = diff_inventories(real["0.8.2-new"], real["0.7.0-aug"], [workflow])

    assert errors(up) == [("check-tightened", "value_not_in_list", "2", "direction")]
    assert errors(down) == []
    assert ("check-loosened", "2", "direction") in warnings(down)


def test_a_file_of_the_input_folder_that_went(inventory, after):
    """The list is content, and no change; a workflow that names the file is rejected all the same."""
    listed = required(inventory, "LoadImage")["image"][0]
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": listed[0]}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    required(after, "LoadImage")["image"][0] = listed[1:]

    assert errors(diff_inventories(inventory, after, [workflow])) == [
        ("input-file-removed", "custom_validation_failed", "1", "image")
    ]
    assert diff_inventories(inventory, after) == []


def test_a_file_of_another_kind_may_only_be_left_out_of_the_list(inventory, after):
    """A sound in LoadImage's list: newer releases list images only and go on taking it."""
    required(inventory, "LoadImage")["image"][0].append("sound.wav")
    workflow = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "sound.wav"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }
    findings = diff_inventories(inventory, after, [workflow])

    assert errors(findings) == []
    assert warnings(findings) == [("input-file-removed", "1", "image")]


def test_an_option_beside_files_is_certain(real):
    """Load3D of 0.33 offers 'none' beside its files, 0.10 does not: refused, whatever the folder holds."""
    workflow = {
        "1": {"class_type": "Load3D", "inputs": {"model_file": "none", "image": {}, "width": 8, "height": 8}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 2]}},
    }

    assert errors(diff_inventories(real["0.33.0-new"], real["0.10.0-new"], [workflow])) == [
        ("input-file-removed", "value_not_in_list", "1", "model_file")
    ]


def test_a_missing_model_file_is_told_from_an_option(inventory, after):
    """A loader that lost its file has a rule of its own."""
    files = required(after, "CheckpointLoaderSimple")["ckpt_name"][0]
    gone = files.pop()
    workflow = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": gone}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "x", "clip": ["1", 1]}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
        "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
        "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "x"}},
    }

    assert errors(diff_inventories(inventory, after, [workflow])) == [
        ("model-option-removed", "value_not_in_list", "1", "ckpt_name")
    ]


def test_the_number_of_errors_falls_to_those_that_matter(real, workflow):
    """Dozens of errors between two releases, none for a workflow that none of them touches."""
    before, after = real["0.3.64-aug"], real["0.10.0-new"]

    assert len(errors(diff_inventories(before, after))) > 25
    assert errors(diff_inventories(before, after, [workflow])) == []


def test_without_a_workflow_the_finding_says_so(inventory, after):
    """Rated as if it were used, and it says so."""
    del after["ImageScale"]
    (finding,) = diff_inventories(inventory, after)

    assert (finding.severity, finding.server_error) == ("error", None)
    assert "No workflow given" in finding.message


def test_an_unused_class_is_an_info(inventory, after, workflow):
    """A class that no workflow has may go."""
    del after["GetImageSize"]
    (finding,) = diff_inventories(inventory, after, [workflow])

    assert (finding.severity, finding.message) == ("info", "GetImageSize (ComfyUI) is gone. No given workflow uses it.")


def test_each_workflow_is_named(inventory, after, workflow):
    """Two files that a change hits are two findings."""
    required(after)["steps"] = ["INT", {}]
    named = [NamedWorkflow(workflow, "a.json"), NamedWorkflow(workflow, "b.json")]
    findings = compare_inventories(inventory, after, named).findings

    assert [f.location.file for f in findings] == ["a.json", "b.json"]
    assert findings[0].message.startswith(
        "ImageScale (ComfyUI) has a new required input 'steps' (INT). a.json: node 2 ‘Smaller’"
    )


@pytest.mark.parametrize("wrap", [lambda w: {"prompt": w}, lambda w: {"input": {"workflow": w}}], ids=["prompt", "job"])
def test_envelopes_are_opened(wrap, inventory, after, workflow):
    """A request body and a RunPod job hold the same workflow."""
    required(after)["steps"] = ["INT", {}]

    assert len(errors(diff_inventories(inventory, after, [wrap(workflow)]))) == 1


def test_ui_workflows_are_converted(inventory, after):
    """The editor's own format is converted as of the inventory before."""
    ui = {
        "version": 0.4,
        "nodes": [
            {"id": 1, "type": "EmptyImage", "mode": 0, "inputs": [], "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": [64, 64, 1, 0]},
            {"id": 2, "type": "SaveImage", "mode": 0, "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "outputs": [], "widgets_values": ["x"]},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]],
    }  # fmt: skip
    required(after, "SaveImage")["quality"] = ["INT", {"default": 90}]

    assert errors(diff_inventories(inventory, after, [ui])) == [
        ("required-input-added", "required_input_missing", "2", "quality")
    ]


def test_risky_flags_of_used_classes_are_warnings(inventory, after, workflow):
    """Deprecated and paid: still runs, worth knowing."""
    after["ImageScale"] |= {"deprecated": True, "api_node": True}

    assert {rule for rule, _, _ in warnings(diff_inventories(inventory, after, [workflow]))} == {
        "class-deprecated",
        "class-paid",
    }


def test_fingerprints_survive_other_words_and_tell_places_apart(inventory, after, workflow):
    """The same change hitting two nodes has two fingerprints; run twice they are the same."""
    workflow["5"] = copy.deepcopy(workflow["2"])
    workflow["6"] = {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "x"}}
    required(after)["steps"] = ["INT", {}]
    first, second = (diff_inventories(inventory, after, [workflow]) for _ in range(2))

    assert [f.fingerprint for f in first] == [f.fingerprint for f in second]
    assert len({f.fingerprint for f in first}) == 2
