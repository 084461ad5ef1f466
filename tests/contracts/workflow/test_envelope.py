"""Workflows come wrapped; unwrapping finds them and never fails."""

import json

from hypothesis import given
from hypothesis import strategies as st

from comfytape_contracts.workflow import WorkflowFormat, format_of, unwrap

GRAPH = {"1": {"class_type": "EmptyImage", "inputs": {}}}


def test_a_bare_workflow_is_itself():
    """Nothing to open, no path."""
    opened = unwrap(GRAPH)
    assert (opened.graph, opened.path, opened.targets) == (GRAPH, (), None)


def test_a_request_body_is_opened():
    """The body of POST /prompt, with the outputs it asks for."""
    opened = unwrap({"prompt": GRAPH, "client_id": "x", "partial_execution_targets": ["1"]})
    assert (opened.graph, opened.path, opened.targets) == (GRAPH, ("prompt",), ["1"])


def test_a_runpod_job_is_opened():
    """worker-comfyui takes the workflow under input."""
    opened = unwrap({"input": {"workflow": GRAPH, "images": []}})
    assert (opened.graph, opened.path) == (GRAPH, ("input", "workflow"))


def test_a_json_string_is_opened():
    """Some clients send the workflow as text inside the body; it then has no lines of its own."""
    opened = unwrap({"input": {"workflow": json.dumps(GRAPH)}})
    assert (opened.graph, opened.textual) == (GRAPH, True)


def test_a_null_prompt_stays_null():
    """The server is asked about the prompt, not about the envelope."""
    assert unwrap({"prompt": None}).graph is None


def test_broken_text_stays_text():
    """What is no JSON is left for the linter to name."""
    assert unwrap('{"prompt": ').graph == '{"prompt": '


def test_envelopes_without_end_are_left():
    """Opening stops; nothing hangs."""
    document = GRAPH
    for _ in range(50):
        document = {"prompt": document}
    assert unwrap(document).graph != GRAPH


def test_formats_are_told_apart():
    """UI by its list of nodes, API by class_type."""
    assert format_of({"nodes": [], "links": []}) is WorkflowFormat.UI
    assert format_of(GRAPH) is WorkflowFormat.API
    assert format_of([GRAPH]) is WorkflowFormat.UNKNOWN
    assert format_of({}) is WorkflowFormat.UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["prompt", "input", "workflow", "x"]), inner),
)


@given(JSON)
def test_any_document_can_be_asked(document):
    """No JSON value raises."""
    format_of(unwrap(document).graph)
