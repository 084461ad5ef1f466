"""The doctor's questions: all at once, within one deadline, each answer kept."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace

import pytest

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_cassettes.recording import Recording
from comfytape_contracts.contract.model import Endpoint
from comfytape_contracts.diagnosis import diagnose
from comfytape_contracts.diagnosis.evidence import PROBE_INPUT
from comfytape_contracts.tape import Tape
from comfytape_recorder.doctor import Doctor, patient_of, probes_unasked
from comfytape_recorder.target import Target

KEY = "rpa_" + "TESTKEY0123456789"
HEALTH = {
    "jobs": {"completed": 1, "failed": 0, "inProgress": 0, "inQueue": 0, "retried": 0},
    "workers": {"idle": 1, "initializing": 0, "ready": 1, "running": 0, "throttled": 0, "unhealthy": 0},
}
CONFIG = {
    "id": "ep1",
    "workers": {"min": 0, "max": 3},
    "networkVolumes": ["vol1"],
    "dataCenterIds": ["EU-RO-1"],
    "timeout": 600000,
    "flashboot": "OFF",
}


@pytest.fixture
def visit(service, tmp_path):
    """Ask a server, and give what was recorded with the seconds that it took."""

    def ask(*, comfyui=False, endpoint="ep1", deadline_s=3.0, probe=False, key=KEY, needs=((), ())):
        environment = {
            "RUNPOD_API_KEY": key,
            "RUNPOD_ENDPOINT_ID": endpoint,
            "RUNPOD_ENDPOINT_BASE_URL": f"{service.url}/v2",
            "RUNPOD_REST_V2_API_URL": f"{service.url}/manage/v2",
            "COMFYUI_URL": service.url if comfyui else "",
        }
        patient = patient_of(Endpoint(), environment).needing(*needs)
        recording = Recording.start(tmp_path / "visit", plane="loopback")
        began = time.monotonic()
        Doctor(patient, recording, deadline_s, probe=probe).ask()
        took = time.monotonic() - began
        return recording.finish(), took, patient.asked()

    return ask


@pytest.fixture
def healthy(service):
    service.says("/v2/ep1/health", HEALTH)
    service.says("/manage/v2/serverless/ep1", CONFIG)
    service.says("/manage/v2/serverless/ep1/workers", {"summary": {"idle": 1, "total": 1}, "workers": []})
    service.says("/manage/v2/catalog/gpus", {"gpus": []})
    service.says("/manage/v2/network-volumes/vol1", {"id": "vol1", "dataCenter": "EU-RO-1"})
    return service


def jobs(service):
    return [path for method, path, _, _ in service.asked if method == "POST"]


def test_health_configuration_workers_stock_and_volumes_are_asked(visit, healthy):
    """Everything that the diagnosis reads, and no job."""
    visit()
    assert {path.partition("?")[0] for path in healthy.paths()} == {
        "/v2/ep1/health", "/manage/v2/serverless/ep1", "/manage/v2/serverless/ep1/workers", "/manage/v2/catalog/gpus",
        "/manage/v2/network-volumes/vol1",
    }  # fmt: skip
    assert jobs(healthy) == []


def test_questions_are_asked_side_by_side(visit, healthy):
    """Four answers of 0.4 s do not take 1.6 s."""
    for path in list(healthy.answers):
        healthy.says(path, HEALTH if path.endswith("health") else CONFIG, delay_s=0.4)
    _, took, _ = visit()
    assert took < 1.5


def test_a_server_that_does_not_answer_costs_no_more_than_the_deadline(visit, healthy):
    """One slow service does not hide what the others say."""
    healthy.says("/v2/ep1/health", HEALTH, delay_s=3)
    cassette, took, asked = visit(deadline_s=0.8)
    assert took < 1.6
    found = diagnose(cassette, asked=asked)
    assert found.causes[0].rule.id == "address-timeout"


def test_a_resolver_that_hangs_does_not_hold_the_doctor_up(visit, healthy, monkeypatch):
    """Looking up a name takes no time limit; the thread that waits is left behind, and the question counts as failed."""
    real = socket.getaddrinfo

    def slow(host, *rest):
        time.sleep(1.5)
        return real(host, *rest)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    cassette, took, asked = visit(deadline_s=0.5)
    assert took < 1.2
    assert "no answer before the deadline of 0.5 s" in {failure.error for failure in cassette.failures}
    assert diagnose(cassette, asked=asked).causes[0].rule.id == "address-timeout"


def test_nothing_is_asked_when_time_is_up(service, tmp_path):
    """What would begin after the deadline does not begin."""
    patient = patient_of(Endpoint(), {"COMFYUI_URL": service.url})
    recording = Recording.start(tmp_path / "late", plane="loopback")
    with pytest.raises(UnreachableError, match="over"):
        Doctor(patient, recording, 1.0, until=time.monotonic()).get("queue")
    recording.close()
    assert service.paths() == []


def test_without_a_key_one_question_is_asked(visit, healthy):
    """/health says what is missing; the management API is left alone, and nothing is probed."""
    healthy.says("/v2/ep1/health", "", status=401)
    cassette, _, asked = visit(key="", probe=True)
    assert healthy.paths() == ["/v2/ep1/health"]
    assert "Authorization" not in healthy.asked[0][2]
    assert diagnose(cassette, asked=asked).causes[0].rule.id == "key-missing"


def test_a_waiting_queue_is_looked_at_twice(visit, healthy):
    """One look cannot tell a stuck queue from a moving one."""
    healthy.says("/v2/ep1/health", HEALTH | {"jobs": HEALTH["jobs"] | {"inQueue": 2}})
    visit(deadline_s=1.2)
    assert healthy.paths().count("/v2/ep1/health") == 2


def test_comfyui_is_asked_for_what_a_contract_needs(visit, service):
    """Single classes and folders, queue and log; a name with a space is quoted."""
    service.says("/queue", {"queue_running": [], "queue_pending": []})
    service.says("/system_stats", {"system": {"comfyui_version": "0.10.0"}})
    visit(comfyui=True, endpoint="", needs=(["Sigmas Rescale", "SaveImage"], ["vae"]))
    assert set(service.paths()) == {
        "/system_stats", "/queue", "/internal/logs/raw", "/object_info/Sigmas%20Rescale", "/object_info/SaveImage",
        "/models/vae", "/experiment/models/vae",
    }  # fmt: skip


def test_a_busy_comfyui_is_watched(visit, service):
    """Its queue is looked at twice."""
    service.says("/queue", {"queue_running": [[0, "a", {}, {}, []]], "queue_pending": []})
    visit(comfyui=True, endpoint="", deadline_s=1.2)
    assert service.paths().count("/queue") == 2


def test_a_probe_is_one_small_job_that_expires(visit, healthy):
    """No handler takes it; if nobody cancels it, RunPod drops it soon after the deadline."""
    healthy.says("/v2/ep1/run", {"id": "p1", "status": "IN_QUEUE"})
    healthy.says("/v2/ep1/status/p1", {"id": "p1", "status": "FAILED", "error": "Missing required input: prompt"})
    cassette, _, asked = visit(probe=True)
    body = json.loads(next(body for method, _, _, body in healthy.asked if method == "POST"))
    assert body == {"input": PROBE_INPUT, "policy": {"executionTimeout": 10_000, "ttl": 13_000}}
    assert jobs(healthy) == ["/v2/ep1/run"]
    assert diagnose(cassette, asked=asked).causes[0].rule.id == "handler-wrong"


def test_a_probe_that_is_not_answered_is_cancelled(visit, healthy):
    """Nothing of the doctor's stays in the queue."""
    healthy.says("/v2/ep1/run", {"id": "p1", "status": "IN_QUEUE"})
    healthy.says("/v2/ep1/status/p1", {"id": "p1", "status": "IN_QUEUE"})
    healthy.says("/v2/ep1/cancel/p1", {"id": "p1", "status": "CANCELLED"})
    cassette, took, asked = visit(probe=True, deadline_s=1.5)
    assert jobs(healthy)[-1] == "/v2/ep1/cancel/p1"
    # /health is asked while it waits: that is when it shows why.
    assert healthy.paths()[-2:] == ["/v2/ep1/health", "/v2/ep1/cancel/p1"]
    assert took < 2.5
    assert "probe-unanswered" in {c.rule.id for c in diagnose(cassette, asked=asked).causes}


