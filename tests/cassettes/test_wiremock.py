"""WireMock mappings: complete, linked, and safe to write. ``benchmarks/wiremock.py`` runs them in a real WireMock."""

from __future__ import annotations

import gzip
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Failure
from comfytape_cassettes.formats.wiremock import wiremock_of
from comfytape_contracts.tape import Tape


def stubs_of(cassette):
    return json.loads(wiremock_of(cassette).mappings[1])["mappings"]


def export(cassette, root):
    return CliRunner().invoke(cli, ["export", cassette.label, "--format", "wiremock", "--output", str(root)])


@pytest.mark.parametrize(
    "name", ["danrisi-jobs.har", "comfyui-prompt.har", "runpod-failures.har", "runpod-refusals.har"]
)
def test_every_answer_of_a_real_recording_is_a_stub(imported, name):
    """As many as there are states, each with the recorded status and bytes, inline or in a file that is written."""
    cassette = imported(name)
    made = wiremock_of(cassette)
    bodies = []
    for stub in json.loads(made.mappings[1])["mappings"]:
        response = stub["response"]
        file = response.get("bodyFileName")
        bodies.append(
            (response["status"], made.files[f"__files/{file}"] if file else response.get("body", "").encode())
        )
    assert sorted(bodies) == sorted((e.response.status, e.response.content()) for e in cassette.exchanges)
    assert made.stubs == len(bodies)


def test_the_polls_of_a_job_end(imported):
    """Its scenario begins at Started, each state leads to the next that exists, and the last stays."""
    cassette = imported("danrisi-jobs.har")
    jobs = Tape(cassette).jobs
    for job in jobs:
        chain = [s for s in stubs_of(cassette) if s["request"]["urlPath"].endswith(f"/status/{job.id}")]
        assert chain[0]["requiredScenarioState"] == "Started"
        for one, following in pairwise(chain):
            assert one["newScenarioState"] == following["requiredScenarioState"]
            assert one["scenarioName"] == following["scenarioName"]
        assert "newScenarioState" not in chain[-1]
    assert len(jobs) == 11


def test_one_answer_needs_no_scenario(recorded, exchange):
    """A plain stub."""
    (stub,) = stubs_of(recorded(exchange(b"{}")))
    assert not any("cenario" in key for key in stub)


def test_requests_are_told_apart_by_meaning(recorded, exchange):
    """Query and body decide, JSON by value; the one that asks for most is tried first."""
    url = "http://127.0.0.1:9/view"
    stubs = stubs_of(
        recorded(
            exchange(b"1", at=1, url=url),
            exchange(b"2", at=2, url=f"{url}?filename=a&subfolder=&tag=x&tag=y"),
            exchange(b"3", at=3, method="POST", url=url, sent=b'{"a": 1, "b": 2}'),
            exchange(b"4", at=4, method="POST", url=url, sent=b'{"b": 2, "a": 1}'),
            exchange(b"5", at=5, method="POST", url=url, sent=b"plain"),
            exchange(b"6", at=6, method="POST", url=url, sent=b"\xff\x00"),
            exchange(b"7", at=7, method="POST", url=url, sent=b"--x", request_headers=[("Content-Type", "multipart/form-data; boundary=x")]),
        )
    )  # fmt: skip
    assert [s["priority"] for s in stubs] == [5, 3, 4, 4, 4, 4, 5]
    assert stubs[1]["request"]["queryParameters"] == {
        "filename": {"equalTo": "a"}, "subfolder": {"equalTo": ""}, "tag": {"hasExactly": [{"equalTo": "x"}, {"equalTo": "y"}]},
    }  # fmt: skip
    assert stubs[2]["scenarioName"] == stubs[3]["scenarioName"], "one request, spelled twice"
    assert [s["request"].get("bodyPatterns") for s in stubs[4:]] == [
        [{"equalTo": "plain"}],
        [{"binaryEqualTo": "/wA="}],
        None,
    ]


def test_what_was_redacted_may_be_anything(recorded, exchange):
    """A key that the cassette does not hold cannot be asked for."""
    sent = b'{"input": {"comfy_org_api_key": "comfyui-abcdefghijklmnop", "list": [1, 8.0]}}'
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    stubs = stubs_of(
        recorded(
            exchange(method="POST", url="http://127.0.0.1:9/run?api_key=abcdefghijklmnop&a=1", sent=sent),
            exchange(
                method="POST", url="http://127.0.0.1:9/form", sent=b"api_key=abcdefghijklmnop", request_headers=form
            ),
        )
    )
    assert stubs[0]["request"]["queryParameters"] == {"a": {"equalTo": "1"}}
    assert json.loads(stubs[0]["request"]["bodyPatterns"][0]["equalToJson"]) == {
        "input": {"comfy_org_api_key": "${json-unit.any-string}", "list": [1, 8.0]}
    }
    assert "bodyPatterns" not in stubs[1]["request"]


