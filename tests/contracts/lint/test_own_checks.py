"""Classes that check their inputs themselves, as far as is known."""

import pytest

from comfytape_contracts.lint import lint_workflow

IMAGE = {
    "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
    "output": ["IMAGE"],
    "python_module": "nodes",
}


def core(name, inputs, *, v3=False, module="comfy_extras.x"):
    keys = {"output_tooltips": None, "deprecated": False, "experimental": False, "api_node": False} if v3 else {}
    return {
        name: {"input": {"required": inputs}, "output": ["X"], "output_node": True, "python_module": module, **keys}
    }


def said(inventory, class_type, inputs, version="0.10.0"):
    graph = {"1": {"class_type": class_type, "inputs": inputs}, "2": {"class_type": "Any", "inputs": {}}}
    source = {"Any": {"input": {}, "output": ["*", "MODEL_TASK_ID", "STRING"], "python_module": "nodes"}}
    findings = lint_workflow(graph, inventory | source, comfyui_version=version)
    return [(f.rule, f.location.input, f.server_error) for f in findings if f.rule != "node-not-run"]


FAILED = "custom_validation_failed"
CRASH = "exception_during_validation"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.png", []),
        ("b.png", [("own-check-failed", "image", FAILED)]),
        ("a.png [temp]", [("file-not-listed", "image", None)]),
        ("sub/b.png", [("file-not-listed", "image", None)]),
        ("", [("file-not-listed", "image", None)]),
        ("sub\\b.png", [("own-check-failed", "image", FAILED)]),
        (5, [("check-fails", "image", CRASH)]),
        ({"__value__": "a.png"}, []),
    ],
)
def test_a_file_must_be_there(value, expected):
    """LoadImage looks for the file itself; what it does not list may be there all the same."""
    inventory = core("LoadImage", IMAGE["input"]["required"], module="nodes")
    assert said(inventory, "LoadImage", {"image": value}) == expected


def test_a_check_without_its_argument_raises():
    """LoadImage without image: not a missing input but an exception."""
    found = said(core("LoadImage", IMAGE["input"]["required"], module="nodes"), "LoadImage", {})
    assert ("check-fails", "image", CRASH) in found
    assert ("missing-required-input", "image", None) in found


def test_on_windows_a_backslash_is_a_folder():
    """Where some file of the server is listed with one."""
    inventory = core("LoadImage", IMAGE["input"]["required"], module="nodes")
    inventory |= core("Other", {"x": [["sub\\m.safetensors"]]})
    assert said(inventory, "LoadImage", {"image": "sub\\b.png"}) == [("file-not-listed", "image", None)]


def test_a_class_that_lists_no_files_is_held_against_the_input_folder():
    """WebcamCapture writes its picture there."""
    inventory = core("WebcamCapture", {"image": ["WEBCAM", {}]}, module="nodes")
    assert said(inventory, "WebcamCapture", {"image": "x.png"}) == [("file-not-listed", "image", None)]
    inventory["LoadImage"] = IMAGE
    assert said(inventory, "WebcamCapture", {"image": "x.png"}) == [("own-check-failed", "image", FAILED)]


def test_another_packs_class_of_the_same_name_is_not_known():
    """Knowledge is of a pack's class, not of a name."""
    inventory = core("LoadImage", IMAGE["input"]["required"], module="custom_nodes.other")
    assert said(inventory, "LoadImage", {"image": "b.png"}) == [("file-not-available", "image", "value_not_in_list")]


def test_a_check_may_take_over_every_input():
    """CustomCombo since 0.11.0 takes anything; before, only its choice."""
    inventory = core("CustomCombo", {"choice": ["COMBO", {"options": []}], "index": ["INT", {"max": 5}]}, v3=True)
    assert said(inventory, "CustomCombo", {"choice": "x", "index": 9}, "0.11.0") == []
    assert said(inventory, "CustomCombo", {"choice": "x", "index": 9}) == [
        ("value-above-maximum", "index", "value_bigger_than_max")
    ]


def test_a_blank_needs_no_file():
    """Load3D since 0.25.0; each input it takes is named when it refuses."""
    inventory = core("Load3D", {"model_file": [["3d/a.glb", "none"]], "width": ["INT", {}]}, v3=True)
    assert said(inventory, "Load3D", {"model_file": "", "width": 5}, "0.27.0") == []
    assert said(inventory, "Load3D", {"model_file": "b.glb", "width": 5}, "0.27.0") == [
        ("own-check-failed", "model_file", FAILED),
        ("own-check-failed", "width", FAILED),
    ]


def test_a_ratio_must_be_one():
    """FLUX ultra: refused before 0.3.68, an exception since."""
    inventory = core("FluxProUltraImageNode", {"aspect_ratio": ["STRING", {}]}, module="comfy_api_nodes.nodes_bfl")
    assert said(inventory, "FluxProUltraImageNode", {"aspect_ratio": "16:9"}) == []
    assert said(inventory, "FluxProUltraImageNode", {"aspect_ratio": "9:1"}, "0.3.64")[0][2] == FAILED
    assert said(inventory, "FluxProUltraImageNode", {"aspect_ratio": "1:0"}, "0.10.0")[0][2] == CRASH


def test_a_camera_must_move():
    """Kling asks for one value that is not zero; a text that is no number raises."""
    names = ["horizontal_movement", "vertical_movement", "pan", "tilt", "roll", "zoom"]
    inventory = core("KlingCameraControls", {name: ["FLOAT", {}] for name in names}, module="comfy_api_nodes.k")
    assert said(inventory, "KlingCameraControls", dict.fromkeys(names, 0.0) | {"pan": 1.0}) == []
    assert len(said(inventory, "KlingCameraControls", dict.fromkeys(names, 0.0))) == 6
    assert ("check-fails", None, CRASH) in said(inventory, "KlingCameraControls", dict.fromkeys(names, "x"))


def test_a_class_may_judge_the_types_of_its_links():
    """Tripo's conversion takes three kinds of task."""
    inventory = core("TripoConversionNode", {"original_model_task_id": ["A,B", {}]}, module="comfy_api_nodes.t")
    assert said(inventory, "TripoConversionNode", {"original_model_task_id": ["2", 1]}) == []
    refused = said(inventory, "TripoConversionNode", {"original_model_task_id": ["2", 2]})
    assert refused == [("own-check-failed", "input_types", FAILED)]
    assert said(inventory, "TripoConversionNode", {"original_model_task_id": "x"})[0][2] == CRASH
