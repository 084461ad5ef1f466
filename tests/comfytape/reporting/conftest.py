"""Real results: the two shipped recordings, one of wrong model files, and one whose every text is hostile."""

from __future__ import annotations

import json
import lzma
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from comfytape import Cassette, Contract, check
from comfytape.importing import import_files
from comfytape_contracts.findings import Location, Severity, Verdict
from comfytape_contracts.verdicts import Line

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests/data"
HOSTILE = (
    "]]><script>alert(1)</script>\r\n::error::forged\n%0A| `x` ![i](http://evil.example/p.png) @octocat #1 GH-2 "
    "<img src=x onerror=alert(2)> {{ 7*7 }} \x00\x1b[31m \ud800 https://evil.example \u202e\"'&"
)


def checked(contract, cassette):
    """A check one day after the recording, whatever day it is; without the note on metadata that every tape has."""
    opened = Cassette.open(cassette)
    moment = datetime.fromisoformat(opened.provenance.recorded_at) + timedelta(days=1)
    report = check(Contract.load(ROOT / "contracts" / contract), opened, now=moment)
    return replace(report, findings=[f for f in report.findings if f.rule != "image-metadata"])


@pytest.fixture(scope="session")
def danrisi():
    """Fails by a budget alone: exit code 5."""
    return checked("z-image-danrisi", ROOT / "cassettes/z-image-danrisi")


@pytest.fixture(scope="session")
def noise():
    """Passes."""
    return checked("noise-1024", ROOT / "cassettes/noise-1024")


@pytest.fixture(scope="session")
def wrong(tmp_path_factory):
    """Eight jobs with wrong model files and no inventory: broken promises beside unknown ones."""
    folder = tmp_path_factory.mktemp("wrong")
    har = folder / "wrong.har"
    har.write_bytes(lzma.decompress((DATA / "har/danrisi-wrong-models.har.xz").read_bytes()))
    import_files([har], folder / "wrong", [], [])
    return checked("z-image-danrisi", folder / "wrong")


@pytest.fixture(scope="session")
def hostile(wrong):
    """The same, with every text that an endpoint or a file could have brought turned against its reader."""
    place = Location(file=f"wf,:%/{HOSTILE}.json", line=3, node_id=HOSTILE, class_type=HOSTILE, input=HOSTILE)
    findings = [
        replace(f, message=HOSTILE, hint=HOSTILE, location=place, expected=[float("nan")], actual={"x": float("inf")})
        for f in wrong.findings
    ]
    warning = replace(findings[0], severity=Severity.WARNING, fingerprint="0" * 16)
    lines = [replace(line, promise=HOSTILE, evidence=HOSTILE) for line in wrong.lines]
    return replace(
        wrong,
        contract=HOSTILE,
        findings=[*findings, warning],
        accepted=[replace(findings[1], fingerprint="1" * 16)],
        lines=[*lines, Line(promise=HOSTILE, verdict=Verdict.PASS, evidence=HOSTILE)],
        measurements={HOSTILE: HOSTILE, "cold_start_ms": float("nan")},
        provenance={"recorded_at": HOSTILE, "plane": HOSTILE, "notes": [HOSTILE], "versions": {HOSTILE: HOSTILE}},
    )


@pytest.fixture(scope="session")
def schema():
    """A vendored JSON schema, by name."""

    def read(name):
        return json.loads(lzma.decompress((DATA / "reports" / name).read_bytes()))

    return read