def test_headers_are_true_of_what_is_served(recorded, exchange):
    """Decoded bytes claim no encoding; two of one name are a list."""
    headers = [("Content-Encoding", "gzip"), ("Content-Length", "9"), ("Via", "1.1 a"), ("via", "1.1 b"), ("X", "y")]
    (stub,) = stubs_of(recorded(exchange(gzip.compress(b"[1]"), headers=headers, reason="")))
    assert stub["response"] == {"status": 200, "headers": {"Via": ["1.1 a", "1.1 b"], "X": "y"}, "body": "[1]"}


def test_bytes_that_are_no_text_go_into_a_file(recorded, exchange):
    """However few they are: a mapping is JSON."""
    made = wiremock_of(recorded(exchange(b"\xff\x00", headers=())))
    (stub,) = json.loads(made.mappings[1])["mappings"]
    assert "headers" not in stub["response"]
    assert made.files == {f"__files/{stub['response']['bodyFileName']}": b"\xff\x00"}


def test_the_command_writes_a_root_folder(imported, tmp_path):
    """mappings/ and __files/ by the cassette's name, so that several go into one; what is lost is told."""
    first, second = imported("danrisi-jobs.har"), imported("runpod-stuck-in-queue.har")
    done = export(first, tmp_path / "wm")
    assert export(second, tmp_path / "wm").exit_code == 0
    assert done.stdout.splitlines() == [
        f"done {tmp_path / 'wm'}: 444 requests of {first.label}",
        "not kept: times: WireMock answers at once, and each poll is one state further (times are under metadata)",
    ]
    assert sorted(p.name for p in (tmp_path / "wm/mappings").iterdir()) == [
        "danrisi-jobs.json",
        "runpod-stuck-in-queue.json",
    ]
    assert [p.name for p in (tmp_path / "wm/__files").iterdir()] == ["danrisi-jobs"]


def test_an_older_export_is_replaced(recorded, exchange, tmp_path, png):
    """Its files go; a file that a person put there stays."""
    assert export(recorded(exchange(png)), tmp_path / "wm").exit_code == 0
    (old,) = (tmp_path / "wm/__files/cassette").iterdir()
    (tmp_path / "wm/__files/cassette/mine.txt").write_text("mine")
    assert export(recorded(exchange(png + b"new")), tmp_path / "wm").exit_code == 0
    names = {p.name for p in (tmp_path / "wm/__files/cassette").iterdir()}
    assert old.name not in names
    assert len(names) == 2


@pytest.mark.parametrize("root", ["wm.json", "file"])
def test_a_root_that_is_a_file(recorded, exchange, tmp_path, root):
    """There, or named like one."""
    (tmp_path / "file").write_text("x")
    done = export(recorded(exchange()), tmp_path / root)
    assert done.exit_code == 2
    assert "WireMock's mappings are a folder" in done.stderr


def test_a_name_cannot_lead_out(recorded, exchange, tmp_path, png):
    """A folder's name becomes one part of a path, whatever it says."""
    made = wiremock_of(recorded(exchange(png), path=tmp_path / "..a b$"))
    names = [made.mappings[0], *made.files]
    assert [os.path.normpath(name) for name in names] == names
    assert Path(made.mappings[0]).name == "a-b-.json"


def test_what_wiremock_cannot_do_is_told(recorded, exchange, tmp_path):
    """Requests without an answer, forms of several parts, and servers that share a path."""
    form = [("Content-Type", "multipart/form-data; boundary=x")]
    cassette = recorded(
        exchange(at=1, method="POST", url="http://127.0.0.1:9/a", sent=b"--x", request_headers=form),
        exchange(at=2, method="GET", url="http://127.0.0.1:8/a"),
        failures=[Failure("GET", "http://127.0.0.1:9/a", "refused", (0.0, 1.0))],
    )
    assert export(cassette, tmp_path / "wm").stdout.splitlines()[2:] == [
        "not kept: 1 requests that got no answer",
        "not kept: 1 multipart bodies are not matched: their boundary is new each time",
        "not kept: which server answered /a: their answers follow each other",
    ]
