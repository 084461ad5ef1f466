"""SARIF 2.1.0 for code scanning."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from comfytape.reporting.formats import sarif
from comfytape_contracts.findings import Finding, Location, Severity
from comfytape_contracts.rules import catalogue
from comfytape_contracts.verdicts import Report

from .conftest import HOSTILE


def log_of(*reports):
    return json.loads(sarif.render(reports), parse_constant=pytest.fail)


def located(file, line=None):
    """The physical location of a finding in ``file``."""
    finding = Finding(
        rule="failure-other", severity=Severity.ERROR, message="m", location=Location(file=file, line=line)
    )
    (run,) = log_of(Report(findings=[finding], examined=1, cassette="cassettes/x"))["runs"]
    return run["results"][0]["locations"][0]["physicalLocation"]


@pytest.mark.parametrize("names", [["noise"], ["danrisi"], ["wrong"], ["hostile"], ["noise", "danrisi"], []])
def test_it_holds_to_the_schema(names, request, schema):
    """OASIS's own, hostile text included."""
    validator = jsonschema.Draft7Validator(schema("sarif-2.1.0.schema.json.xz"))
    validator.validate(log_of(*(request.getfixturevalue(name) for name in names)))


def test_the_rules_are_the_catalogue(danrisi):
    """All of them, each result pointing at its own."""
    (run,) = log_of(danrisi)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(catalogue())
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_result_points_into_the_contract(monkeypatch):
    """Relative to the checkout, for only so does GitHub find the file."""
    monkeypatch.chdir("/")
    assert located("contracts/a b/contract.yaml", 59) == {
        "artifactLocation": {"uri": "contracts/a%20b/contract.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 59},
    }


def test_an_absolute_path_below_the_checkout_is_made_relative(tmp_path, monkeypatch):
    """And one elsewhere is a file URI."""
    monkeypatch.chdir(tmp_path)
    assert located(str(tmp_path / "c/contract.yaml"))["artifactLocation"]["uri"] == "c/contract.yaml"
    assert located("/elsewhere/x y.json")["artifactLocation"] == {"uri": "file:///elsewhere/x%20y.json"}


def test_a_finding_without_a_place_points_at_the_recording():
    """GitHub drops results without a place."""
    assert located(None)["artifactLocation"]["uri"] == "cassettes/x/cassette.json"


def test_a_recording_at_a_url_keeps_it():
    """An object in a bucket is not a file below the checkout."""
    finding = Finding(rule="failure-other", severity=Severity.ERROR, message="m")
    (run,) = log_of(Report(findings=[finding], examined=1, cassette="s3://bucket/x"))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "s3://bucket/x/cassette.json"}


def test_an_accepted_finding_is_a_suppressed_result(hostile):
    """GitHub shows it as closed, not as new."""
    (run,) = log_of(hostile)["runs"]
    suppressed = [r for r in run["results"] if "suppressions" in r]
    assert [r["partialFingerprints"]["comfytape/v1"] for r in suppressed] == ["1" * 16]


def test_a_node_is_a_logical_location(wrong):
    """Node, class and input, where a finding names them."""
    finding = replace(wrong.findings[0], location=Location(node_id="4", class_type="CLIPTextEncode", input="text"))
    (run,) = log_of(replace(wrong, findings=[finding]))["runs"]
    (logical,) = run["results"][0]["locations"][0]["logicalLocations"]
    assert logical["fullyQualifiedName"] == "node 4 CLIPTextEncode.text"


def test_a_rule_of_another_catalogue_has_no_index():
    """An index that points at the wrong rule would be worse than none."""
    finding = Finding(rule="of-a-plugin", severity=Severity.INFO, message=HOSTILE)
    (run,) = log_of(Report(findings=[finding], examined=1))["runs"]
    assert "ruleIndex" not in run["results"][0]
    assert run["results"][0]["level"] == "note"
