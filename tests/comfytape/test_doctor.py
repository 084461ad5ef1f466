"""``comfytape doctor`` as people and pipelines see it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette
from comfytape_replayer import ReplayServer

ROOT = Path(__file__).parents[2]
KEY = "rpa_" + "TESTKEY0123456789"
HEALTH = {
    "jobs": {"completed": 1, "failed": 0, "inProgress": 0, "inQueue": 0, "retried": 0},
    "workers": {"idle": 1, "initializing": 0, "ready": 1, "running": 0, "throttled": 0, "unhealthy": 0},
}


@pytest.fixture
def doctor(monkeypatch):
    """Run the command; options first, then variables."""
    monkeypatch.chdir(ROOT)
    for name in (
        "RUNPOD_ENDPOINT_COMFYUI",
        "RUNPOD_ENDPOINT_ID",
        "RUNPOD_ENDPOINT_BASE_URL",
        "RUNPOD_REST_V2_API_URL",
        "COMFYUI_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNPOD_API_KEY", KEY)

    def run(*arguments, **environment):
        return CliRunner().invoke(cli, ["doctor", *arguments], env=environment)

    return run


def test_one_cause_with_evidence_confidence_next_step_and_source(doctor, service):
    """Everything that a person needs to act, first."""
    service.says("/v2/ep1/health", HEALTH).says("/v2/ep1/run", {"id": "p1", "status": "IN_QUEUE"})
    service.says("/v2/ep1/status/p1", {"id": "p1", "status": "FAILED", "error": "Missing required input: prompt"})
    done = doctor("--endpoint", "ep1", RUNPOD_ENDPOINT_BASE_URL=f"{service.url}/v2")
    assert done.exit_code == 1, done.output
    lines = done.output.splitlines()
    assert lines[0] == "FAIL endpoint ep1 is of the wrong kind: its handler wants {'prompt': …}, not a workflow"
    assert [line.split()[0] for line in lines[1:6]] == ["evidence", "confidence", "next", "why", "source"]
    assert "--endpoint points at 'ep1'" in done.output


def test_no_probe_means_no_job(doctor, service):
    """The handler stays unknown, with the option that would tell."""
    service.says("/v2/ep1/health", HEALTH)
    done = doctor("--endpoint", "ep1", "--no-probe", RUNPOD_ENDPOINT_BASE_URL=f"{service.url}/v2")
    assert [method for method, *_ in service.asked] == ["GET"]
    assert "PASS" in done.output
    assert "???? the handler takes workflows" in done.output
    assert "--probe" in done.output


def test_a_closed_port_is_unknown(doctor):
    """3, as in every command: nothing is known of the endpoint."""
    done = doctor("--endpoint", "ep1", RUNPOD_ENDPOINT_BASE_URL="http://127.0.0.1:9/v2")
    assert (done.exit_code, done.output.split()[0]) == (3, "UNKNOWN")
    assert "address-refused" in done.output


def test_a_wrong_key_is_ours(doctor, service):
    """2: our configuration. The key itself is nowhere in the output."""
    service.says("/v2/ep1/health", f"key {KEY} is not valid", status=401, kind="text/plain")
    done = doctor("--endpoint", "ep1", RUNPOD_ENDPOINT_BASE_URL=f"{service.url}/v2")
    assert done.exit_code == 2
    assert "refused the API key" in done.output
    assert KEY not in done.output


def test_a_dead_comfyui(doctor, service):
    """It answers everything and executes nothing."""
    service.says("/system_stats", {"system": {"comfyui_version": "0.10.0"}})
    service.says("/queue", {"queue_running": [[0, "a", {}, {}, []]], "queue_pending": []})
    service.says("/internal/logs/raw", {"entries": [{"t": "", "m": "Exception in thread Thread-1 (prompt_worker):\n"}]})
    done = doctor("--comfyui", service.url, "--deadline", "1.5")
    assert done.exit_code == 1
    assert "its worker thread is dead" in done.output


def test_json_is_one_object(doctor):
    """The promised keys, and the causes."""
    done = doctor("--cassette", "noise-1024", "--json")
    document = json.loads(done.stdout)
    assert (document["tool"], document["format"], document["verdict"]) == ("comfytape", 1, "pass")
    assert {"counts", "findings", "measurements", "causes"} <= document.keys()
    assert done.exit_code == 0


def test_a_contract_adds_its_nodes_and_models(doctor):
    """The same lines that check has."""
    done = doctor("z-image-danrisi", "--cassette", "z-image-danrisi")
    assert done.exit_code == 0
    assert "required nodes are loaded" in done.output


def test_notes_are_shown_when_asked_for(doctor):
    """What is no risk stays off the screen without -v."""
    assert "worker-version" not in doctor("--cassette", "noise-1024").output
    assert "worker-version" in doctor("--cassette", "noise-1024", "-v").output


def test_a_contract_is_asked_for_live(doctor, service):
    """Its classes and folders are asked one by one; what is missing is named."""
    service.says("/system_stats", {"system": {"comfyui_version": "0.10.0"}})
    service.says("/queue", {"queue_running": [], "queue_pending": []})
    for name in (
        "EmptyImage",
        "ImageAddNoise",
        "ImageScale",
        "SolidMask",
        "FeatherMask",
        "ImageCompositeMasked",
        "ImageSharpen",
    ):
        service.says(f"/object_info/{name}", {})
    service.says("/object_info/SaveImage", {"SaveImage": {"input": {}, "python_module": "nodes"}})
    done = doctor("noise-1024", "--comfyui", service.url)
    assert done.exit_code == 1
    assert done.output.startswith("FAIL")
    assert "EmptyImage" in done.output
    assert "/object_info/EmptyImage" in service.paths()


def test_what_was_said_can_be_kept_and_read_again(doctor, service, tmp_path):
    """Live, then on the cassette: the same cause."""
    service.says(
        "/v2/ep1/health",
        HEALTH
        | {
            "workers": HEALTH["workers"] | {"ready": 0, "idle": 0, "throttled": 2},
            "jobs": HEALTH["jobs"] | {"inQueue": 1},
        },
    )
    url = f"{service.url}/v2"
    live = doctor(
        "--endpoint",
        "ep1",
        "--no-probe",
        "--json",
        "--deadline",
        "2",
        "--keep",
        str(tmp_path / "kept"),
        RUNPOD_ENDPOINT_BASE_URL=url,
    )
    again = doctor("--cassette", str(tmp_path / "kept"), "--json")
    first, second = json.loads(live.stdout)["causes"][0], json.loads(again.stdout)["causes"][0]
    assert first == second
    assert first["rule"] == "queue-throttled"
    assert Cassette.open(tmp_path / "kept").provenance.plane == "loopback"


def test_a_replayed_recording_can_be_visited(doctor):
    """The replay server is an endpoint like any other; a probe that it never heard does no harm."""
    with ReplayServer(ROOT / "cassettes" / "noise-1024") as server:
        began = time.monotonic()
        done = doctor("--endpoint", "comfy", "--comfyui", server.url, RUNPOD_ENDPOINT_BASE_URL=f"{server.url}/v2")
        assert time.monotonic() - began < 6
    assert done.exit_code in (0, 3), done.output
    assert "pass endpoint comfy answers" in done.output
    assert "ComfyUI 0.10.0" in done.output


def test_nobody_named_is_a_usage_error(doctor):
    """The variables are named."""
    done = doctor()
    assert done.exit_code == 2
    assert "RUNPOD_ENDPOINT_COMFYUI" in done.output


def test_the_rules_are_explained(doctor):
    """Every cause is a rule of the catalogue."""
    done = CliRunner().invoke(cli, ["explain", "queue-paused"])
    assert done.exit_code == 0
    assert "workers.max" in done.output


@pytest.mark.parametrize("option", [["--comfyui", "http://127.0.0.1:9"], ["--probe"], ["--keep", "somewhere"]])
def test_options_for_live_questions_do_not_go_with_a_recording(doctor, option):
    """An option that would be ignored is refused."""
    done = doctor("--cassette", "noise-1024", *option)
    assert done.exit_code == 2
    assert option[0] in done.output


def test_an_endpoint_that_the_recording_does_not_hold_names_those_that_it_does(doctor):
    """A typo is no diagnosis."""
    done = doctor("--cassette", "noise-1024", "--endpoint", "confy")
    assert done.exit_code == 2
    assert "there are: comfy" in done.output


LISTING = """<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"""


@pytest.fixture
def volume(service, tmp_path, monkeypatch):
    """A contract with a volume, and a server that says what lies on it; a function sets the two answers."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "contracts" / "mine"
    folder.mkdir(parents=True)
    graph = {"1": {"class_type": "VAELoader", "inputs": {"vae_name": "a.pt"}}}
    (folder / "workflow.json").write_text(json.dumps(graph))
    (folder / "contract.yaml").write_text(
        "name: mine\nworkflow: workflow.json\nvolume: {data_center: EU-RO-1}\n"
        "models:\n  - {folder: vae, name: a.pt}\nbudgets: {dependency_check_s: 10}\n"
    )
    monkeypatch.setenv("RUNPOD_VOLUME_ID", "vol1")
    monkeypatch.setenv("RUNPOD_S3_ACCESS_KEY_ID", "user_one")
    monkeypatch.setenv("RUNPOD_S3_SECRET_ACCESS_KEY", "secret_one")
    monkeypatch.setenv("RUNPOD_S3_URL", service.url)

    def says(*items):
        answer = "".join(f"<Contents><Key>{key}</Key><Size>{size}</Size></Contents>" for key, size in items)
        top = LISTING.format(f"<CommonPrefixes><Prefix>models/</Prefix></CommonPrefixes>{answer}")
        service.says("/vol1", top, kind="application/xml")

    return says


