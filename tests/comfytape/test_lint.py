"""comfytape lint, as a person types it."""

import json
import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

DATA = Path(__file__).parents[1] / "data" / "lint"
GOOD = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


@pytest.fixture
def inventory(tmp_path):
    """/object_info of a real ComfyUI 0.3.64 with RES4LYF, as a file."""
    with lzma.open(DATA / "0.3.64-aug.jsonl.xz", "rt", encoding="utf-8") as lines:
        document = json.loads(next(lines))["inventory"]
    path = tmp_path / "object_info.json"
    path.write_text(json.dumps(document))
    return path


def lint(tmp_path, inventory, workflow, *options):
    path = tmp_path / "workflow.json"
    path.write_text(workflow if isinstance(workflow, str) else json.dumps(workflow, indent=2))
    return CliRunner().invoke(cli, ["lint", str(path), "--inventory", str(inventory), *options])


def test_a_good_workflow_passes(tmp_path, inventory):
    """Exit code 0, and the first word is PASS."""
    result = lint(tmp_path, inventory, GOOD)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("PASS")
    assert "would take it" in result.output


def test_a_bad_workflow_fails_at_file_and_line(tmp_path, inventory):
    """Exit code 1; the finding points at the input's line, inside the envelope too."""
    bad = json.loads(json.dumps(GOOD))
    bad["1"]["inputs"]["width"] = -5
    result = lint(tmp_path, inventory, {"input": {"workflow": bad}})
    assert result.exit_code == 1
    assert "-5 is below the minimum of 1" in result.output
    assert "workflow.json:7 · value-below-minimum" in result.output


def test_the_cause_comes_first(tmp_path, inventory):
    """A pack that is not loaded, then its classes."""
    bare = {name: c for name, c in json.loads(inventory.read_text()).items() if "RES4LYF" not in c["python_module"]}
    inventory.write_text(json.dumps(bare))
    missing = {
        "3": {"class_type": "Sigmas Rescale", "inputs": {}},
        "4": {"class_type": "ClownsharKSampler_Beta", "inputs": {}},
    }
    result = lint(tmp_path, inventory, GOOD | missing)
    assert result.exit_code == 1
    assert "RES4LYF is not loaded: 2 of its classes are missing" in result.output.splitlines()[2]


def test_json_is_one_object(tmp_path, inventory):
    """With the keys that machines rely on."""
    bad = json.loads(json.dumps(GOOD))
    bad["2"]["inputs"]["images"] = ["99", 0]
    result = lint(tmp_path, inventory, bad, "--json")
    document = json.loads(result.output)
    assert result.exit_code == 1
    assert (document["verdict"], document["counts"]["error"]) == ("fail", 1)
    error = next(finding for finding in document["findings"] if finding["severity"] == "error")
    assert error["server_error"] == "exception_during_validation"
    assert error["location"]["line"] == 14


def test_the_ui_format_is_converted(tmp_path, inventory):
    """What ComfyUI's editor saves can be linted as it is."""
    nodes = [
        {
            "id": 1,
            "type": "EmptyImage",
            "widgets_values": [64, 64, 1, 255],
            "inputs": [],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
            "mode": 0,
            "order": 0,
        },
        {
            "id": 2,
            "type": "SaveImage",
            "widgets_values": ["x"],
            "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
            "outputs": [],
            "mode": 0,
            "order": 1,
        },
    ]
    ui = {"nodes": nodes, "links": [[1, 1, 0, 2, 0, "IMAGE"]], "version": 0.4, "last_node_id": 2, "last_link_id": 1}
    result = lint(tmp_path, inventory, ui)
    assert result.exit_code == 0, result.output
    assert "converted from the UI format" in result.output


def test_an_empty_inventory_is_a_mistake_of_use(tmp_path, inventory):
    """Everything would be unknown; that says nothing about the workflow."""
    inventory.write_text("{}")
    assert lint(tmp_path, inventory, GOOD).exit_code == 2


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_file_that_is_no_workflow_is_a_mistake_of_use(tmp_path, inventory, text):
    """Exit code 2 and a sentence, no traceback."""
    result = lint(tmp_path, inventory, text)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_nothing_inside_an_envelope_is_refused(tmp_path, inventory):
    """A request whose prompt is null."""
    result = lint(tmp_path, inventory, {"prompt": None})
    assert result.exit_code == 1
    assert "expected an object of nodes, got null" in result.output
