"""The prompt is the one that ComfyUI's own frontend writes."""

import functools
import importlib.util
import json
from pathlib import Path

import pytest

from comfytape_contracts.convert import ConversionError, convert_workflow

ROOT = Path(__file__).parents[3]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recordings = load(Path(__file__).with_name("recordings.py"))
benchmark = load(ROOT / "benchmarks" / "conversion.py")


def without_titles(prompt):
    return {key: (node["class_type"], node["inputs"]) for key, node in prompt.items()}


@functools.cache
def conversions(name):
    """Ours by name, None where refused."""
    results = {}
    for case in recordings.cases(name):
        try:
            results[case["name"]] = convert_workflow(case["ui"], recordings.inventory(name))
        except ConversionError:
            results[case["name"]] = None
    return results


def text(value):
    """1, 1.0 and true are three different texts."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("name", recordings.SETS)
def test_every_recorded_workflow_comes_out_as_from_the_frontend_unless_explained(name):
    """Node for node and value for value; the exceptions are exactly those of differences.json."""
    differing = set()
    for case in recordings.cases(name):
        ours = conversions(name)[case["name"]]
        if ours is None or text(without_titles(ours)) != text(without_titles(case["prompt"])):
            differing.add(case["name"])
    assert differing == set(recordings.differences(name))


@pytest.mark.parametrize("name", recordings.SETS)
def test_titles_differ_only_where_the_frontend_translates_the_class_name(name):
    """A title that is written in the file, or that the class gives, is the one in the prompt."""
    inventory = recordings.inventory(name)
    differing = set()
    for case in recordings.cases(name):
        if case["name"] in recordings.differences(name):
            continue
        ours = conversions(name)[case["name"]]
        for key, node in case["prompt"].items():
            if ours[key]["_meta"]["title"] != node["_meta"]["title"]:
                info = inventory[node["class_type"]]
                assert ours[key]["_meta"]["title"] in (info["display_name"], node["class_type"])
                differing.add(node["class_type"])
    assert len(differing) <= 5


def test_refused_workflows_name_the_node_that_the_browser_draws():
    """Where the picture comes into being only in the browser, the refusal says so."""
    case = recordings.case("templates-0.33.0", "api_hunyuan3d_part")
    with pytest.raises(ConversionError, match=r"node 36 \(Load3D\).*the browser draws") as caught:
        convert_workflow(case["ui"], recordings.inventory("templates-0.33.0"))
    assert (caught.value.node_id, caught.value.class_type) == ("36", "Load3D")


def test_the_workflow_given_is_left_as_it_was():
    """Conversion works on copies."""
    case = recordings.case("templates-0.10.0", "image_z_image_turbo")
    before = text(case["ui"])
    convert_workflow(case["ui"], recordings.inventory("templates-0.10.0"))
    assert text(case["ui"]) == before


def test_keys_stand_in_the_frontend_s_order():
    """Numbers ascending, then ids of inner nodes as they are met."""
    case = recordings.case("templates-0.10.0", "image_z_image_turbo")
    ours = convert_workflow(case["ui"], recordings.inventory("templates-0.10.0"))
    assert list(ours) == list(case["prompt"])


def test_the_table_in_the_document_is_the_one_that_the_command_prints():
    """docs/conversion.md and benchmarks/conversion.py agree."""
    lines = [benchmark.HEADER]
    for name, *titles in benchmark.SETS:
        ours = conversions(name)
        lines.append(
            benchmark.row(*titles, [benchmark.outcome(ours[c["name"]], c["prompt"]) for c in recordings.cases(name)])
        )
    page = (ROOT / "docs" / "conversion.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table -->\n")[2].partition("<!-- end of table -->")[0]
    assert table == "\n".join(lines) + "\n"
