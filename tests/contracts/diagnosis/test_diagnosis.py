"""One cause first, the promised JSON, and a contract's needs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from comfytape_cassettes import Body, Cassette
from comfytape_contracts.contract import Contract
from comfytape_contracts.diagnosis import diagnose

ROOT = Path(__file__).parents[3]
DANRISI = Contract.load(ROOT / "contracts" / "z-image-danrisi")


def test_the_json_object_has_the_promised_keys(said):
    """One object with findings in the common form, and the causes beside them."""
    document = json.loads(json.dumps(diagnose(said.health(in_queue=1, throttled=1)).to_json()))
    assert {"tool", "format", "verdict", "counts", "findings", "measurements", "causes"} <= document.keys()
    assert document["findings"][0].keys() == {
        "rule", "severity", "message", "hint", "fingerprint", "location", "expected", "actual", "server_error",
    }  # fmt: skip
    assert document["causes"][0].keys() == {
        "rule", "severity", "subject", "cause", "evidence", "confidence", "next_step", "source", "seen",
    }  # fmt: skip
    assert document["measurements"]["ep1"]["throttled"] == 1


def test_a_finding_says_cause_evidence_and_confidence(said):
    """The message alone is enough to act on."""
    finding = diagnose(said.health(in_queue=1, throttled=2)).findings[0]
    assert "throttled" in finding.message
    assert "likely" in finding.message
    assert "inQueue 1" in finding.message
    assert finding.hint


def test_the_fingerprint_does_not_depend_on_numbers(said):
    """The same cause tomorrow, with one more job in the queue, is the same finding."""
    one = diagnose(said.health(in_queue=1, throttled=2)).findings[0]
    two = diagnose(said.health(in_queue=5, throttled=3)).findings[0]
    assert one.fingerprint == two.fingerprint


def test_our_own_mistake_does_not_hide_a_broken_promise(said):
    """A wrong key and a dead ComfyUI: the broken promise decides the exit code, the key is named."""
    said.get("https://api.runpod.ai/v2/ep1/health", "", status=401)
    said.system().log("Exception in thread Thread-1 (prompt_worker):").queue(["a"])
    found = diagnose(said)
    assert [c.rule.id for c in found.causes] == ["comfyui-dead", "key-refused"]
    assert found.exit_code == 1


def test_nothing_examined_is_not_green(said):
    """An empty recording passes nothing."""
    found = diagnose(said)
    assert (found.verdict, found.exit_code) == ("unknown", 4)


@pytest.mark.parametrize("name", ["z-image-danrisi", "noise-1024"])
def test_the_shipped_recordings_are_healthy(name):
    """With their own contracts: nodes, models and versions are held too."""
    contract = Contract.load(ROOT / "contracts" / name)
    found = diagnose(Cassette.open(ROOT / "cassettes" / name), contract=contract)
    assert found.exit_code == 0, found.findings
    assert any("required nodes" in line.promise for line in found.lines)


def test_a_required_pack_without_any_class_is_not_there(imported):
    """0.3.64 without this pack's classes under that name: the pack is the cause, its classes the consequence."""
    inventory = {name: {"input": {}, "python_module": "nodes"} for name in ("UNETLoader", "SaveImage")}
    said = type("Said", (), {"exchanges": (), "failures": ()})()
    exchange = next(e for e in imported("danrisi-inventory.har").exchanges if e.request.url.endswith("/object_info"))
    said.exchanges = (with_body(exchange, inventory),)
    found = diagnose(said, contract=DANRISI)
    cause = next(c for c in found.causes if c.rule.id == "pack-import-failed")
    assert cause.seen["pack"] == "RES4LYF"
    assert cause.weight == "error"
    assert "required-node-missing" in {f.rule for f in found.findings}


def with_body(exchange, data):
    """The same exchange with another JSON body."""
    return replace(exchange, response=replace(exchange.response, body=Body.of(json.dumps(data).encode())))


def test_foreign_documents_are_passed_over(said):
    """A management API that answers something else leaves the configuration unseen."""
    said.health(ready=1).get("https://api.runpod.io/v2/serverless/ep1", ["x"])
    said.get("https://api.runpod.io/v2/serverless/ep1/workers", {"workers": 7}).get(
        "https://api.runpod.io/v2/catalog/gpus", []
    )
    assert "config-unseen" in {c.rule.id for c in diagnose(said).causes}
