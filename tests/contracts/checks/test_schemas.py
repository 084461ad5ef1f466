"""Answers held to JSON Schema documents of the contract."""

from __future__ import annotations

import json
import sys

import pytest

from comfytape_cassettes import UsageError
from comfytape_contracts.checks import check

STATUS = {"type": "object", "required": ["id", "status"], "properties": {"delayTime": {"type": "integer"}}}
OUTPUT = {
    "properties": {"images": {"items": {"properties": {"type": {"const": "s3_url"}, "filename": {"type": "string"}}}}},
    "required": ["images"],
}


@pytest.fixture
def held(promise, few):
    """The findings about schemas of the shipped contract with these, given as documents or text by kind."""

    def hold(cassette=None, **schemas):
        contract = promise(schemas={kind: f"{kind}.json" for kind in schemas})
        for kind, schema in schemas.items():
            text = schema if isinstance(schema, str) else json.dumps(schema)
            (contract.folder / f"{kind}.json").write_text(text)
        report = check(contract, cassette or few)
        lines = [line for line in report.lines if line.promise.endswith(".json") and " meets " in line.promise]
        return [f for f in report.findings if f.rule.startswith("response-")], lines

    return hold


def test_answers_that_meet_their_schemas_are_lines(held):
    """Status, health, inventory and output, each with how many answers were held to it."""
    findings, lines = held(
        status=STATUS,
        health={"required": ["jobs", "workers"]},
        object_info={"minProperties": 1},
        output={"type": "object"},
    )
    assert findings == []
    assert [line.verdict for line in lines] == ["pass"] * 4
    assert lines[-1].evidence == "4 answer(s)"


def test_a_violation_is_named_by_its_json_path(held):
    """Four jobs with the same fault are one finding."""
    (finding,), (line,) = held(output=OUTPUT)
    assert (finding.rule, finding.actual) == ("response-schema", "$.images[0].type")
    assert finding.message.startswith("job 1 (")
    assert "'s3_url' was expected (and 3 more)" in finding.message
    assert line.verdict == "fail"


def test_a_schema_without_an_answer_is_unknown(held, rewritten, few):
    """Nothing examined is never green."""
    silent = rewritten(lambda e: None if e.request.url.endswith("/health") else e, source=few)
    (finding,), (line,) = held(silent, health={})
    assert (finding.rule, line.verdict) == ("response-unseen", "unknown")


def test_an_answer_that_is_no_json_is_text(held, rewritten, saying, few):
    """A proxy's page does not meet a schema of objects."""
    paged = rewritten(lambda e: saying(e, b"<html>") if e.request.url.endswith("/health") else e, source=few)
    (finding,), _ = held(paged, health={"type": "object"})
    assert "'<html>' is not of type 'object'" in finding.message


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "status.json is not JSON"),
        ({"type": 7}, "status.json is not a JSON Schema: $.type"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "is written for http://json-schema.org/draft-07"),
        ({"$ref": "https://example.org/other.json"}, "refers to 'https://example.org/other.json', which is not in it"),
    ],
)
def test_a_schema_that_is_none_is_refused(held, schema, words):
    """Nothing is fetched: a reference leads into the document itself."""
    with pytest.raises(UsageError) as caught:
        held(status=schema)
    assert words in str(caught.value)


def test_without_the_extra_the_install_line_is_shown(held, monkeypatch):
    """jsonschema is needed by contracts with schemas alone."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(UsageError) as caught:
        held(status=STATUS)
    assert caught.value.hint == "pip install 'comfytape[schemas]'"
