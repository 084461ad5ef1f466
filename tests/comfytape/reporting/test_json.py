"""The JSON report holds to the schema that is published with it."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest

from comfytape.reporting.formats import json_

SCHEMA = json.loads(resources.files("comfytape.reporting").joinpath("schema/report.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one():
    """It holds to the dialect that it names."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("names", [["danrisi"], ["wrong"], ["hostile"], ["noise", "danrisi", "wrong"], []])
def test_a_report_holds_to_the_schema(names, request):
    """One, several, none, and one with NaN and half surrogate pairs: strict JSON, valid."""
    reports = [request.getfixturevalue(name) for name in names]
    text = json_.render(reports)
    document = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(document)
    assert document["counts"]["error"] == sum(r.counts["error"] for r in reports)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"verdict": "ok"}, ["verdict"]),
        ({"format": 2}, ["format"]),
        ({"counts": {"error": 0}}, ["counts"]),
        ({"findings": [{"rule": "x"}]}, ["findings", 0]),
    ],
)
def test_the_schema_refuses_what_is_no_report(danrisi, change, path):
    """A schema that takes everything would prove nothing."""
    document = json.loads(json_.render([danrisi])) | change
    assert path in [list(error.absolute_path) for error in VALIDATOR.iter_errors(document)]


def test_a_line_names_the_findings_against_it(danrisi):
    """From a broken promise one gets to its findings without reading words."""
    document = json.loads(json_.render([danrisi]))
    (broken,) = [line for line in document["lines"] if line["verdict"] == "fail"]
    assert broken["findings"] == [document["findings"][0]["fingerprint"]]


def test_several_contracts_keep_their_measurements_apart(noise, danrisi):
    """Figures of one contract do not overwrite those of another."""
    measured = json.loads(json_.render([noise, danrisi]))["measurements"]
    assert measured["noise-1024"]["images"] == 10
    assert measured["z-image-danrisi"]["images"] == 11
