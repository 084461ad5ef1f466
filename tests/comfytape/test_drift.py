"""comfytape drift, over real recordings."""

import json
import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli

DATA = Path(__file__).parents[1] / "data"
WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "2": {
        "class_type": "ImageScaleToTotalPixels",
        "inputs": {"image": ["1", 0], "upscale_method": "area", "megapixels": 1.0},
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """HARs of ComfyUI 0.3.64 and 0.10.0 with RES4LYF, and of jobs, as a person has them."""
    folder = tmp_path_factory.mktemp("recordings")
    for name in ("comfyui-inventory.har", "danrisi-inventory.har"):
        (folder / name).write_bytes(lzma.decompress((DATA / "har" / f"{name}.xz").read_bytes()))
    inventories = json.loads(lzma.decompress((DATA / "drift" / "inventories.json.xz").read_bytes()))
    for name in ("0.3.64-aug", "0.3.64-none"):
        (folder / f"{name}.json").write_text(json.dumps(inventories[name]), encoding="utf-8")
    (folder / "workflow.json").write_text(json.dumps(WORKFLOW, indent=2), encoding="utf-8")
    (folder / "small.json").write_text(json.dumps({"1": WORKFLOW["1"]} | {
        "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}), encoding="utf-8")  # fmt: skip
    return folder


@pytest.fixture
def drift(recordings, monkeypatch):
    """Run the command in that folder."""
    monkeypatch.chdir(recordings)
    return lambda *arguments: CliRunner().invoke(cli, ["drift", *arguments])


OLD, NEW = "comfyui-inventory.har", "danrisi-inventory.har"


def test_without_a_workflow_everything_counts(drift):
    """Hundreds of changes on some forty lines, the time that it took, and a word that nothing was told apart."""
    done = drift(OLD, NEW)
    lines = done.output.splitlines()

    assert done.exit_code == 1
    assert lines[0].startswith(f"FAIL {OLD} → {NEW}: ")
    assert " ms; no workflow given" in lines[1]
    assert len([line for line in lines if not line.startswith("      ")]) < 50
    assert "info ComfyUI is 0.10.0, was 0.3.64." in lines


def test_a_workflow_leaves_what_matters(drift):
    """One new required input, with the file, the node, and what to add."""
    done = drift(OLD, NEW, "--workflow", "workflow.json")

    assert done.exit_code == 1
    errors = [line for line in done.output.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert "'resolution_steps'" in errors[0]
    assert "workflow.json: node 2" in errors[0]
    assert '→ Add "resolution_steps": 1 to the node' in done.output


def test_a_workflow_that_nothing_touches_passes(drift):
    """Exit code 0, and the changes are still told."""
    done = drift(OLD, NEW, "--workflow", "small.json")

    assert done.exit_code == 0
    assert done.output.startswith("PASS ")
    assert "judged by 1 workflow" in done.output


def test_warnings_fail_where_asked(drift):
    """Going back to an older ComfyUI is a warning."""
    assert drift(NEW, OLD, "--workflow", "small.json").exit_code == 0
    assert drift(NEW, OLD, "--workflow", "small.json", "--fail-on", "warning").exit_code == 1


def test_json_is_one_object(drift):
    """The keys that are promised, with the line in the workflow file."""
    document = json.loads(drift(OLD, NEW, "--workflow", "workflow.json", "--json").output)
    (error,) = [finding for finding in document["findings"] if finding["severity"] == "error"]

    assert (document["tool"], document["format"], document["verdict"]) == ("comfytape", 1, "fail")
    assert (error["rule"], error["server_error"]) == ("required-input-added", "required_input_missing")
    assert error["location"] == {
        "file": "workflow.json",
        "line": 13,
        "node_id": "2",
        "class_type": "ImageScaleToTotalPixels",
        "input": "resolution_steps",
    }
    assert document["measurements"]["compare_ms"] > 0


def test_a_missing_pack_comes_first(drift):
    """One line for 294 classes, before what follows from it."""
    done = drift("0.3.64-aug.json", "0.3.64-none.json")

    assert done.output.splitlines()[2] == "error RES4LYF: 294 classes gone; import failed?"


def with_answers(har, **answers):
    """A recording with the answers of further routes put in."""
    document = json.loads(har.read_text(encoding="utf-8"))
    last = max(document["log"]["entries"], key=lambda entry: entry["startedDateTime"])
    for route, body in answers.items():
        entry = json.loads(json.dumps(last))
        entry["request"]["url"] = f"http://127.0.0.1:8188/{route.replace('__', '/')}"
        text = body if isinstance(body, str) else json.dumps(body)
        entry["response"]["content"] |= {"text": text, "size": len(text)}
        entry["response"]["content"].pop("encoding", None)
        entry["response"]["bodySize"] = len(text)
        document["log"]["entries"].append(entry)
    return json.dumps(document)


FAILED = "Cannot import /x/custom_nodes/RES4LYF module for custom nodes: No module named 'comfy.nested_tensor'\n"


@pytest.mark.parametrize(
    "answers",
    [
        {"internal__logs": FAILED},
        {"internal__logs__raw": {"entries": [{"t": "1", "m": FAILED[:30]}, {"t": "1", "m": FAILED[30:]}]}},
    ],
    ids=["text", "entries"],
)
def test_a_recorded_log_gives_the_reason(drift, recordings, answers):
    """ComfyUI's log says why the import failed, in either of its two routes."""
    less = json.loads((recordings / "0.3.64-none.json").read_text(encoding="utf-8"))
    entries = {"object_info": less, **{k: json.dumps(v) if isinstance(v, str) else v for k, v in answers.items()}}
    (recordings / "failed.har").write_text(with_answers(recordings / OLD, **entries), encoding="utf-8")
    done = drift(OLD, "failed.har")

    assert "RES4LYF: 294 classes gone; import failed: No module named 'comfy.nested_tensor'." in done.output


def test_another_device_is_told(drift, recordings):
    """From the devices of /system_stats."""
    stats = {
        "system": {"comfyui_version": "0.3.64"},
        "devices": [{"name": "cuda:0 NVIDIA L4", "vram_total": 23_600_000_000}],
    }
    (recordings / "gpu.har").write_text(with_answers(recordings / OLD, system_stats=stats), encoding="utf-8")

    assert 'warning the devices are ["NVIDIA L4, 23.6 GB"], were ["cpu,' in drift(OLD, "gpu.har").output


def test_folders_of_models_are_compared(drift):
    """0.10.0 knows a kind of model that 0.3.64 did not."""
    assert "info the model folder 'latent_upscale_models' is new." in drift(OLD, NEW).output


def test_jobs_that_take_longer_are_told(drift, recordings):
    """Ten recorded jobs, and the same with ten seconds more of execution time."""
    jobs = json.loads(lzma.decompress((DATA / "har" / "runpod-ten-samples.har.xz").read_bytes()))
    inventory = json.loads((recordings / OLD).read_text(encoding="utf-8"))
    jobs["log"]["entries"] += inventory["log"]["entries"]
    (recordings / "jobs.har").write_text(json.dumps(jobs), encoding="utf-8")
    for entry in jobs["log"]["entries"]:
        content = entry["response"]["content"]
        if content.get("encoding") != "base64" and "executionTime" in content.get("text", ""):
            answer = json.loads(content["text"])
            content["text"] = json.dumps(answer | {"executionTime": answer["executionTime"] + 10_000})
    (recordings / "slow.har").write_text(json.dumps(jobs), encoding="utf-8")

    assert "warning executionTime of warm jobs: median " in drift("jobs.har", "slow.har").output
    assert "executionTime" not in drift("jobs.har", "jobs.har").output
    assert "executionTime" not in drift(OLD, "slow.har").output


def test_verbose_shows_every_finding(drift):
    """With its fingerprint, for accepting."""
    done = drift("0.3.64-aug.json", "0.3.64-none.json", "-v")

    assert "pack-removed · " in done.output


def test_the_same_inventory_has_no_drift(drift):
    """Nothing changed is a pass, for something was compared."""
    done = drift(OLD, OLD)

    assert done.exit_code == 0
    assert ": 0 changes (0 error, 0 warning, 0 info)" in done.output


def test_nothing_compared_is_not_green(drift, recordings):
    """Two empty inventories: exit code 4."""
    (recordings / "empty.json").write_text("{}", encoding="utf-8")

    assert drift("empty.json", "empty.json").exit_code == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no file broken.json"),
        ("{\n  1", "broken.json:2: not JSON"),
        ("[]", "broken.json is no workflow: expected a JSON object, got list"),
        (b"\xff\xfe\xff", "broken.json cannot be read"),
    ],
)
def test_a_wrong_workflow_file_is_named(drift, recordings, text, words):
    """File and line, exit code 2, no traceback."""
    path = recordings / "broken.json"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = drift(OLD, NEW, "--workflow", "broken.json")

    assert done.exit_code == 2
    assert words in done.output


def test_a_text_workflow_in_an_envelope_has_no_line(drift, recordings):
    """A workflow that is a JSON string inside a job has no lines of its own."""
    (recordings / "job.json").write_text(json.dumps({"input": {"workflow": json.dumps(WORKFLOW)}}), encoding="utf-8")
    document = json.loads(drift(OLD, NEW, "--workflow", "job.json", "--json").output)

    assert document["findings"][0]["location"]["line"] is None


def test_a_contract_brings_its_workflows_and_severities(tmp_path, recordings, monkeypatch):
    """--contract judges by the contract's workflow, and its severities weigh the rules."""
    folder = tmp_path / "contracts" / "scaling"
    folder.mkdir(parents=True)
    (folder / "workflow.json").write_text(json.dumps(WORKFLOW))
    (folder / "contract.yaml").write_text(
        "name: scaling\nworkflow: workflow.json\nseverities: {required-input-added: warning}\n"
    )
    monkeypatch.chdir(tmp_path)
    sides = [str(recordings / name) for name in ("comfyui-inventory.har", "danrisi-inventory.har")]

    done = CliRunner().invoke(cli, ["drift", *sides, "--contract", "scaling"])

    assert done.exit_code == 0
    assert "judged by 1 workflow" in done.stdout
    assert "warning" in done.stdout.splitlines()[2]
    assert "resolution_steps" in done.stdout
    assert CliRunner().invoke(cli, ["drift", *sides, "--workflow", str(folder / "workflow.json")]).exit_code == 1
