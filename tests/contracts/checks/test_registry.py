"""Pinned versions beside what a real recording tells: match, mismatch or unknown, each a line."""

from __future__ import annotations

import json

import pytest
import yaml

from comfytape_cassettes import Body, Exchange, Headers, Request, Response, UsageError
from comfytape_contracts.checks.subject import Subject
from comfytape_contracts.checks.versions import check_versions
from comfytape_contracts.contract import Contract
from comfytape_contracts.contract.registry import allows
from comfytape_contracts.seen_versions import SeenVersions
from comfytape_contracts.tape import Tape

COMFYUI = "http://127.0.0.1:8188"
MANAGER = {
    "res4lyf": {"ver": "1.1.0", "cnr_id": "res4lyf", "aux_id": None, "enabled": True},
    "Impact-Pack@8_2": {"ver": "8.2", "cnr_id": "impact-pack", "aux_id": None, "enabled": False},
    "websocket_image_save": {
        "ver": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        "cnr_id": "",
        "aux_id": "",
        "enabled": True,
    },
    "unversioned": {"enabled": True},
}


class Taped:
    """Some exchanges, as a cassette holds them."""

    failures = ()

    def __init__(self, *exchanges):
        self.exchanges = list(exchanges)


def answered(url, document, method="GET", sent=None, **headers):
    request = Request(method, url, Headers.of(headers), Body.of(json.dumps(sent).encode() if sent else b""))
    return Exchange(request, Response(200, "", Headers.of({}), Body.of(json.dumps(document).encode())), ((0.0, 1.0),))


def job(**said):
    base = "https://api.runpod.ai/v2/ep1"
    sent = {"input": {"workflow": {"1": {"class_type": "X", "inputs": {}}}}}
    return (
        answered(f"{base}/run", {"id": "j1", "status": "IN_QUEUE"}, "POST", sent),
        answered(f"{base}/status/j1", {"id": "j1", **said}),
    )


@pytest.fixture
def held(tmp_path):
    """Lines and findings of a registry held to a tape."""

    def make(tape, **pinned):
        (tmp_path / "workflow.json").write_text("{}")
        (tmp_path / "contract.yaml").write_text(
            "name: a\nworkflow: workflow.json\nversions: {registry: versions.yaml}\n"
        )
        (tmp_path / "versions.yaml").write_text(yaml.safe_dump(pinned, sort_keys=False))
        outcome = check_versions(Subject(Contract.load(tmp_path), Tape(tape)))
        return {line.promise: (str(line.verdict), line.evidence) for line in outcome.lines}, outcome.findings

    return make


def test_a_real_recording_tells_the_core(held, danrisi):
    """ComfyUI, the frontend that it requires, Python and PyTorch, each with where it was seen."""
    lines, findings = held(danrisi, comfyui="0.10.0", frontend=">=1.36,<2", python="3.11", torch="2.13.0")
    assert {verdict for verdict, _ in lines.values()} == {"pass"}
    assert lines["ComfyUI is 0.10.0"][1] == "match: 0.10.0, by comfyui_version in /system_stats"
    assert findings == []


def test_another_version_is_a_mismatch_at_its_line(held, danrisi):
    """With both versions, in the registry file."""
    lines, findings = held(danrisi, comfyui="0.9.2", torch="2.13.0+cu128")
    assert lines["ComfyUI is 0.9.2"] == ("fail", "mismatch: 0.10.0")
    assert lines["PyTorch is 2.13.0+cu128"][0] == "fail"
    assert [(f.rule, f.location.line) for f in findings] == [
        ("pinned-version-mismatch", 1),
        ("pinned-version-mismatch", 2),
    ]
    assert findings[0].location.file.endswith("versions.yaml")


def test_a_pack_without_manager_goes_by_its_definitions(held, danrisi):
    """The version is unknown, the fingerprint decides; alone, the version stays unknown."""
    digest = SeenVersions.of(Tape(danrisi)).packs["RES4LYF"].definitions
    lines, findings = held(
        danrisi,
        packs={"res4lyf": {"version": "1.1.0", "definitions": digest}, "websocket_image_save": {"version": "1.0"}},
    )
    assert [verdict for verdict, _ in lines.values()] == ["pass", "unknown"]
    assert next(iter(lines.values()))[1] == "version: unknown, definitions: match"
    assert [f.rule for f in findings] == ["pinned-version-unknown"]
    assert "there is no ComfyUI-Manager" in findings[0].message


def test_other_definitions_are_a_mismatch(held, danrisi):
    """The pack changed, or a ComfyUI whose lists it repeats."""
    _, findings = held(danrisi, packs={"RES4LYF": {"definitions": f"sha256:{'0' * 64}"}})
    assert [f.rule for f in findings] == ["pinned-definitions-changed"]


def test_a_pack_that_is_not_there(held, danrisi):
    """With the packs that are."""
    lines, findings = held(danrisi, packs={"Impact-Pack": {}})
    assert lines["pack Impact-Pack: there"][0] == "fail"
    assert "RES4LYF, websocket_image_save" in findings[0].message


