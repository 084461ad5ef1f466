"""Node classes: missing, of another pack, or never asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.checks import check
from comfytape_contracts.findings import Verdict
from comfytape_contracts.verdicts import ExitCode


@pytest.fixture
def with_inventory(rewritten, saying):
    """The shipped recording with a changed ``/object_info`` (and none of the answers for single classes)."""

    def make(change):
        def changed(exchange):
            if exchange.request.url.endswith("/object_info"):
                return saying(exchange, change(exchange.response.body.json()))
            return None if "/object_info/" in exchange.request.url else exchange

        return rewritten(changed)

    return make


@pytest.fixture
def scoped(few, rewritten):
    """A recording as ``--scoped`` makes it: single classes were asked for, these left out."""

    def make(*never_asked):
        return rewritten(
            lambda e: None if e.request.url.rpartition("/object_info/")[2] in never_asked else e, source=few
        )

    return make


def without(*classes):
    return lambda inventory: {name: node for name, node in inventory.items() if name not in classes}


def test_a_removed_class_is_found_with_everything_to_act_on(with_inventory, report, only):
    """Workflow file and line, node id, class, pack and the next step; the verdict is FAIL with exit code 1."""
    found = report(with_inventory(without("ClownsharKSampler_Beta")))
    finding = only(found, "required-node-missing")
    where = finding.location
    assert (where.node_id, where.class_type) == ("10", "ClownsharKSampler_Beta")
    assert where.file.endswith("workflow.json")
    assert '"10"' in Path(where.file).read_text().splitlines()[where.line - 1]
    assert "pack RES4LYF" in finding.message
    assert "IMPORT FAILED" in finding.hint
    assert finding.server_error == "invalid_prompt"
    assert (found.exit_code, found.verdict) == (ExitCode.BROKEN, Verdict.FAIL)


def test_a_class_of_comfyui_itself_is_no_pack_that_failed(with_inventory, report, only):
    """Its version does not have it: nobody is sent to look for a pack."""
    finding = only(report(with_inventory(without("BetaSamplingScheduler"))), "required-node-missing")
    assert "ComfyUI's own (comfy_extras.nodes_custom_sampler)" in finding.hint
    assert "IMPORT FAILED" not in finding.hint


def test_a_pack_that_failed_to_import_is_one_finding_a_class(with_inventory, report):
    """RES4LYF gone as a whole: both of its classes are named, and 9 of 11 classes are as promised."""
    found = report(with_inventory(lambda inv: {n: c for n, c in inv.items() if "RES4LYF" not in c["python_module"]}))
    gone = [f.expected for f in found.findings if f.rule == "required-node-missing"]
    assert gone == ["ClownsharKSampler_Beta", "Sigmas Rescale"]
    assert found.measurements["nodes_verified"] == 9


def test_a_class_that_only_the_contract_names_is_required_too(with_inventory, report, only):
    """A class that the workflow does not use is held as well, and points into the contract."""
    finding = only(report(with_inventory(lambda inv: inv), nodes=[{"class": "NoSuchNode"}]), "required-node-missing")
    assert finding.location.file.endswith("contract.yaml")
    assert finding.location.line is not None
    assert "requires class 'NoSuchNode'" in finding.message
    assert finding.server_error is None
    assert finding.hint  # the rule's own next step, for no pack is named


def test_a_class_that_the_contract_does_not_list_is_required_by_the_workflow(with_inventory, report, only):
    """Nothing of the workflow escapes because nobody listed it."""
    finding = only(report(with_inventory(without("VAEDecode")), nodes=[]), "required-node-missing")
    assert "node 11 of" in finding.message


def test_another_pack_with_the_same_class_is_named(with_inventory, report, only):
    """Same name, other pack: other behaviour without a warning."""

    def moved(inventory):
        inventory["Sigmas Rescale"]["python_module"] = "custom_nodes.SomeOtherPack"
        return inventory

    finding = only(report(with_inventory(moved)), "required-node-other-pack")
    assert (finding.expected, finding.actual) == ("RES4LYF", "custom_nodes.SomeOtherPack")
    assert finding.location.class_type == "Sigmas Rescale"


def test_a_pack_may_be_named_with_its_folder(with_inventory, report):
    """``custom_nodes.RES4LYF`` and ``RES4LYF`` are the same pack."""
    nodes = [{"class": "Sigmas Rescale", "pack": "custom_nodes.RES4LYF"}]
    assert report(with_inventory(lambda inv: inv), nodes=nodes).findings == []


def test_without_an_inventory_the_classes_are_unknown(few, rewritten, report, only):
    """A recording without COMFYUI_URL has no inventory: UNKNOWN, and the hint says how to get one."""
    tape = rewritten(lambda e: None if "/object_info" in e.request.url else e, source=few)
    found = report(tape)
    finding = only(found, "dependency-unknown")
    assert "COMFYUI_URL" in finding.hint
    assert found.exit_code is ExitCode.UNKNOWN


def test_a_scoped_inventory_that_has_all_classes_passes(scoped, report):
    """Asking for the workflow's classes alone is enough to hold them."""
    found = report(scoped())
    assert found.findings == []
    assert found.measurements["nodes_verified"] == 11


