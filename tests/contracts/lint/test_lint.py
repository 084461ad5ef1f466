"""What lint says of single problems, in words a person can use."""

import json

import pytest

from comfytape_contracts.lint import lint_request, lint_workflow
from comfytape_contracts.lint.wording import _WORDS
from comfytape_contracts.rules import catalogue


def only(findings, rule):
    found = [finding for finding in findings if finding.rule == rule]
    assert len(found) == 1, [(finding.rule, finding.message) for finding in findings]
    return found[0]


def rules(findings):
    return [finding.rule for finding in findings]


SAMPLER = {
    "class_type": "KSampler",
    "inputs": {
        "seed": 1,
        "steps": 8,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
    },
}


def test_a_good_workflow_has_no_findings(old, new, good):
    """On an old and on a new release."""
    assert lint_workflow(good, old) == []
    assert lint_workflow(good, new) == []


def test_a_misspelt_option_gets_the_nearest(old, good):
    """Node, title, class, input, value and what is allowed are all in the sentence."""
    good["3"] = json.loads(json.dumps(SAMPLER)) | {"_meta": {"title": "The sampler"}}
    good["3"]["inputs"]["sampler_name"] = "eulr"
    good["2"]["inputs"]["images"] = ["3", 0]
    finding = only(
        lint_workflow(good | {"2": {"class_type": "PreviewAny", "inputs": {"source": ["3", 0]}}}, old),
        "value-not-in-list",
    )

    assert finding.message.startswith(
        "node 3 ‘The sampler’ (KSampler), sampler_name: 'eulr' is not among the 61 options"
    )
    assert "Did you mean 'euler'?" in finding.message
    assert finding.server_error == "value_not_in_list"
    assert (finding.actual, finding.expected[0]) == ("eulr", "euler")


