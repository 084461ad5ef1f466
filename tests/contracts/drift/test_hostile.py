"""Whatever JSON can say: never a traceback, never a hang."""

import copy
import json
import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comfytape_contracts.drift import change_records, compare_inventories, diff_inventories, infer_shape, shape_records
from comfytape_contracts.inventory.canonical import number, same

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "input",
    "output",
    "output_name",
    "output_is_list",
    "output_node",
    "python_module",
    "input_order",
    "category",
    "name",
)
SPEC = st.tuples(st.sampled_from(["INT", "COMBO", "COMFY_AUTOGROW_V3", "COMFY_DYNAMICCOMBO_V3", "COMFY_DYNAMICSLOT_V3"]), JSON).map(list) | JSON  # fmt: skip
INPUT = st.dictionaries(st.sampled_from(["required", "optional", "hidden"]), st.dictionaries(st.sampled_from("abc"), SPEC) | JSON)  # fmt: skip
NODE = st.fixed_dictionaries({}, optional={key: INPUT | JSON if key == "input" else JSON for key in KEYS}) | JSON
INVENTORY = st.dictionaries(st.sampled_from(["A", "B", "C"]), NODE) | JSON
TOLERANT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@TOLERANT
@given(INVENTORY, INVENTORY)
def test_any_two_documents_compare(before, after):
    """Records, words and fingerprints come out of whatever goes in."""
    drift = compare_inventories(before, after)

    assert len(drift.findings) == len(drift.records)
    json.dumps([finding.to_json() for finding in drift.findings], default=str)


@TOLERANT
@given(INVENTORY)
def test_any_document_equals_itself(document):
    """NaN included."""
    assert change_records(document, copy.deepcopy(document)) == []


@TOLERANT
@given(st.dictionaries(st.sampled_from(["A", "B"]), NODE), JSON)
def test_any_workflow_is_looked_at(inventory, workflow):
    """What is no workflow is no workflow before and after, so there is no drift."""
    assert [f for f in diff_inventories(inventory, inventory, [workflow]) if f.severity == "error"] == []


@TOLERANT
@given(st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
def test_any_answers_have_a_shape(before, after):
    """And two shapes compare."""
    shape_records("GET /x", infer_shape(before), infer_shape(after))


def test_very_deep_values_compare():
    """Values that nest beyond every limit count as they stand."""
    deep = other = 0
    for _ in range(20_000):
        deep, other = [deep], [other]

    assert same([deep], [other]) in (True, False)
    assert [number(10**400), number(-(10**400))] == [math.inf, -math.inf]
