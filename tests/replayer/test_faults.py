"""One-off faults, and scenarios of one's own."""

from __future__ import annotations

import time
from http.client import IncompleteRead, RemoteDisconnected

import pytest

from comfytape_cassettes import UsageError
from comfytape_replayer import ReplayServer
from comfytape_replayer.faults import fault_of_spec
from comfytape_replayer.scenarios.custom import load_scenario


@pytest.fixture
def faulty(danrisi, client_of):
    """A client of a server with faults."""
    servers = []

    def start(*faults, **options):
        servers.append(ReplayServer(danrisi, faults=faults, **options))
        servers[-1].start()
        return client_of(servers[-1])

    yield start
    for server in servers:
        server.stop()


def test_a_status_for_an_operation(faulty):
    """health answers 503 twice, then as it should; nothing else is touched."""
    client = faulty("health:503,times=2")
    assert [client.get("/v2/any/health").status for _ in range(3)] == [503, 503, 200]
    assert client.get("/system_stats").status == 200


def test_every_and_offset(faulty):
    """Each third request, from the second on."""
    client = faulty("system_stats:500,every=3,offset=1")
    assert [client.get("/system_stats").status for _ in range(6)] == [200, 500, 200, 200, 500, 200]


def test_a_body_and_retry_after(faulty):
    """What is said beside the status."""
    answer = faulty("any:429,retry-after=7,body=slow down").get("/queue")
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"slow down")


def test_a_reset_ends_the_connection_without_an_answer(faulty):
    """The request is carried out, the answer is lost."""
    client = faulty("run:reset")
    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        client.post("/v2/any/run", {"input": {"prompt": 1}})
    assert client.get("/v2/any/health").status == 200


def test_a_truncated_body_is_announced_whole(faulty):
    """The client can tell that something is missing."""
    with pytest.raises(IncompleteRead) as cut:
        faulty("object_info:truncate=1000").get("/object_info")
    assert len(cut.value.partial) == 1000


def test_a_delay_is_in_milliseconds(faulty):
    """The answer comes late and is the right one."""
    client = faulty("queue:delay=200")
    began = time.monotonic()
    assert client.get("/queue").status == 200
    assert time.monotonic() - began >= 0.2


def test_a_fault_for_one_state(faulty, danrisi_workflows):
    """Only the completed answer is cut."""
    client = faulty("status:truncate=10,state=COMPLETED")
    job = client.run(danrisi_workflows[0])
    assert [client.status(job)["status"] for _ in range(2)] == ["IN_QUEUE", "IN_PROGRESS"]
    with pytest.raises(IncompleteRead):
        client.status(job)


@pytest.mark.parametrize(
    "spec", ["status", "status:", "status:never", "status:every=0", "status:delay=x", "x:times=-1", "a:99"]
)
def test_a_fault_that_is_none_is_refused(spec):
    """The message shows the form."""
    with pytest.raises(UsageError, match="expected OPERATION:EFFECT") as refused:
        fault_of_spec(spec)
    assert "status:503,every=3" in refused.value.hint


CUSTOM = """\
name: late-and-renamed
imitates: what our gateway did in May
rules:
  - match: {operation: status, state: COMPLETED}
    replace: {output.images.0.filename: other.png, no.such.place: 1}
  - match: {operation: [run, runsync], times: 1}
    status: 503
    body: try later
    headers: {Retry-After: "2"}
  - match: {operation: view}
    delay: 1
    truncate: 100
"""


def test_a_scenario_of_ones_own(tmp_path, danrisi, danrisi_workflows, client_of):
    """match, then replace, delay, status, truncate: from a YAML file."""
    file = tmp_path / "mine.yaml"
    file.write_text(CUSTOM)
    scenario = load_scenario(file)
    assert (scenario.name, scenario.imitates) == ("late-and-renamed", "what our gateway did in May")
    with ReplayServer(danrisi, scenario=scenario) as server:
        client = client_of(server)
        refused = client.post("/v2/any/run", {"input": {"workflow": danrisi_workflows[0]}})
        assert (refused.status, refused.body, refused.headers["retry-after"]) == (503, b"try later", "2")
        job = client.run(danrisi_workflows[0])
        said = [client.status(job) for _ in range(3)][-1]
    assert said["output"]["images"][0]["filename"] == "other.png"
    assert len(said["output"]["images"][0]["data"]) > 10_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: [", "not YAML"),
        ("[]", "expected a mapping"),
        ("name: x", "has no rules"),
        ("rule: []", "unknown key 'rule'"),
        ("rules: [{match: {operation: run}}]", "rule 1 does nothing"),
        ("rules: [{match: {op: run}, status: 500}]", "rule 1, match: unknown key 'op'"),
        ("rules: [{status: true}]", "status cannot be True"),
        ("rules: [{status: '500'}]", "status cannot be '500'"),
        ("rules: [3]", "rule 1: expected a mapping"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, text, words):
    """The message names file, rule and key."""
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        load_scenario(file)
    assert words in str(refused.value)
    assert str(file) in str(refused.value)
