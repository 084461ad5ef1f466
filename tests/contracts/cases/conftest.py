"""The shipped suite with its recording, whole or with one thing changed."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from comfytape_cassettes import Cassette
from comfytape_cassettes.recording import Recording
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def tape():
    """The shipped recording: 3 samples and 15 runs of 9 cases, by a real worker-comfyui and ComfyUI 0.10.0."""
    return Cassette.open(ROOT / "cassettes" / "noise-cases")


@pytest.fixture
def suite(tmp_path):
    """The shipped contract; ``change`` may edit its parsed keys, ``cases`` edits a case by name (None removes it)."""

    def make(change=None, **cases):
        folder = tmp_path / "contract"
        shutil.copytree(ROOT / "contracts" / "noise-cases", folder, dirs_exist_ok=True)
        data = yaml.safe_load((folder / "contract.yaml").read_text())
        for spelled, keys in cases.items():
            name = spelled.replace("_", "-")
            case = next((case for case in data["cases"] if case["name"] == name), None)
            if keys is None:
                data["cases"].remove(case)
            elif case is None:
                data["cases"].append({"name": name, **keys})
            else:
                case |= keys
        if change:
            change(data)
        (folder / "contract.yaml").write_text(yaml.safe_dump(data))
        return Contract.load(folder)

    return make


@pytest.fixture
def held(suite, tape):
    """The shipped contract, changed, held to the shipped recording (or another) a day after it."""

    def hold(change=None, *, cassette=None, **cases):
        cassette = cassette or tape
        now = datetime.fromisoformat(tape.provenance.recorded_at) + timedelta(days=1)
        return check(suite(change, **cases), cassette, now=now)

    return hold


@pytest.fixture
def retold(tape, tmp_path):
    """The shipped recording, each exchange passed through ``change``, with the recorder's notes or without them."""

    def make(change=lambda exchange: exchange, *, notes=True):
        made = Recording.start(tmp_path / "tape", plane="loopback", recorded_at=tape.provenance.recorded_at)
        for exchange in tape.exchanges:
            kept = change(exchange)
            if kept is not None:
                made.add(kept)
        return made.finish(samples=tape.provenance.samples if notes else ())

    return make


@pytest.fixture
def told():
    """Findings of a report without the note on metadata, as (rule, severity)."""
    return lambda report: [(f.rule, str(f.severity)) for f in report.findings if f.rule != "image-metadata"]