def test_a_probe_whose_state_nobody_can_read_is_cancelled(visit, healthy):
    """An answer that is no job must not leave one in the queue."""
    healthy.says("/v2/ep1/run", {"id": "p1", "status": "IN_QUEUE"})
    healthy.says("/v2/ep1/status/p1", "x" * (5 << 20))
    visit(probe=True)
    assert jobs(healthy) == ["/v2/ep1/run", "/v2/ep1/cancel/p1"]


def test_an_answer_beyond_any_measure_is_not_read_to_its_end(visit, healthy):
    """A bomb must not cost the doctor its seconds: what it says of the endpoint is nothing."""
    healthy.says("/v2/ep1/health", "x" * (5 << 20))
    cassette, _, asked = visit()
    assert "the answer is larger than 4 MiB" in {failure.error for failure in cassette.failures}
    assert diagnose(cassette, asked=asked).causes[0].rule.id == "address-no-answer"


def test_a_whole_inventory_may_be_larger_than_other_answers(service, tmp_path):
    """/object_info of a hundred node packs has several megabytes."""
    large = {"Node": {"input": {"required": {"lora": [["x" * 100] * 60_000]}}}}
    service.says("/object_info", large)
    patient = patient_of(Endpoint(), {"COMFYUI_URL": service.url})
    recording = Recording.start(tmp_path / "whole", plane="loopback")
    Doctor(replace(patient, whole=True), recording, 3.0).ask()
    assert Tape(recording.finish()).inventory == large


