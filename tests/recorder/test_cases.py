"""Cases on their way into a cassette: counted, noted, resumed, and never paid for twice."""

from __future__ import annotations

import base64
import io
import json
import signal
import time

import pytest
from PIL import Image

from comfytape_cassettes import Cassette, UsageError
from comfytape_contracts.checks import check
from comfytape_contracts.tape import Tape
from comfytape_recorder.elsewhere import is_private
from comfytape_recorder.target import Target

CASES = """\
suite: tests.json
cases:
  - name: sizes
    sizes: [16x16, 24x8]
  - name: bad-input
    expects: input-rejected
"""
SUITE = {"tests": [{"name": "bad-input", "input": {"prompt": "x"}, "timeout": 5000}]}


@pytest.fixture
def suite(contract):
    """The small contract with a case of two runs and a suite of one test."""

    def make(more=CASES):
        made = contract(more)
        (made.folder / "tests.json").write_text(json.dumps(SUITE))
        return made

    return make


def test_samples_come_first_and_the_cassette_knows_whose_each_job_is(suite, recorded, plane, folder):
    """Three samples, one test of the suite, two runs: six jobs, each noted, each with a digest of what was asked."""
    outcome = recorded(made=suite())
    assert [entry.label for entry in outcome.entries[3:]] == ["case bad-input", "case sizes", "case sizes #2"]
    assert [entry.status for entry in outcome.entries] == ["COMPLETED"] * 6
    notes = Cassette.open(folder).provenance.samples
    assert [(n.get("sample"), n.get("case"), n.get("run")) for n in notes] == [
        (0, None, None), (1, None, None), (2, None, None), (None, "bad-input", 0), (None, "sizes", 0), (None, "sizes", 1),
    ]  # fmt: skip
    assert all(len(note["asks"]) == 16 for note in notes[3:])
    assert plane.submissions[3] == {"prompt": "x"}
    assert plane.submissions[5]["workflow"]["1"]["inputs"]["width"] == 24


def test_one_case_alone_can_be_recorded(suite, recorded, plane):
    """No samples, and none of the other cases."""
    assert len(recorded(made=suite(), samples=0, cases=("sizes",)).entries) == 2
    assert len(plane.submissions) == 2


def test_a_case_that_is_not_there_is_refused_before_anything_is_sent(suite, recorded, plane):
    """The nearest name is suggested."""
    with pytest.raises(UsageError, match="has no case 'sise'") as caught:
        recorded(made=suite(), cases=("sise",))
    assert caught.value.hint == "did you mean 'sizes'?"
    assert plane.seen == []


def test_an_input_that_run_refuses_is_how_a_case_ends(suite, recorded, plane, folder):
    """HTTP 400 to a case is kept and the recording goes on; the check finds that it was meant."""
    made = suite()
    plane.fault("run", status=400, body='{"error": "no workflow"}', kind="application/json")
    outcome = recorded(made=made, samples=0)
    assert [(e.label, e.status) for e in outcome.entries] == [
        ("case bad-input", "REFUSED"), ("case sizes", "COMPLETED"), ("case sizes #2", "COMPLETED"),
    ]  # fmt: skip
    told = {case["name"]: case for case in check(made, Cassette.open(folder)).measurements["cases"]}
    assert (told["bad-input"]["verdict"], told["bad-input"]["ended"]) == ("pass", ["input-rejected"])


def test_an_input_that_run_refuses_stops_samples(contract, recorded, plane):
    """A sample is never meant to be refused."""
    plane.fault("run", status=400, body='{"error": "no"}', kind="application/json")
    with pytest.raises(UsageError, match="/run answered 400"):
        recorded(made=contract())


def test_cases_count_in_the_budget(suite, recorded, plane_with):
    """Jobs of 0.05 s at a dollar a second: a budget of a tenth leaves most of the cases out, and says so."""
    outcome = recorded(made=suite(), samples=1, budget_usd=0.1, server=plane_with(work_s=0.06))
    assert outcome.stopped
    assert 0 < sum(entry.status == "COMPLETED" for entry in outcome.entries) < 4


