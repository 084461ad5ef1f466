"""What RunPod posts to a webhook becomes jobs that a check reads, and what it does not say is said."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Cassette, CassetteError
from comfytape_cassettes.formats.recognise import read_foreign
from comfytape_contracts.tape import Tape

WORKFLOW = {"1": {"class_type": "KSampler", "inputs": {"seed": 2**64 - 1, "cfg": 8.0}}}


def body(job="j-1-u1", status="COMPLETED", **more):
    """As a webhook is posted: the job object, with input and webhook repeated."""
    return {
        "delayTime": 31618, "executionTime": 1437, "id": job, "status": status, "workerId": "oqk7ao1uomckye",
        "input": {"workflow": WORKFLOW}, "output": {"images": []}, "webhook": "https://me.example/hook?token=Zk3vQ9xLm2Rt8Wb4Yp6N",
    } | more  # fmt: skip


@pytest.fixture
def webhooks(tmp_path):
    """A function: the tape of a file with this text."""

    def read(text):
        (tmp_path / "hooks.json").write_text(text)
        return read_foreign(tmp_path / "hooks.json")

    return read


SPELLED = {
    "one": lambda bodies: json.dumps(bodies[0], indent=2),
    "array": json.dumps,
    "lines": lambda bodies: "".join(json.dumps(each) + "\r\n" for each in bodies),
}


@pytest.mark.parametrize("spelled", SPELLED)
def test_bodies_become_jobs(webhooks, spelled):
    """A file with one, an array, or a line each: submission, end, workflow with its numbers, and times."""
    bodies = [body(), body("j-2-u1", "FAILED", error="out of memory")][: 1 if spelled == "one" else 2]
    jobs = Tape(webhooks(SPELLED[spelled](bodies))).jobs
    assert [(job.id, job.status) for job in jobs] == [(each["id"], each["status"]) for each in bodies]
    assert jobs[0].workflow == WORKFLOW
    assert (jobs[0].last.delay_ms, jobs[0].last.execution_ms) == (31618, 1437)
    assert (jobs[0].submitted_ms, jobs[0].ended_ms) == (0.0, 33055.0)


def test_the_body_is_kept_as_it_came(webhooks):
    """Byte for byte: spaces, order and numbers."""
    text = json.dumps(body()).replace("31618", "31618.0").replace(", ", " ,  ")
    assert webhooks(text).exchanges[-1].response.body.raw() == text.encode()


def test_a_second_delivery_is_the_same_news(webhooks):
    """RunPod posts up to three times; a job that was retried tells something new."""
    again = [body(), body(), body(status="FAILED")]
    tape = webhooks(SPELLED["lines"](again))
    assert [e.request.method for e in tape.exchanges] == ["POST", "GET", "GET"]


def test_what_is_not_known_is_said(webhooks):
    """When, the states between, headers, the endpoint; and the request of a job whose input is not repeated."""
    without = {key: value for key, value in body("j-2").items() if key != "input"}
    tape = webhooks(SPELLED["lines"]([body(), without]))
    assert "when jobs were submitted" in tape.notes[0]
    assert "'webhook' for the endpoint" in tape.notes[0]
    assert tape.notes[1].startswith("The requests of 1 jobs are rebuilt from the input")
    assert tape.notes[2] == "1 jobs repeat no input: their workflows are not known."
    assert [job.submitted is None for job in Tape(tape).jobs] == [False, True]


def test_an_id_cannot_lead_elsewhere(webhooks):
    """It is one part of a path, whatever it says."""
    tape = webhooks(json.dumps(body("../../etc/passwd?x#y")))
    assert tape.exchanges[-1].request.url.endswith("/v2/webhook/status/..%2F..%2Fetc%2Fpasswd%3Fx%23y")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"id": ""}, "'id' is no job id"),
        ({"id": 5}, "'id' is no job id"),
        ({"id": "x" * 201}, "'id' is no job id"),
        ({"status": "RUNNING"}, "'status' is 'RUNNING'"),
        ({"delayTime": "1"}, "are milliseconds"),
        ({"delayTime": True}, "are milliseconds"),
        ({"executionTime": 10**13}, "expected milliseconds"),
    ],
)
def test_a_body_that_is_none_is_named(webhooks, damage, words):
    """Which of them, and what is wrong."""
    with pytest.raises(CassetteError, match="body 2 is not what RunPod posts to a webhook") as caught:
        webhooks(SPELLED["lines"]([body(), body(**damage)]))
    assert words in str(caught.value)


def test_an_array_holds_job_objects_only(webhooks):
    """Anything else in it is named too."""
    with pytest.raises(CassetteError, match=r"body 2 .*expected an object, got int"):
        webhooks(json.dumps([body(), 5]))


def test_an_import_is_checked_and_holds_no_secret(tmp_path):
    """The command: a cassette whose job a check reads, without the token of the webhook's address."""
    (tmp_path / "night.jsonl").write_text(SPELLED["lines"]([body(), body("j-2-u1")]))
    done = CliRunner().invoke(cli, ["import", str(tmp_path / "night.jsonl"), "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "note: From webhook bodies" in done.stdout
    cassette = Cassette.open(tmp_path / "night")
    assert cassette.provenance.plane == "import"
    assert [job.status for job in Tape(cassette).jobs] == ["COMPLETED"] * 2
    assert b"Zk3vQ9xLm2Rt8Wb4Yp6N" not in b"".join(
        p.read_bytes() for p in (tmp_path / "night").rglob("*") if p.is_file()
    )


def test_a_body_as_yaml_is_refused(webhooks):
    """RunPod posts JSON; what a body says in YAML cannot be kept as it came."""
    with pytest.raises(CassetteError, match="but not as JSON") as caught:
        webhooks("id: j-1-u1\nstatus: COMPLETED\n")
    assert "a JSON file each" in caught.value.hint