@pytest.mark.parametrize("config", [CONFIG | {"workers": {"min": 0, "max": 0}}, CONFIG | {"type": "LOAD_BALANCER"}])
def test_nothing_is_probed_where_nobody_would_take_it(visit, healthy, config):
    """A paused endpoint and a load balancer are known without a job."""
    healthy.says("/manage/v2/serverless/ep1", config)
    visit(probe=True)
    assert jobs(healthy) == []


def test_a_server_on_this_machine_is_probed_unasked_and_the_cloud_is_not():
    """A worker of RunPod's costs money as soon as it starts."""
    assert probes_unasked(Target("ep1", KEY, "http://127.0.0.1:8900/v2", "https://pod.test"))
    assert not probes_unasked(Target("ep1", KEY, "https://api.runpod.ai/v2", "http://127.0.0.1:8188"))
    assert not probes_unasked(Target("", "", "http://127.0.0.1:8900/v2", "http://127.0.0.1:8188"))


def test_options_win_over_the_environment():
    """And the diagnosis can name what held the id."""
    environment = {"RUNPOD_ENDPOINT_ID": "other", "RUNPOD_API_KEY": KEY, "COMFYUI_URL": "http://other.test"}
    patient = patient_of(Endpoint(), environment, endpoint="ep1", comfyui="http://comfy.test/")
    assert (patient.target.endpoint, patient.variable) == ("ep1", "--endpoint")
    assert patient.target.comfyui_url == "http://comfy.test"
    assert patient_of(Endpoint(), environment).variable == "RUNPOD_ENDPOINT_ID"


def test_a_missing_key_is_no_error_yet():
    """What the endpoint says without one is the finding."""
    assert patient_of(Endpoint(), {"RUNPOD_ENDPOINT_ID": "ep1"}).target.key == ""


def test_nobody_named_is_a_usage_error():
    """Neither an endpoint nor a ComfyUI."""
    with pytest.raises(UsageError, match="RUNPOD_ENDPOINT_COMFYUI"):
        patient_of(Endpoint(), {})