def test_a_link_that_leads_nowhere_is_never_sent(suite, recorded, plane):
    """It would kill the worker's ComfyUI for everybody."""
    with pytest.raises(UsageError, match=r"case 'probe': input 'image' of node 2 is linked to node '9'"):
        recorded(made=suite("cases: [{name: probe, set: {'2': {image: ['9', 0]}}}]\n"))
    assert plane.submissions == []


def test_a_job_over_ten_megabytes_is_refused_at_once(suite, recorded, plane):
    """The limit of /run; two images of 4 MB are more in base64."""
    made = suite("cases: [{name: big, images: [big.bin]}]\n")
    (made.folder / "big.bin").write_bytes(b"x" * 8_000_000)
    with pytest.raises(UsageError, match=r"is a job of 10,66.,... bytes, but /run takes at most 10,000,000"):
        recorded(made=made)
    assert plane.submissions == []


def test_a_case_has_its_own_time_limit(suite, recorded, plane_with, said):
    """The samples have 20 s, this case a fifth of a second; then it is cancelled."""
    made = suite("cases: [{name: quick, timeout_s: 0.2, sizes: 8x8}]\n")
    recorded(made=made, samples=0, server=plane_with(work_s=30))
    assert any("case quick: no end after 0.2 s; cancelling" in line for line in said.lines)


def test_a_recorder_that_was_killed_goes_on_with_its_cases(recorder, suite, plane, folder):
    """Killed while cases run; resumed, every input was submitted once and every run has its job."""
    suite("cases: [{name: many, sizes: [8x8, 8x16, 8x24, 8x32, 16x8, 24x8]}]\n")
    plane.lists = True
    process = recorder("--concurrency", "2")
    deadline = time.monotonic() + 20
    while len(plane.submissions) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = recorder("--resume")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert "6 of 6 jobs of cases ended" in out
    asked = [json.dumps(job, sort_keys=True) for job in plane.submissions]
    assert len(asked) == len(set(asked)) == 9
    assert len({note["job"] for note in Cassette.open(folder).provenance.samples}) == 9


def test_images_at_a_url_are_fetched_without_the_key(recorded, plane_with, service, folder, contract):
    """What a worker with a bucket answers: the picture is on the tape, the signature is not, the key was not sent."""
    out = io.BytesIO()
    Image.effect_noise((32, 32), 80).save(out, "PNG")
    service.answers["/11-26/a.png"] = (200, out.getvalue(), "image/png")
    server = plane_with()
    signature = "0123456789abcdef" * 4
    url = f"{service.url}/11-26/a.png?X-Amz-Signature={signature}&X-Amz-Credential=AKIAEXAMPLE%2F20261122"
    server.output = {"images": [{"filename": "a.png", "type": "s3_url", "data": url}]}
    made = contract()
    recorded(made=made, server=server, samples=1)
    assert [path.partition("?")[0] for _, path, _, _ in service.asked] == ["/11-26/a.png"]
    assert "Authorization" not in service.asked[0][2]
    tape = Tape(Cassette.open(folder))
    assert tape.brought(tape.jobs[0])[0].data == out.getvalue()
    assert check(made, Cassette.open(folder)).measurements["images"] == 1
    assert all(signature.encode() not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://s3.eu-central-1.amazonaws.com/b/a.png", False),
        ("http://93.184.216.34/a.png", False),
        ("http://127.0.0.1:9000/a.png", True),
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://10.0.0.7/a.png", True),
        ("http://[::1]/a.png", True),
        ("http://localhost/a.png", True),
        ("http://minio.internal/a.png", True),
        ("http://[/a.png", True),
    ],
)
def test_a_url_out_of_an_answer_does_not_look_behind_a_firewall(url, private):
    """This machine and private networks are asked only where the endpoint is there too."""
    assert is_private(url) is private


