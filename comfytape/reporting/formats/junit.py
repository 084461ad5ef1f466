"""JUnit XML: a suite a contract, a test case a promise. Holds to the Ant schema, the strictest of its kind.

FAIL is a ``failure``; UNKNOWN is an ``error``, since what could not be examined is neither green nor skipped. Findings
that belong to no promise are test cases of their own; warnings and accepted findings are in ``system-out``.

Schemas: Ant's, github.com/windyroad/JUnit-Schema, and Jenkins's, junit-10.xsd of its xunit plugin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from comfytape.reporting.against import against
from comfytape.reporting.words import node, place
from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report

__all__ = ["render", "write"]

UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (its production Char)."""
UNKNOWN_TIME = "1970-01-01T00:00:00"
"""The schema demands a time; stands where the recording has none."""


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write one document."""
    destination.put(render(reports))


def render(reports: Sequence[Report]) -> str:
    """One ``testsuites`` document."""
    root = ET.Element("testsuites")
    for number, report in enumerate(reports):
        root.append(suite(report, number))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def suite(report: Report, number: int) -> ET.Element:
    """One contract."""
    name = token(report.contract or report.cassette) or "comfytape"
    promises, loose = against(report)
    cases = [
        case(name, held.line.promise, held.line.verdict, held.findings, held.line.evidence) for held in promises
    ] + [case(name, f.message, verdict_of(f), [f], "") for f in loose if f.severity is Severity.ERROR]
    # The schema wants a case for a suite that is not green; here nothing was promised or nothing examined.
    if report.verdict is Verdict.UNKNOWN and not cases:
        cases = [case(name, "something was examined", Verdict.UNKNOWN, [], "nothing was examined")]
    element = ET.Element(
        "testsuite",
        name=name,
        package="comfytape",
        id=str(number),
        timestamp=moment(report),
        hostname=token(str(report.provenance.get("plane", ""))) or "localhost",
        tests=str(len(cases)),
        failures=str(sum(c.find("failure") is not None for c in cases)),
        errors=str(sum(c.find("error") is not None for c in cases)),
        time="0",
    )
    properties = ET.SubElement(element, "properties")
    for key, value in (("cassette", report.cassette), *report.measurements.items()):
        if not isinstance(value, list | dict):
            ET.SubElement(properties, "property", name=token(key), value=fit(str(value)))
    element.extend(cases)
    ET.SubElement(element, "system-out").text = fit("\n".join(beside(report)))
    ET.SubElement(element, "system-err").text = ""
    return element


def case(suite_name: str, name: str, verdict: Verdict, findings: Iterable[Finding], evidence: str) -> ET.Element:
    """One promise, or one finding that belongs to none."""
    element = ET.Element("testcase", name=token(name), classname=suite_name, time="0")
    if verdict is Verdict.PASS:
        return element
    told = [f for f in findings if f.severity is Severity.ERROR]
    kind = told[0].rule if told else "not-examined"
    outcome = ET.SubElement(
        element,
        "failure" if verdict is Verdict.FAIL else "error",
        type=token(kind),
        message=token(told[0].message if len(told) == 1 else evidence),
    )
    outcome.text = fit("\n".join(line for f in told for line in words(f)) or evidence)
    return element


def words(finding: Finding) -> list[str]:
    """A finding as lines of text."""
    where = " · ".join(part for part in (place(finding), node(finding), finding.rule, finding.fingerprint) if part)
    lines = [f"{finding.severity}: {finding.message}", f"    at {where}"]
    return [*lines, f"    hint: {finding.hint}"] if finding.hint else lines


def beside(report: Report) -> list[str]:
    """What does not decide: evidence of what holds, warnings, accepted findings, notes on the recording."""
    lines = [f"{line.verdict}: {line.promise}: {line.evidence}" for line in report.lines]
    lines += [text for f in report.findings if f.severity is not Severity.ERROR for text in words(f)]
    lines += [f"accepted: {text}" for f in report.accepted for text in words(f)]
    return lines + [f"note: {note}" for note in report.provenance.get("notes", ())]


def verdict_of(finding: Finding) -> Verdict:
    """FAIL, or UNKNOWN for a finding that means "could not be examined"."""
    rule = catalogue().get(finding.rule)
    return Verdict.UNKNOWN if rule is not None and rule.inconclusive else Verdict.FAIL


def moment(report: Report) -> str:
    """When the recording was made, in seconds without a zone as the schema wants it."""
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(report.provenance.get("recorded_at", "")))
    return found[0] if found else UNKNOWN_TIME


def fit(text: str) -> str:
    """Text that XML can hold."""
    return UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def token(text: str) -> str:
    """Text in one line, as attributes are read."""
    return " ".join(fit(text).split())
