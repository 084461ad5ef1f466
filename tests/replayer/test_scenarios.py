"""Scenarios change what was recorded, each in its own way, and leave the rest alone."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from comfytape_cassettes import UsageError
from comfytape_replayer import ReplayServer
from comfytape_replayer.scenarios import SCENARIOS

LISTED = {
    "cold-start", "stuck-queue", "throttled", "worker-crash", "timed-out", "cancelled", "failed-node-missing",
    "failed-model-missing", "failed-oom", "result-lost", "no-images", "corrupt-image", "blank-image", "wrong-handler",
    "unauthorized", "rate-limited", "flaky", "expired", "slow", "pack-import-failed", "model-missing",
}  # fmt: skip


@pytest.fixture
def playing(danrisi, client_of):
    """A client of a server that plays a scenario."""
    servers = []

    def start(scenario, **options):
        servers.append(ReplayServer(danrisi, scenario=scenario, **options))
        servers[-1].start()
        return client_of(servers[-1])

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def run_to_end(danrisi_workflows):
    """All distinct states a client sees of one job, until it ends or nothing changes."""

    def run(client, number=0):
        job = client.run(danrisi_workflows[number])
        said = [client.status(job) for _ in range(12)]
        return [s for i, s in enumerate(said) if i == 0 or s != said[i - 1]]

    return run


def test_every_scenario_says_what_it_imitates():
    """The catalogue is complete, and each entry has its report."""
    assert set(SCENARIOS) == LISTED
    assert all(len(scenario.imitates) > 30 for scenario in SCENARIOS.values())


@pytest.mark.parametrize(
    ("scenario", "states"),
    [
        ("cold-start", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]),
        ("stuck-queue", ["IN_QUEUE"]),
        ("throttled", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]),
        ("slow", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]),
        ("worker-crash", ["IN_PROGRESS", "IN_QUEUE", "IN_PROGRESS", "FAILED"]),
        ("timed-out", ["IN_PROGRESS", "TIMED_OUT"]),
        ("cancelled", ["IN_QUEUE", "CANCELLED"]),
        ("failed-oom", ["IN_QUEUE", "IN_PROGRESS", "FAILED"]),
        ("result-lost", ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]),
    ],
)
def test_the_course_of_a_job(playing, run_to_end, scenario, states):
    """The states that a client sees."""
    assert [said["status"] for said in run_to_end(playing(scenario))] == states


@pytest.mark.parametrize(("scenario", "least"), [("cold-start", 95_000), ("throttled", 300_000)])
def test_a_wait_shows_in_delay_time(playing, run_to_end, scenario, least):
    """delayTime holds the wait; executionTime is the recording's."""
    said = run_to_end(playing(scenario))[-1]
    assert said["delayTime"] == 1839 + least
    assert said["executionTime"] == 63553


def test_slow_is_five_times_as_long(playing, run_to_end):
    """Both times grow."""
    said = run_to_end(playing("slow"))[-1]
    assert (said["delayTime"], said["executionTime"]) == (5 * 1839, 5 * 63553)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("worker-crash", "job timed out after 1 retries"),
        ("timed-out", "executionTimeout exceeded"),
        ("failed-node-missing", "Cannot execute because node Sigmas Rescale does not exist."),
        ("failed-model-missing", "unet_name: 'z_image_turbo_bf16.safetensors' not in []"),
        ("failed-oom", "Job processing failed"),
        ("wrong-handler", "Missing required input: prompt"),
        ("pack-import-failed", "Cannot execute because node Sigmas Rescale does not exist."),
        ("model-missing", "unet_name: 'z_image_turbo_bf16.safetensors' not in []"),
    ],
)
def test_a_failure_has_the_words_of_the_real_one(playing, run_to_end, scenario, words):
    """The error is what the platform or the worker says."""
    assert words in run_to_end(playing(scenario))[-1]["error"]


def test_out_of_memory_names_the_sampler(playing, run_to_end):
    """The worker's details say which node it was."""
    (detail,) = run_to_end(playing("failed-oom"))[-1]["output"]["details"]
    assert detail.startswith("Workflow execution error: Node Type: ClownsharKSampler_Beta, Node ID: 10, Message: Alloc")


def test_a_lost_result_is_completed_without_output(playing, run_to_end):
    """Everything but the output is there."""
    said = run_to_end(playing("result-lost"))[-1]
    assert set(said) == {"id", "status", "delayTime", "workerId", "executionTime"}


def test_no_images_is_what_the_worker_says(playing, run_to_end):
    """COMPLETED, with success_no_images."""
    assert run_to_end(playing("no-images"))[-1]["output"] == {"status": "success_no_images", "images": []}


def image_of(said):
    return base64.b64decode(said["output"]["images"][0]["data"])


def test_a_blank_image_is_black_and_as_large(playing, run_to_end):
    """A valid PNG of the recorded size, all black."""
    picture = Image.open(io.BytesIO(image_of(run_to_end(playing("blank-image"))[-1])))
    assert picture.size == (128, 128)
    assert picture.getextrema() == ((0, 0),) * 3