def test_dependencies_alone_send_no_job(doctor, volume, service, tmp_path, monkeypatch):
    """A volume's listing and a ComfyUI's inventory; no endpoint is needed, and none is asked."""
    monkeypatch.chdir(tmp_path)
    volume(("models/vae/a.pt", 4096))
    service.says("/system_stats", {"system": {"comfyui_version": "0.10.0"}})
    service.says("/object_info/VAELoader", {"VAELoader": {"input": {}, "python_module": "nodes"}})
    service.says("/models/vae", ["a.pt"])
    done = doctor("mine", "--dependencies", COMFYUI_URL=service.url)
    assert done.exit_code == 0, done.output
    assert "1 of 1 files in place" in done.output
    assert "pass dependencies are told in under 10 s" in done.output
    assert not [path for path in service.paths() if path.startswith("/v2/")]


def test_a_volume_can_be_asked_alone(doctor, volume, tmp_path, monkeypatch):
    """What lies wrong comes first, with the command; what no ComfyUI told is unknown."""
    monkeypatch.chdir(tmp_path)
    volume(("vae/a.pt", 4096))
    done = doctor("mine", "--dependencies")
    assert done.exit_code == 1
    assert done.output.startswith("FAIL model vae/a.pt lies at /runpod-volume/vae/a.pt"), done.output
    assert "s3://vol1/vae/a.pt s3://vol1/models/vae/a.pt" in done.output
    assert "???? required nodes are loaded" in done.output


def test_dependencies_need_somebody_to_ask(doctor, volume, tmp_path, monkeypatch):
    """What is not set is named; without a contract there is nothing to hold."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNPOD_S3_SECRET_ACCESS_KEY")
    done = doctor("mine", "--dependencies")
    assert (done.exit_code, "RUNPOD_S3_SECRET_ACCESS_KEY is not set" in done.output) == (2, True)
    assert "needs a CONTRACT" in doctor("--dependencies").output


def test_dependencies_of_a_contract_without_a_volume_need_a_comfyui(doctor):
    """The variable is named, and why the endpoint itself does not do."""
    done = doctor("noise-1024", "--dependencies")
    assert (done.exit_code, "COMFYUI_URL is not set" in done.output) == (2, True)


def test_dependencies_of_a_recording(doctor):
    """The same lines without anybody being asked, and no line about the endpoint."""
    done = doctor("noise-1024", "--dependencies", "--cassette", "noise-1024")
    assert done.exit_code == 0
    assert "required nodes are loaded" in done.output
    assert "endpoint comfy answers" not in done.output