def test_manager_tells_versions_and_commits(held, danrisi):
    """Its installed list, beside the classes; a disabled pack is missing."""
    tape = Taped(*danrisi.exchanges, answered(f"{COMFYUI}/v2/customnode/installed", MANAGER))
    lines, findings = held(
        tape,
        packs={
            "RES4LYF": {"version": "1.1.0"},
            "websocket_image_save": {"commit": "0a1b2c3"},
            "impact-pack": {"version": "8.2"},
        },
    )
    assert [verdict for verdict, _ in lines.values()] == ["pass", "pass", "fail"]
    assert findings[0].message == "pack impact-pack is disabled"


def test_manager_shows_another_release(held, danrisi):
    """The version counts though the pack is there; what Manager does not tell is said."""
    tape = Taped(*danrisi.exchanges, answered(f"{COMFYUI}/customnode/installed", MANAGER))
    _, findings = held(tape, packs={"RES4LYF": {"version": "1.0.0"}, "websocket_image_save": {"version": "1.0"}})
    assert [f.rule for f in findings] == ["pinned-version-mismatch", "pinned-version-unknown"]
    assert "ComfyUI-Manager does not tell it" in findings[1].message


def test_without_an_inventory_packs_are_unknown(held):
    """Nobody was asked, so nothing is missing."""
    lines, _ = held(Taped(), packs={"RES4LYF": {"version": "1.1.0"}}, sdk="1.12.0")
    assert {verdict for verdict, _ in lines.values()} == {"unknown"}


NEW = {"images": [{"filename": "a.png", "type": "base64", "data": ""}]}


@pytest.mark.parametrize(
    ("output", "pinned", "verdict"),
    [
        (NEW, "5.8.5", "unknown"),
        (NEW, "3.6.0", "fail"),
        (NEW, ">=5", "unknown"),
        ({"status": "success", "message": "aGk="}, "5.8.5", "fail"),
        ({"status": "success", "message": "aGk="}, "3.6.0", "unknown"),
    ],
)
def test_the_shape_of_results_can_refute_a_worker(held, output, pinned, verdict):
    """It tells before 4.1.0 from after, and never proves one version."""
    lines, _ = held(Taped(*job(status="COMPLETED", output=output)), worker=pinned)
    assert lines[f"worker-comfyui is {pinned}"][0] == verdict


def test_the_endpoints_image_proves_a_worker(held):
    """Its tag, where the management API told it."""
    config = {"id": "ep1", "workers": {"max": 1}, "image": "runpod/worker-comfyui:5.8.5-base"}
    tape = Taped(answered("https://api.runpod.io/v2/serverless/ep1", config))
    assert held(tape, worker="5.8.5")[0]["worker-comfyui is 5.8.5"][0] == "pass"
    assert held(tape, worker="5.7.0")[0]["worker-comfyui is 5.7.0"][0] == "fail"


def test_an_exception_of_a_handler_tells_the_sdk(held):
    """RunPod's SDK packs its version into the error."""
    error = json.dumps({"error_type": "<class 'KeyError'>", "error_message": "x", "runpod_version": "1.10.0"})
    lines, _ = held(Taped(*job(status="FAILED", error=error)), sdk=">=1.10.1")
    assert lines["RunPod's SDK is >=1.10.1"] == ("fail", "mismatch: 1.10.0")


def test_the_user_agent_tells_the_sdk(held):
    """Where a worker's own requests went through the recording proxy."""
    agent = "RunPod-Python-SDK/1.12.0(Linux 6.1; x86_64) Language/Python 3.11"
    tape = Taped(answered("https://api.runpod.io/graphql", {}, **{"User-Agent": agent}))
    assert held(tape, sdk="1.12.0")[0]["RunPod's SDK is 1.12.0"][0] == "pass"


@pytest.mark.parametrize(
    ("pinned", "seen", "expected"),
    [
        ("3.11", "3.11.9", True),
        ("3.11.2", "3.11.9", False),
        ("2.9.0", "2.9.0+cu128", True),
        ("2.9.0+cu128", "2.9.0+cu126", False),
        (">=0.10,<0.11", "0.10.4", True),
        ("0.10.0", "v0.10.0", True),
        ("1.0rc1", "1.0.0", False),
        ("nightly", "nightly", True),
        ("1.0", "nightly", False),
    ],
)
def test_a_pin_counts_as_far_as_it_goes(pinned, seen, expected):
    """3.11 allows 3.11.9; a local part only counts where the pin has one."""
    assert allows(pinned, seen) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("comfyui: 0.10\n", "versions.yaml:1: comfyui"),
        ("comfyui: newest\n", "expected a version such as"),
        ("worker: ''\n", "versions.yaml:1: worker: expected a version such as"),
        ("packs:\n  A: {commit: xyz}\n", "versions.yaml:2: packs.A.commit"),
        ("pytorch: '2.9'\n", "pytorch"),
        ("- a\n", "versions.yaml:1: the file"),
    ],
)
def test_a_damaged_registry_names_file_line_and_key(held, tmp_path, text, said):
    """A number is no version: 0.10 would be 0.1."""
    held(Taped())
    (tmp_path / "versions.yaml").write_text(text)
    with pytest.raises(UsageError, match=said):
        check_versions(Subject(Contract.load(tmp_path), Tape(Taped())))


def test_a_registry_that_is_not_there_is_named(held, tmp_path):
    """As any file that a contract names."""
    held(Taped())
    (tmp_path / "versions.yaml").unlink()
    with pytest.raises(UsageError, match=r"versions\.yaml"):
        check_versions(Subject(Contract.load(tmp_path), Tape(Taped())))
