"""The management API's client, against a server that answers as the specification has it."""

from __future__ import annotations

import pytest

from comfytape_cassettes import Cassette, UnreachableError
from comfytape_cassettes.recording import Recording
from comfytape_contracts.cost import prices_of
from comfytape_contracts.tape import Tape
from comfytape_recorder.management import DEFAULT_MANAGEMENT_URL, ManagementClient, management_url_of, survey
from comfytape_recorder.transport import Transport

CONFIG = {
    "id": "ep1",
    "type": "QUEUE",
    "image": "team/worker:1",
    "env": {"HF_TOKEN": "not-to-be-kept-1234"},
    "gpu": {"pools": ["ADA_24"], "excludedTypes": [], "count": 2, "allowedCudaVersions": [], "minCudaVersion": None},
    "workers": {"min": 0, "max": 3, "idleTimeout": 10},
    "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4},
    "dataCenterIds": ["EU-RO-1"],
    "networkVolumes": ["vol1"],
    "timeout": 600000,
    "flashboot": "OFF",
    "createdAt": "2026-01-15T10:00:00Z",
}
WORKER = {"id": "w1", "status": "IDLE", "gpuCount": 1, "isStale": True, "version": 3, "gpuTypeId": None}
GPU = {
    "id": "NVIDIA GeForce RTX 4090",
    "pool": "ADA_24",
    "memory": 24,
    "price": {"serverless": 1.116},
    "availability": "LOW",
}


@pytest.fixture
def client(service):
    service.says("/v2/serverless/ep1", CONFIG)
    service.says(
        "/v2/serverless/ep1/workers", {"endpointVersion": 4, "summary": {"idle": 1, "total": 1}, "workers": [WORKER]}
    )
    service.says("/v2/network-volumes/vol1", {"id": "vol1", "name": "models", "size": 100, "dataCenter": "EU-RO-1"})
    service.says("/v2/catalog/gpus", {"gpus": [GPU, {"name": "no id"}]})
    transport = Transport()
    yield ManagementClient(transport, "some-key", f"{service.url}/v2")
    transport.close()


def test_an_endpoint_is_read_with_its_limits(client):
    """Workers, pools, volumes and the timeout in milliseconds."""
    config = client.endpoint("ep1")
    assert (config.workers.max, config.workers.idle_s, config.timeout_ms) == (3, 10, 600_000)
    assert (config.gpu.pools, config.gpu.count, config.volumes) == (["ADA_24"], 2, ["vol1"])


def test_workers_are_read_with_their_versions(client):
    """Which of them still run an older configuration."""
    workers = client.workers("ep1")
    assert (workers.version, workers.summary.idle, workers.workers[0].stale) == (4, 1, True)


def test_a_volume_says_where_it_is(client):
    """Compute is tied to that data centre."""
    assert client.volume("vol1").data_center == "EU-RO-1"


def test_the_catalogue_asks_for_the_product_too(client, service):
    """With include alone the API refuses; an entry that is none is passed over."""
    gpus = client.gpus()
    assert [(gpu.pool, gpu.price.serverless, gpu.availability) for gpu in gpus] == [("ADA_24", 1.116, "LOW")]
    assert "include=AVAILABILITY&product=SERVERLESS" in service.paths()[-1]


def test_the_key_is_sent_as_a_bearer(client, service):
    """The management API takes no bare key."""
    client.endpoint("ep1")
    assert service.asked[-1][2]["Authorization"] == "Bearer some-key"


@pytest.mark.parametrize(("status", "body"), [(401, {"title": "Unauthorized"}), (200, "<html>"), (200, [1]), (404, "")])
def test_what_is_no_document_is_none(client, service, status, body):
    """The recorded exchange says why; the caller goes on."""
    service.says("/v2/serverless/ep1", body, status=status)
    service.says("/v2/catalog/gpus", body, status=status)
    assert client.endpoint("ep1") is None
    assert client.gpus() == []


def test_no_answer_is_an_error():
    """A closed port is not an empty answer."""
    with pytest.raises(UnreachableError):
        ManagementClient(Transport(), "some-key", "http://127.0.0.1:9/v2").endpoint("ep1")


def test_values_of_env_are_not_kept(service, client, tmp_path):
    """An endpoint's answer holds its variables: the recording masks them."""
    recording = Recording.start(tmp_path / "kept", plane="loopback")
    ManagementClient(Transport(recording), "some-key", f"{service.url}/v2").endpoint("ep1")
    recording.finish()
    assert Cassette.open(tmp_path / "kept").exchanges[0].response.body.json()["env"] == {"HF_TOKEN": "REDACTED"}
    assert b"not-to-be-kept" not in b"".join(p.read_bytes() for p in (tmp_path / "kept").rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("environment", "base", "url"),
    [
        ({}, "https://api.runpod.ai/v2", DEFAULT_MANAGEMENT_URL),
        ({}, "https://api.runpod.io/v2", DEFAULT_MANAGEMENT_URL),
        ({}, "http://127.0.0.1:8900/v2", ""),
        ({}, "https://api.runpod.ai.example.test/v2", ""),
        (
            {"RUNPOD_REST_V2_API_URL": "http://127.0.0.1:8900/manage/v2/"},
            "http://x/v2",
            "http://127.0.0.1:8900/manage/v2",
        ),
    ],
)
def test_a_key_does_not_travel_to_another_service(environment, base, url):
    """Beside a base URL of one's own nothing is asked unless the variable names it."""
    assert management_url_of(environment, base) == url


def test_a_survey_puts_prices_on_the_tape(client, service, tmp_path):
    """Configuration, workers and catalogue: what a job costs can be read from the recording alone."""
    recording = Recording.start(tmp_path / "kept", plane="loopback")
    service.says("/v2/ep1/run", {"id": "job1", "status": "COMPLETED", "executionTime": 1000}, method="POST")
    recording_transport = Transport(recording)
    recording_transport.send("POST", f"{service.url}/v2/ep1/run", body=b'{"input": {"workflow": {}}}')
    assert survey(recording, "ep1", "some-key", f"{service.url}/v2")
    recording_transport.close()
    tape = Tape(recording.finish())
    assert prices_of(tape, None)["job1"].high == pytest.approx(2 * 1.116 / 3600)


def test_a_survey_that_is_not_answered_leaves_no_trace(tmp_path):
    """It is an extra: a recording of good jobs stays one."""
    recording = Recording.start(tmp_path / "kept", plane="loopback")
    assert not survey(recording, "ep1", "some-key", "http://127.0.0.1:9/v2")
    cassette = recording.finish()
    assert (len(cassette.exchanges), len(cassette.failures)) == (0, 0)


def test_a_recording_surveys_when_its_jobs_are_done(recorded, service, folder, said):
    """The worker's card is only known while it is up: the questions come after the last job, before it stops."""
    service.says("/v2/serverless/ep1", CONFIG)
    recorded(samples=1, management_url=f"{service.url}/v2")
    urls = [exchange.request.url for exchange in Cassette.open(folder).exchanges]
    assert urls[-3] == f"{service.url}/v2/serverless/ep1"
    assert said.lines == []


def test_a_recording_without_prices_says_so(recorded, folder, said):
    """The jobs are all there; only their price must come from elsewhere."""
    outcome = recorded(samples=1, management_url="http://127.0.0.1:9/v2")
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"]
    assert said.lines == ["the management API did not answer: the recording holds no prices"]
    assert Cassette.open(folder).failures == ()
