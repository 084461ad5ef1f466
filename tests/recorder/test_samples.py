"""What each sample submits."""

from __future__ import annotations

import pytest

from comfytape_cassettes import UsageError
from comfytape_recorder.samples import sample_workflow, workflow_of


def test_seeds_are_counted_up_where_nothing_is_varied(contract):
    """ComfyUI answers a prompt that it already ran from its cache: equal samples would measure nothing."""
    made = contract()
    workflow = workflow_of(made)
    assert [sample_workflow(made, workflow, n)["2"]["inputs"]["seed"] for n in range(3)] == [7, 8, 9]
    assert workflow["2"]["inputs"]["seed"] == 7


def test_a_contract_varies_what_it_names(contract):
    """Values in turn; seeds are left alone then."""
    made = contract()
    text = made.path.read_text().replace("count: 3,", "count: 3, vary: [{node: '1', input: width, values: [8, 16]}],")
    made.path.write_text(text)
    made = type(made).load(made.folder)
    inputs = [sample_workflow(made, workflow_of(made), n) for n in range(3)]
    assert [workflow["1"]["inputs"]["width"] for workflow in inputs] == [8, 16, 8]
    assert {workflow["2"]["inputs"]["seed"] for workflow in inputs} == {7}


@pytest.mark.parametrize(("node", "name"), [("9", "width"), ("1", "colour")])
def test_an_input_that_is_not_there_cannot_be_varied(contract, node, name):
    """The contract's line, the workflow's file, the input, and the nodes there are."""
    made = contract()
    vary = f"count: 3, vary: [{{node: '{node}', input: {name}, start: 1}}],"
    made.path.write_text(made.path.read_text().replace("count: 3,", vary))
    with pytest.raises(
        UsageError, match=rf"contract.yaml:3: workflow.json has no input '{name}' at node '{node}'"
    ) as caught:
        workflow_of(type(made).load(made.folder))
    assert caught.value.hint == "its nodes are 1, 2, 3"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udcff"])
def test_a_file_that_is_no_json_is_refused(contract, text):
    """Before anything is asked of the endpoint."""
    made = contract()
    made.workflow_path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match="cannot be read as JSON"):
        workflow_of(made)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "3", '{"nodes": [], "links": []}', '{"1": {"class_type": "A"}}', '{"1": {"inputs": []}}']
)
def test_a_workflow_that_is_not_in_api_format_is_refused(contract, text):
    """The editor's own format cannot be submitted: which menu entry exports the right one."""
    made = contract()
    made.workflow_path.write_text(text)
    with pytest.raises(UsageError, match="not a workflow in API format") as caught:
        workflow_of(made)
    assert "Export (API)" in caught.value.hint