def test_a_class_that_was_never_asked_for_is_unknown_not_missing(scoped, report):
    """Absence from a scoped inventory means absence only where it was asked."""
    found = report(scoped("VAEDecode", "SaveImage"))
    assert {f.rule for f in found.findings} == {"dependency-unknown"}
    assert {f.location.class_type for f in found.findings} == {"VAEDecode", "SaveImage"}
    assert found.measurements["nodes_verified"] == 9
    assert found.exit_code is ExitCode.UNKNOWN


def test_a_class_that_was_asked_for_and_is_not_there_is_missing(few, rewritten, saying, report, only):
    """ComfyUI answers ``{}`` for an unknown class: that is absence."""

    def changed(exchange):
        return saying(exchange, {}) if exchange.request.url.endswith("/object_info/VAEDecode") else exchange

    found = report(rewritten(changed, source=few))
    assert only(found, "required-node-missing").location.class_type == "VAEDecode"


def test_a_page_in_place_of_the_inventory_is_no_inventory(few, rewritten, saying, report):
    """A proxy's HTML with status 200 does not make every class missing."""
    tape = rewritten(lambda e: saying(e, b"<html>login</html>") if "/object_info" in e.request.url else e, source=few)
    assert {f.rule for f in report(tape).findings} == {"dependency-unknown"}


@pytest.mark.parametrize("document", [[], "text", 3])
def test_json_that_is_no_object_is_no_inventory(few, rewritten, saying, report, document):
    """Whatever else comes as JSON leaves the classes unknown."""
    tape = rewritten(lambda e: saying(e, document) if "/object_info" in e.request.url else e, source=few)
    assert {f.rule for f in report(tape).findings} == {"dependency-unknown"}


def test_a_workflow_that_is_refused_by_the_inventory_breaks_the_promise(with_inventory, report):
    """The contract's workflow is linted: an option that is gone is ComfyUI's value_not_in_list, with file and line."""

    def other_option(inventory):
        options = inventory["VAELoader"]["input"]["required"]["vae_name"]
        options[0] = ["some-other.safetensors"]
        return inventory

    found = report(with_inventory(other_option), models=[])
    refused = [f for f in found.findings if f.server_error == "value_not_in_list"]
    assert {f.location.file.rpartition("/")[2] for f in refused} == {"workflow.json", "workflow-small.json"}
    assert all(f.location.input == "vae_name" and f.location.line for f in refused)
    assert found.exit_code is ExitCode.BROKEN


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1, 2]", "expected an object of nodes, got list"), ("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("\xff", "UTF-8")],
)  # fmt: skip
def test_a_workflow_file_that_is_none_is_refused_in_words(promise, few, text, words):
    """A damaged workflow file is our user's mistake (exit code 2), not the endpoint's."""
    contract = promise()
    contract.workflow_path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=words):
        check(contract, few)
