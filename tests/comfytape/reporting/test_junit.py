"""JUnit XML that strict readers take."""

from __future__ import annotations

import lzma
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from comfytape.reporting.formats import junit
from comfytape_contracts.findings import Severity
from comfytape_contracts.rules import catalogue
from comfytape_contracts.verdicts import Report

from .conftest import DATA


@pytest.fixture(scope="module")
def schemas():
    """Ant's, which is the strictest, and Jenkins's."""
    names = ("junit-ant.xsd.xz", "junit-jenkins-10.xsd.xz")
    return [xmlschema.XMLSchema(lzma.decompress((DATA / "reports" / name).read_bytes()).decode()) for name in names]


@pytest.mark.parametrize("names", [["noise"], ["danrisi"], ["wrong"], ["hostile"], ["noise", "wrong", "danrisi"], []])
def test_it_holds_to_both_schemas(names, request, schemas):
    """Also with control characters, half surrogate pairs and markup in every text."""
    text = junit.render([request.getfixturevalue(name) for name in names])
    for schema in schemas:
        schema.validate(text)


def test_a_promise_is_a_test_case(danrisi):
    """Each line of the contract once, in its order, failing where it is broken, with rule, place and hint."""
    (suite,) = ET.fromstring(junit.render([danrisi]))
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [line.promise for line in danrisi.lines]
    (failure,) = suite.findall("testcase/failure")
    assert failure.get("type") == "budget-generation"
    assert "contracts/z-image-danrisi/contract.yaml:" in failure.text
    assert "hint: Compare GPU type" in failure.text


def test_what_could_not_be_examined_is_an_error_and_never_green(wrong):
    """UNKNOWN is an ``error``, FAIL a ``failure``, and the suite counts both."""
    (suite,) = ET.fromstring(junit.render([wrong]))
    verdicts = [str(line.verdict) for line in wrong.lines]
    assert int(suite.get("failures")) == verdicts.count("fail") == len(suite.findall("testcase/failure"))
    assert int(suite.get("errors")) == verdicts.count("unknown") == len(suite.findall("testcase/error"))


def test_a_finding_that_belongs_to_no_promise_is_a_test_case_of_its_own(wrong):
    """No error is lost where a report has findings alone; a warning is told beside."""
    loose = replace(wrong, lines=[])
    (suite,) = ET.fromstring(junit.render([loose]))
    errors = [f for f in wrong.findings if f.severity is Severity.ERROR]
    broken = [f for f in errors if not catalogue()[f.rule].inconclusive]
    assert len(suite.findall("testcase/failure")) == len(broken)
    assert len(suite.findall("testcase/error")) == len(errors) - len(broken)


def test_nothing_examined_is_not_green():
    """A suite without cases would count as passed."""
    (suite,) = ET.fromstring(junit.render([Report(findings=[], examined=0)]))
    assert suite.get("errors") == "1"


def test_warnings_and_accepted_findings_are_told_beside(hostile):
    """They do not fail a case, and are not lost."""
    (suite,) = ET.fromstring(junit.render([hostile]))
    out = suite.find("system-out").text
    assert "0000000000000000" in out
    assert "accepted: " in out