def test_an_option_of_a_pack_that_is_not_loaded_names_the_pack(inventories, good):
    """res_2m in KSampler comes with RES4LYF; on a server without it that is the cause."""
    bare = inventories["0.33.0-none"]
    sampler = json.loads(json.dumps(SAMPLER))
    sampler["inputs"]["scheduler"] = "beta57"
    finding = only(
        lint_workflow({"1": sampler, "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}}, bare),
        "value-not-in-list",
    )
    assert finding.hint == "'beta57' comes with RES4LYF, which is not loaded on this server."


def test_a_path_with_the_other_separator_is_recognised(old, good):
    """A Windows path on a Linux server."""
    good["1"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sub\\b.safetensors"}}
    good["2"] = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    finding = only(lint_workflow(good, old), "file-not-available")
    assert finding.hint == "Write the path as this server does: 'sub/b.safetensors'."


def test_a_file_in_another_folder_is_found_there(old, good):
    """The server has it, for another loader."""
    good["1"] = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "vae_a.safetensors"}}
    good["2"] = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    finding = only(lint_workflow(good, old), "file-not-available")
    assert finding.hint.startswith("The file is there for")
    assert "VAELoader.vae_name" in finding.hint


def test_missing_classes_of_one_pack_have_one_cause(old, good):
    """The cause comes first, then one finding a node."""
    without = {name: entry for name, entry in old.items() if "RES4LYF" not in entry["python_module"]}
    good["3"] = {"class_type": "Sigmas Rescale", "inputs": {}}
    good["4"] = {"class_type": "ClownsharKSampler_Beta", "inputs": {}}
    findings = lint_workflow(good, without)

    assert rules(findings) == ["pack-not-loaded", "unknown-class", "unknown-class"]
    assert findings[0].message.startswith("RES4LYF is not loaded: 2 of its classes are missing")
    assert [finding.location.node_id for finding in findings] == [None, "3", "4"]
    assert {finding.server_error for finding in findings} == {"invalid_prompt"}


def test_a_class_missing_from_a_loaded_pack_is_a_matter_of_its_version(old, good):
    """The pack is there, this class is not."""
    less = {name: entry for name, entry in old.items() if name != "Sigmas Rescale"}
    good["3"] = {"class_type": "Sigmas Rescale", "inputs": {}}
    finding = only(lint_workflow(good, less), "unknown-class")
    assert finding.hint == "Install the version of RES4LYF that has this class."


def test_a_misspelt_class_gets_the_nearest(old, good):
    """Where no pack is known for it."""
    good["1"]["class_type"] = "EmptyImge"
    assert "Did you mean 'EmptyImage'?" in only(lint_workflow(good, old), "unknown-class").message


def test_what_stands_behind_a_refusal_is_said_too(old, good):
    """The server stops at the unknown class; a person wants all of it at once."""
    good["1"]["inputs"]["width"] = -5
    good["3"] = {"class_type": "Nope", "inputs": {}}
    findings = lint_workflow(good, old)
    hidden = only(findings, "value-below-minimum")
    assert rules(findings) == ["value-below-minimum", "unknown-class"]
    assert (hidden.severity, hidden.server_error) == ("error", None)
    assert "once it gets past the other problems" in hidden.hint


def test_the_branch_that_is_dropped_warns(old, good):
    """The server answers 200 and runs the other output: no error, yet said."""
    good["3"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}
    findings = lint_workflow(good, old)
    assert {finding.severity for finding in findings} == {"warning"}
    assert only(findings, "missing-required-input").server_error == "required_input_missing"
    assert only(findings, "output-dropped").location.node_id == "3"


def test_an_undeclared_link_fails_late(old, good):
    """POST passes, the node's function does not take it."""
    good["2"]["inputs"]["image"] = ["1", 0]
    finding = only(lint_workflow(good, old), "undeclared-link")
    assert (finding.severity, finding.server_error) == ("error", None)
    assert "fails late" in finding.message
    assert "Did you mean 'images'?" in finding.message


def test_an_undeclared_link_to_nowhere_kills_the_worker(old, good):
    """The zombie server."""
    good["2"]["inputs"]["foo"] = ["77", 0]
    finding = only(lint_workflow(good, old), "dangling-undeclared-link")
    assert finding.severity == "error"
    assert "worker thread" in finding.message


def test_an_undeclared_link_into_a_class_that_takes_any_only_warns(old, good):
    """ClownOptions_Combine takes what it is given; so do numbered inputs beside a declared one."""
    good["3"] = {"class_type": "ClownOptions_Combine", "inputs": {"options": ["3", 0]}}
    numbered = {"Switch": {"input": {"required": {"input1": ["IMAGE"]}}, "output": ["IMAGE"], "output_node": True}}
    graph = {"1": good["1"], "2": {"class_type": "Switch", "inputs": {"input1": ["1", 0], "input2": ["1", 0]}}}
    finding = only(lint_workflow(graph, old | numbered), "undeclared-link")
    assert finding.severity == "warning"


def test_an_undeclared_value_is_ignored_by_the_server_and_warns(old, good):
    """Leftovers of the editor do not."""
    good["1"]["inputs"] |= {"widht": 5, "control_after_generate": "fixed"}
    finding = only(lint_workflow(good, old), "undeclared-value")
    assert finding.severity == "warning"
    assert "Did you mean 'width'?" in finding.message


def test_a_literal_in_a_socket_is_risky(old, good):
    """Nothing checks it."""
    good["2"]["inputs"]["images"] = "picture.png"
    finding = only(lint_workflow(good, old), "literal-in-socket")
    assert (finding.severity, finding.server_error) == ("warning", None)


def test_conversions_that_change_the_value_are_said(old, good):
    """64.9 becomes 64; NaN is refused as an INT."""
    good["1"]["inputs"]["width"] = 64.9
    assert only(lint_workflow(good, old), "surprising-conversion").severity == "warning"
    good["1"]["inputs"]["width"] = float("nan")
    assert "value-not-convertible" in rules(lint_workflow(good, old))


def test_an_option_nobody_checks_is_risky_before_0_8(inventories, good):
    """The same workflow is refused later."""
    stitch = {
        "class_type": "ImageStitch",
        "inputs": {
            "image1": ["1", 0],
            "direction": "rigth",
            "match_image_size": True,
            "spacing_width": 0,
            "spacing_color": "white",
        },
    }
    graph = good | {
        "2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
        "3": stitch,
    }
    stitches = inventories["0.10.0-new"] | {"ImageStitch": V3_STITCH}
    assert only(lint_workflow(graph, stitches), "value-not-in-list").severity == "error"
    before = inventories["0.3.64-aug"] | {"ImageStitch": V3_STITCH}
    risky = only(lint_workflow(graph, before), "unchecked-option")
    assert (risky.severity, risky.server_error) == ("warning", None)


V3_STITCH = {
    "input": {
        "required": {
            "image1": ["IMAGE", {}],
            "direction": ["COMBO", {"options": ["right", "down"]}],
            "match_image_size": ["BOOLEAN", {}],
            "spacing_width": ["INT", {}],
            "spacing_color": ["COMBO", {"options": ["white"]}],
        }
    },
    "output": ["IMAGE"],
    "output_node": False,
    "python_module": "comfy_extras.nodes_images",
    "output_tooltips": None,
    "deprecated": False,
    "experimental": False,
    "api_node": False,
}


def test_a_sampler_without_model_is_risky(old):
    """RES4LYF declares it optional."""
    graph = {
        "1": {"class_type": "ClownsharKSampler_Beta", "inputs": {}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    assert only(lint_workflow(graph, old), "model-left-out").location.input == "model"


def test_a_pack_may_know_its_options_by_their_ending(old):
    """RES4LYF takes res_2m for multistep/res_2m, and so does lint."""
    graph = {
        "1": {"class_type": "ClownsharKSampler_Beta", "inputs": {"sampler_name": "res_2m"}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    assert "value-not-in-list" not in rules(lint_workflow(graph, old))
    graph["1"]["inputs"]["sampler_name"] = "res_2"
    assert "value-not-in-list" in rules(lint_workflow(graph, old))
    graph["1"]["inputs"]["sampler_name"] = "elsewhere/res_2m"
    assert "value-not-in-list" not in rules(lint_workflow(graph, old))


def test_a_server_too_old_for_the_model_is_risky(old, good):
    """Z-Image came with 0.3.74; the release may be given, or judged from a whole inventory."""
    good["3"] = {
        "class_type": "UNETLoader",
        "inputs": {"unet_name": "z_image_turbo_bf16.safetensors", "weight_dtype": "default"},
    }
    told = lint_workflow(good, old, comfyui_version="0.3.64")
    assert "needs ComfyUI 0.3.74 or newer" in only(told, "comfyui-too-old").message
    assert "comfyui-too-old" not in rules(lint_workflow(good, old))
    assert "comfyui-too-old" not in rules(lint_workflow(good, old, comfyui_version="0.3.75"))
    assert "comfyui-too-old" not in rules(lint_workflow(good, old, comfyui_version="master"))


def test_a_node_that_nothing_needs_is_mentioned(old, good):
    """It is neither checked nor run."""
    good["3"] = {"class_type": "KSampler", "inputs": {}}
    finding = only(lint_workflow(good, old), "node-not-run")
    assert (finding.severity, finding.location.node_id) == ("info", "3")


def test_a_class_that_is_gone_is_replaced_by_new_releases(new, good):
    """Only with _meta; without it the server fails on the whole prompt."""
    node = {"class_type": "T2IAdapterLoader", "inputs": {"t2i_adapter_name": "controlnet_a.safetensors"}, "_meta": {}}
    graph = good | {"3": node}
    assert only(lint_workflow(graph, new), "class-replaced").severity == "warning"
    del node["_meta"]
    finding = only(lint_workflow(graph, new), "unknown-class")
    assert (finding.severity, finding.server_error) == ("error", None)
    node |= {"_meta": {}, "inputs": {}}
    assert "unknown-class" in rules(lint_workflow(graph, new))


def test_lists_that_differ_say_how(old, good):
    """A pack adds schedulers to one list and not to the other."""
    one = {"One": {"input": {"required": {}}, "output": [["a", "b"]]}}
    two = {"Two": {"input": {"required": {"x": [["a", "c"]]}}, "output": [], "output_node": True}}
    graph = {"1": {"class_type": "One", "inputs": {}}, "2": {"class_type": "Two", "inputs": {"x": ["1", 0]}}}
    finding = only(lint_workflow(graph, one | two), "link-type-mismatch")
    assert "only the output has 'b'; only the input has 'c'" in finding.hint
    two["Two"]["input"]["required"]["x"] = [["b", "a"]]
    assert "another order" in only(lint_workflow(graph, one | two), "link-type-mismatch").hint


def test_a_wrong_slot_lists_the_slots(old, good):
    """And an id that is a number says that ids are texts."""
    good["2"]["inputs"]["images"] = ["1", 3]
    assert "its slots: 0 IMAGE" in only(lint_workflow(good, old), "bad-link-slot").message
    good["2"]["inputs"]["images"] = [1, 0]
    finding = only(lint_workflow(good, old), "dangling-link")
    assert finding.hint == 'Write ["1", 0].'
    assert finding.server_error == "exception_during_validation"


def test_circles_are_named_where_the_release_names_them(old, new, good):
    """Before 0.20.0 the server drops them without a word."""
    good["3"] = {"class_type": "ImageInvert", "inputs": {"image": ["4", 0]}}
    good["4"] = {"class_type": "ImageInvert", "inputs": {"image": ["3", 0]}}
    good["5"] = {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "x"}}
    silent = only(lint_workflow(good, old), "dependency-cycle")
    assert (silent.severity, silent.server_error) == ("warning", None)
    named = [finding for finding in lint_workflow(good, new) if finding.rule == "dependency-cycle"]
    assert [finding.location.node_id for finding in named] == ["3", "4"]
    assert {finding.server_error for finding in named} == {"dependency_cycle"}


def test_findings_keep_their_fingerprint_when_words_change(old, good):
    """The same problem twice has one fingerprint; another value another."""
    good["1"]["inputs"]["width"] = -5
    first, again = lint_workflow(good, old), lint_workflow(good, old)
    good["1"]["inputs"]["width"] = -6
    assert [f.fingerprint for f in first] == [f.fingerprint for f in again]
    assert first[0].fingerprint != lint_workflow(good, old)[0].fingerprint


def test_python_keys_that_are_numbers_are_read_as_json_would(old, good):
    """A caller that builds the graph in Python may use numbers for ids."""
    assert lint_workflow({int(key): node for key, node in good.items()}, old) == []


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_a_body_that_is_no_object_is_no_workflow(old, body):
    """The server fails on it."""
    assert rules(lint_request(body, old)) == ["not-a-workflow"]


def test_a_request_without_prompt_is_refused_as_such(old):
    """With the server's own type."""
    assert lint_request({"client_id": "x"}, old)[0].server_error == "no_prompt"


def test_every_rule_that_lint_has_words_for_is_in_the_catalogue():
    """And every rule of its families has words, or is the lead finding."""
    ours = {rule.id for rule in catalogue().values() if rule.family in ("workflow", "late")}
    assert set(_WORDS) == ours - {"pack-not-loaded"}
