"""Shapes of answers: learnt from samples, compared."""

import pytest

from comfytape_contracts.drift import infer_shape, shape_records, stated

JOB = {"id": "abc-1", "status": "COMPLETED", "delayTime": 5, "output": {"images": [{"data": "x"}]}}


def records(before, after):
    found = shape_records("GET /status", infer_shape(before), infer_shape(after))
    return [(record.rule, record.path[-1], record.old, record.new) for record in found]


def test_a_shape_counts_what_it_saw():
    """Numbers have a type and no range, only state fields keep their words, required needs three samples."""
    shape = infer_shape([JOB, JOB, JOB | {"delayTime": 7.5}])

    assert shape["required"] == ["delayTime", "id", "output", "status"]
    assert shape["properties"]["delayTime"] == {"type": ["number"], "x-seen": 3}
    assert shape["properties"]["status"]["enum"] == ["COMPLETED"]
    assert "required" not in infer_shape([JOB, JOB])


def test_an_empty_array_says_that_its_items_are_unknown():
    """A list that was always empty passes silently in other tools."""
    assert infer_shape([{"images": []}])["properties"]["images"] == {
        "type": ["array"],
        "x-seen": 1,
        "x-items": "unknown",
    }


def test_objects_with_ids_as_keys_are_maps():
    """/history by prompt id, outputs by node id."""
    shape = infer_shape([{"8": {"images": []}}, {"9": {"images": []}}])

    assert shape["additionalProperties"]["x-seen"] == 2
    assert records([{"8": {"a": 1}}], [{"9": {"a": 1}}]) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([JOB] * 3, [{k: v for k, v in JOB.items() if k != "delayTime"}] * 3, ("field-removed", ".delayTime", "3 of 3", None)),
        ([JOB] * 3, [JOB | {"workerId": "w"}] * 2, ("field-added", ".workerId", None, "2 of 2")),
        ([JOB] * 3, [JOB | {"delayTime": "5"}] * 3, ("field-type-changed", ".delayTime", "number", "string")),
        ([JOB] * 3, [JOB, JOB, {"id": "a", "status": "COMPLETED", "output": JOB["output"]}], ("field-now-optional", ".delayTime", "3 of 3", "2 of 3")),
        ([JOB] * 3, [JOB | {"status": "TIMED_OUT"}, JOB, JOB], ("state-added", ".status", None, "TIMED_OUT")),
        ([JOB] * 3, [JOB | {"output": {"images": [{"data": 1}]}}] * 3, ("field-type-changed", ".output.images[].data", "string", "number")),
    ],
)  # fmt: skip
def test_each_kind_of_change_has_its_rule(before, after, expected):
    """One record, at the path of the field."""
    assert records(before, after) == [expected]


def test_the_other_way_round_is_the_mirror():
    """What became optional becomes certain again, a state is not seen any more."""
    some = [JOB, JOB, {"id": "a", "status": "COMPLETED", "output": JOB["output"]}]

    assert records(some, [JOB] * 3) == [("field-now-always", ".delayTime", "2 of 3", "3 of 3")]
    assert records([JOB | {"status": "X"}, JOB], [JOB]) == [("state-removed", ".status", "X", None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [JOB]),
        ([JOB], []),
        ([{"images": []}], [{"images": [{"data": "x"}]}]),
        ([{"error": None}], [{"error": "x"}]),
        ([{"n": 1}], [{"n": 1.5}]),
        ([JOB, JOB], [JOB, {"id": "a", "status": "COMPLETED", "output": JOB["output"]}]),
    ],
    ids=["none before", "none after", "items unknown", "null", "integers are numbers", "too few samples"],
)
def test_what_cannot_be_known_is_not_said(before, after):
    """Too little was seen for a finding."""
    assert records(before, after) == []


def test_deep_samples_end_somewhere():
    """A document nested a hundred deep is read as far as it makes sense."""
    deep = {}
    for _ in range(100):
        deep = {"a": deep}

    assert infer_shape([deep])["type"] == ["object"]


def test_findings_name_route_and_field():
    """For people: where to look."""
    found = shape_records("GET /status", infer_shape([JOB] * 3), infer_shape([JOB | {"workerId": "w"}] * 3))

    assert stated(found)[0].finding.message == "GET /status .workerId: the field is new, in 3 of 3 answers."