def test_a_comfyui_is_given_the_images_and_the_workflow(suite, recorded, service, folder, said):
    """Without RunPod: uploaded first, then queued; a raw input cannot be given to it, and that is said."""
    made = suite(CASES + "  - {name: image, images: [in.png]}\n")
    (made.folder / "in.png").write_bytes(b"\x89PNG")
    stats = {"system": {"comfyui_version": "0.10.0"}, "devices": []}
    done = {"p1": {"status": {"status_str": "success", "messages": []}, "outputs": {}}}
    answers = {"/system_stats": stats, "/object_info": {}, "/history/p1": done, "/upload/image": {"name": "in.png"}}
    service.answers |= {path: (200, json.dumps(data).encode(), "application/json") for path, data in answers.items()}
    service.answers["/prompt"] = (200, b'{"prompt_id": "p1"}', "application/json")
    recorded(made=made, target=Target("", "", "", service.url), samples=0, cases=("image", "bad-input"))
    posted = [(path, body) for method, path, _, body in service.asked if method == "POST"]
    assert [path for path, _ in posted] == ["/upload/image", "/prompt"]
    assert b'name="image"; filename="in.png"' in posted[0][1]
    assert b"\x89PNG\r\n" in posted[0][1]
    assert "case bad-input: not submitted: a ComfyUI takes workflows alone" in said.lines


def test_a_prompt_that_comfyui_refuses_is_how_a_case_ends(suite, recorded, service, folder):
    """HTTP 400 with ComfyUI's own words."""
    made = suite("cases: [{name: odd, set: {'1': {class_type: Nope}}, expects: node-missing}]\n")
    service.answers |= {
        "/system_stats": (200, b"{}", "application/json"), "/object_info": (200, b"{}", "application/json"),
        "/prompt": (400, json.dumps({"error": {"message": "Cannot execute because node Nope does not exist."}}).encode(),
                    "application/json"),
    }  # fmt: skip
    (entry,) = recorded(made=made, target=Target("", "", "", service.url), samples=0).entries
    assert entry.status == "REFUSED"
    (told,) = check(made, Cassette.open(folder)).measurements["cases"]
    assert (told["verdict"], told["ended"]) == ("pass", ["node-missing"])


@pytest.mark.parametrize("images", [["a"], [{"name": "a"}], [{"name": "a", "image": 7}], [{"name": "a", "image": "?"}]])
def test_images_of_another_shape_are_refused(images, suite, recorded, service):
    """As worker-comfyui refuses them."""
    made = suite()
    test = {"name": "bad-input", "input": {"workflow": {"1": {"class_type": "A", "inputs": {}}}, "images": images}}
    (made.folder / "tests.json").write_text(json.dumps({"tests": [test]}))
    service.answers |= dict.fromkeys(("/system_stats", "/object_info"), (200, b"{}", "application/json"))
    (entry,) = recorded(made=made, target=Target("", "", "", service.url), samples=0, cases=("bad-input",)).entries
    assert entry.status == "REFUSED"
    assert "'images' must be a list of objects" in entry.note


def test_a_data_uri_is_read_as_an_image(suite, recorded, service):
    """A prefix changes nothing; a server that does not take the file ends the case."""
    made = suite()
    image = {"name": "a.png", "image": "data:image/png;base64," + base64.b64encode(b"abc").decode()}
    test = {"name": "bad-input", "input": {"workflow": {"1": {"class_type": "A", "inputs": {}}}, "images": [image]}}
    (made.folder / "tests.json").write_text(json.dumps({"tests": [test]}))
    service.answers |= dict.fromkeys(("/system_stats", "/object_info"), (200, b"{}", "application/json"))
    service.answers["/upload/image"] = (500, b"no", "text/plain")
    (entry,) = recorded(made=made, target=Target("", "", "", service.url), samples=0, cases=("bad-input",)).entries
    assert "/upload/image answered 500 to a.png: no" in entry.note
    assert any(body and b"\r\n\r\nabc\r\n" in body for _, path, _, body in service.asked)
