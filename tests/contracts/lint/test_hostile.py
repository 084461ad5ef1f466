"""No JSON value makes lint fail."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfytape_contracts.lint import lint_request, lint_workflow

KEYS = st.sampled_from(["class_type", "inputs", "_meta", "title", "image", "images", "__value__", "1", "2", "x"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["EmptyImage", "SaveImage", "LoadImage", "KSampler", "T2IAdapterLoader", "1", "2"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=25
)
NODE = st.fixed_dictionaries(
    {"class_type": st.sampled_from(["EmptyImage", "SaveImage", "LoadImage", "PreviewAny", "Resize"]), "inputs": JSON}
)
SHORT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_speakable(findings):
    """Each can be written as JSON and printed on a UTF-8 terminal."""
    for finding in findings:
        json.dumps(finding.to_json())
        finding.message.encode()
        finding.hint.encode()


@SHORT
@given(JSON)
def test_any_document_as_workflow(new, document):
    """Whatever is posted."""
    assert_speakable(lint_workflow(document, new))
    assert_speakable(lint_request(document, new))


@SHORT
@given(st.dictionaries(st.sampled_from("123"), NODE | JSON, max_size=3))
def test_workflows_that_nearly_are_some(old, new, graph):
    """Nodes of real classes with any inputs."""
    assert_speakable(lint_workflow(graph, new))
    assert_speakable(lint_workflow(graph, old))


@SHORT
@given(JSON, JSON)
def test_any_document_as_inventory(spec, entry):
    """An inventory from a broken file, or with a broken entry."""
    good = {
        "1": {"class_type": "EmptyImage", "inputs": {"images": 5}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    assert_speakable(lint_workflow(good, spec))
    assert_speakable(lint_workflow(good, {"EmptyImage": entry, "SaveImage": {"input": spec, "output_node": True}}))
    inputs = {"required": {"images": spec, "filename_prefix": [spec, entry]}}
    assert_speakable(
        lint_workflow(good, {"EmptyImage": {"input": inputs}, "SaveImage": {"input": inputs, "output_node": True}})
    )


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [nested(5_000), {"__value__": nested(5_000)}, 10**5_000, "9" * 10_000, "\ud800", float("nan"), "x" * 1_000_000],
    ids=["deep list", "deep wrapped list", "huge number", "huge number as text", "lone surrogate", "NaN", "1 MB text"],
)
def test_values_of_unusual_size(new, good, value):
    """Deep, huge, unprintable: said briefly."""
    good["1"]["inputs"]["width"] = value
    good["2"]["inputs"]["filename_prefix"] = value
    good["2"]["inputs"]["other"] = value
    findings = lint_workflow(good, new)
    assert_speakable(findings)
    assert all(len(finding.message) < 1_000 for finding in findings)
