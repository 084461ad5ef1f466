"""Risks in a configuration, each from the number that was seen."""

from __future__ import annotations

import pytest

from comfytape_contracts.diagnosis import diagnose

WORKFLOW = {"workflow": {"1": {"class_type": "SaveImage", "inputs": {}}}}
DONE = {"status": "COMPLETED", "delayTime": 2000, "executionTime": 63000, "output": {"images": []}}
RISKS = {
    "config-one-worker": {"workers": {"min": 0, "max": 1}},
    "config-min-workers": {"workers": {"min": 1, "max": 3}},
    "config-flashboot": {"flashboot": "OFF"},
    "config-floating-image": {"image": "myteam/worker:latest"},
    "config-timeout-zero": {"timeout": 0},
    "config-volumes": {"networkVolumes": ["vol1", "vol2"]},
}


def seen(found):
    return {c.rule.id: c for c in found.causes if c.rule.family == "configuration"}


def test_a_sound_configuration_has_no_risks(said):
    """The page of a configuration that nothing is wrong with."""
    found = diagnose(said.config().health(ready=1))
    assert seen(found) == {}
    assert [line.verdict for line in found.lines if "configuration" in line.promise] == ["pass"]


@pytest.mark.parametrize("rule", RISKS)
def test_each_setting_is_a_risk_of_its_own(said, rule):
    """Changing one setting brings one finding, which never fails the endpoint."""
    found = diagnose(said.config(**RISKS[rule]).health(ready=1))
    assert list(seen(found)) == [rule]
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("image", "floats"),
    [
        ("worker", True),
        ("registry.test:5000/team/worker", True),
        ("registry.test:5000/team/worker:1.2", False),
        ("team/worker@sha256:" + "a" * 64, False),
    ],
)
def test_a_registry_s_port_is_no_tag(said, image, floats):
    """Only what follows the last slash can hold the tag."""
    assert ("config-floating-image" in seen(diagnose(said.config(image=image).health(ready=1)))) is floats


@pytest.mark.parametrize(("timeout", "named"), [(60_000, True), (600_000, False)])
def test_a_timeout_is_compared_with_the_longest_execution_seen(said, timeout, named):
    """63 seconds do not fit into 60."""
    found = seen(diagnose(said.config(timeout=timeout).health(ready=1).job(WORKFLOW, DONE)))
    assert ("config-timeout" in found) is named


@pytest.mark.parametrize(("ttl", "named"), [(60_000, True), (3_600_000, False)])
def test_a_ttl_is_compared_with_queue_and_execution(said, ttl, named):
    """Expiry deletes the job even while it runs."""
    found = seen(diagnose(said.config().health(ready=1).job(WORKFLOW, DONE, policy={"ttl": ttl})))
    assert ("config-ttl" in found) is named


def test_a_volume_elsewhere_keeps_workers_from_starting(said):
    """This one is an error: compute is tied to the volume's data centre."""
    said.config(networkVolumes=["vol1"]).health(ready=1)
    said.get("https://api.runpod.io/v2/network-volumes/vol1", {"id": "vol1", "name": "models", "dataCenter": "US-KS-2"})
    found = diagnose(said)
    assert seen(found)["config-volume-data-center"].weight == "error"
    assert "US-KS-2" in found.causes[0].evidence
    assert found.exit_code == 1


def test_one_of_two_volumes_elsewhere_is_a_warning(said):
    """Workers can still start beside the other one."""
    said.config(networkVolumes=["vol1", "vol2"]).health(ready=1)
    said.get("https://api.runpod.io/v2/network-volumes/vol1", {"id": "vol1", "dataCenter": "US-KS-2"})
    assert seen(diagnose(said))["config-volume-data-center"].weight == "warning"


def test_large_results_need_a_bucket(said):
    """Six megabytes through the job API: half of the limit."""
    large = DONE | {"output": {"images": [{"filename": "a.png", "type": "base64", "data": "A" * 6_000_000}]}}
    assert "config-large-results" in seen(diagnose(said.config().health(ready=1).job(WORKFLOW, large)))
    names = ("BUCKET_ENDPOINT_URL", "BUCKET_ACCESS_KEY_ID", "BUCKET_SECRET_ACCESS_KEY")
    assert "config-large-results" not in seen(diagnose(said.config(env=dict.fromkeys(names, "REDACTED"))))


def test_stale_workers_are_counted(said):
    """Two releases answer at once."""
    old = {"id": "w1", "status": "IDLE", "isStale": True, "version": 3}
    found = seen(diagnose(said.config().health(ready=2).workers(old, {"id": "w2", "status": "IDLE", "version": 4})))
    assert found["config-stale-workers"].seen["stale"] == 1


def test_what_was_not_seen_does_not_pass(said):
    """A key that may not read endpoints: the line is unknown, with the answer."""
    said.health(ready=1).get("https://api.runpod.io/v2/serverless/ep1", {"title": "Forbidden"}, status=403)
    found = diagnose(said)
    assert "answered 403" in seen(found)["config-unseen"].evidence
    assert [line.verdict for line in found.lines if "configuration" in line.promise] == ["unknown"]