def test_a_corrupt_image_is_half_of_it(playing, run_to_end, danrisi_client):
    """The picture's beginning is right, its end is missing."""
    whole = image_of(run_to_end(danrisi_client)[-1])
    half = image_of(run_to_end(playing("corrupt-image"))[-1])
    assert half == whole[: len(whole) // 2]


def test_an_expired_result_is_a_404(playing, danrisi_workflows):
    """The job ends, and cannot be asked for."""
    client = playing("expired")
    job = client.run(danrisi_workflows[0])
    assert [client.get(f"/v2/any/status/{job}").status for _ in range(4)] == [200, 200, 404, 404]


def test_unauthorized_is_401_for_runpod_alone(playing):
    """ComfyUI has no keys."""
    client = playing("unauthorized")
    assert client.get("/v2/any/health", Authorization="Bearer x").status == 401
    assert client.get("/system_stats").status == 200


def test_a_rate_limit_says_when_to_come_back(playing, danrisi_workflows):
    """Every other request is refused, with Retry-After."""
    client = playing("rate-limited")
    answers = [client.post("/v2/any/run", {"input": {"workflow": danrisi_workflows[0]}}) for _ in range(4)]
    assert [answer.status for answer in answers] == [429, 200, 429, 200]
    assert answers[0].headers["retry-after"] == "1"


def test_flaky_repeats_itself_with_its_seed(playing):
    """The same seed gives the same order of failures; every fourth request is one."""

    def outcomes():
        client = playing("flaky")
        seen = []
        for _ in range(24):
            try:
                seen.append(client.get("/v2/any/health").status)
            except ConnectionError:
                seen.append(0)
        return seen

    first = outcomes()
    assert first == outcomes()
    assert len([status for status in first if status != 200]) == 6
    assert {0, 500, 502} >= set(first) - {200} != set()


def test_a_missing_pack_takes_its_classes_along(playing, danrisi_client):
    """/object_info loses the pack's classes and keeps ComfyUI's own, however it is asked."""
    client = playing("pack-import-failed")
    left, whole = client.get("/object_info").json(), danrisi_client.get("/object_info").json()
    gone = {name for name, node in whole.items() if node["python_module"].startswith("custom_nodes")}
    assert len(gone) > 200
    assert set(left) == set(whole) - gone
    assert client.get("/api/object_info/ClownsharKSampler_Beta").json() == {}
    assert list(client.get("/object_info/UNETLoader").json()) == ["UNETLoader"]


def test_missing_models_empty_the_lists(playing):
    """Folders and combos are empty; folders that never were stay unknown."""
    client = playing("model-missing")
    assert client.get("/models/vae").json() == []
    assert client.get("/models/unet").status == 404
    loader = client.get("/object_info/UNETLoader").json()["UNETLoader"]
    assert loader["input"]["required"]["unet_name"][0] == []
    assert loader["input"]["required"]["weight_dtype"][0] != []


def test_waiting_jobs_show_in_health(playing, danrisi_workflows):
    """throttled shows a throttled worker, stuck-queue none at all, cold-start one that starts."""
    for scenario, shown in (("throttled", {"throttled": 1}), ("stuck-queue", {}), ("cold-start", {"initializing": 1})):
        client = playing(scenario)
        client.status(client.run(danrisi_workflows[0]))
        assert {name: count for name, count in client.health()["workers"].items() if count} == shown
        assert client.health()["jobs"]["inQueue"] == 1


def test_several_at_once(playing, run_to_end):
    """A cold start that ends in a lost result."""
    said = run_to_end(playing("cold-start,result-lost"))[-1]
    assert "output" not in said
    assert said["delayTime"] > 95_000


def test_a_header_chooses_for_one_request_and_its_job(danrisi_client, danrisi_workflows):
    """Two clients of one server: one has a stuck job, the other has none."""
    body = {"input": {"workflow": danrisi_workflows[0]}}
    stuck = danrisi_client.post("/v2/any/run", body, **{"X-Comfytape-Scenario": "stuck-queue"}).json()["id"]
    fine = danrisi_client.run(danrisi_workflows[0])
    seen = [(danrisi_client.status(stuck)["status"], danrisi_client.status(fine)["status"]) for _ in range(3)]
    assert seen[-1] == ("IN_QUEUE", "COMPLETED")


def test_none_in_the_header_is_the_recording(playing, danrisi_workflows):
    """A request can leave the server's scenario."""
    client = playing("failed-oom")
    body = {"input": {"workflow": danrisi_workflows[0]}}
    said = client.post("/v2/any/runsync", body, **{"X-Comfytape-Scenario": "none"}).json()
    assert said["status"] == "COMPLETED"


def test_counters_are_kept_apart_by_header(danrisi_client):
    """Two users of one scenario do not take each other's turns: a suffix tells them apart."""
    seen = [
        danrisi_client.get("/v2/any/status/x", **{"X-Comfytape-Scenario": f"rate-limited#{user}"}).status
        for user in ("one", "two", "one", "two")
    ]
    assert seen == [429, 429, 404, 404]


def test_an_unknown_scenario_is_refused(danrisi, danrisi_client):
    """In Python, and in the header, with the nearest name."""
    with pytest.raises(UsageError) as refused:
        ReplayServer(danrisi, scenario="stuck-que")
    assert refused.value.hint == "did you mean 'stuck-queue'?"
    answer = danrisi_client.get("/v2/any/health", **{"X-Comfytape-Scenario": "stuck-que"})
    assert (answer.status, answer.json()["hint"]) == (400, "did you mean 'stuck-queue'?")
