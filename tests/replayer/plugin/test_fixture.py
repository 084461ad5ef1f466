"""The fixture ``comfytape_replay`` and its marker."""

from __future__ import annotations

import pytest

CLIENT = """
import json, os
from urllib.request import Request, urlopen
import pytest

def ask(path, body=None):
    request = Request(os.environ["COMFYUI_URL"] + path, None if body is None else json.dumps(body).encode())
    with urlopen(request) as answer:
        return json.loads(answer.read())
"""


def test_a_marked_test_has_a_server(run):
    """The marker alone starts it, and the environment names it."""
    result = run(
        CLIENT
        + """
@pytest.mark.comfytape("noise-1024")
def test_it():
    assert os.environ["RUNPOD_ENDPOINT_BASE_URL"] == os.environ["COMFYUI_URL"] + "/v2"
    assert os.environ["RUNPOD_ENDPOINT_ID"] == "comfy"
    assert ask("/v2/any/health")["jobs"]["completed"] == 0
"""
    )
    result.assert_outcomes(passed=1)


def test_the_environment_is_put_back(run):
    """The next test sees nothing of it, and may use the network."""
    result = run(
        CLIENT
        + """
import socket

@pytest.mark.comfytape("noise-1024")
def test_one(): pass

def test_two():
    assert "COMFYUI_URL" not in os.environ
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
"""
    )
    result.assert_outcomes(passed=2)


def test_the_fixture_tells_what_was_asked(run):
    """.url, .requests and .unused are this test's."""
    result = run(
        CLIENT
        + """
@pytest.mark.comfytape("noise-1024")
def test_it(comfytape_replay):
    assert comfytape_replay.url == os.environ["COMFYUI_URL"]
    assert comfytape_replay.requests == ()
    ask("/queue")
    assert [(r.method, r.path, r.status) for r in comfytape_replay.requests] == [("GET", "/queue", 200)]
    assert "GET /queue" not in comfytape_replay.unused
    assert len([words for words in comfytape_replay.unused if words.startswith("job ")]) == 10
"""
    )
    result.assert_outcomes(passed=1)


def test_a_miss_fails_the_test_with_the_nearest_request(run):
    """The failure text is the explanation, even where the client shrugs the 404 off."""
    result = run(
        CLIENT
        + """
from urllib.error import HTTPError

@pytest.mark.comfytape("noise-1024")
def test_it():
    try: ask("/modles")
    except HTTPError: pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*no recorded answer: GET /modles*", "*nearest: GET /models*"])


def test_a_test_that_fails_by_itself_shows_its_misses(run):
    """The client's own error comes first, the explanation in a section."""
    result = run(CLIENT + "\n@pytest.mark.comfytape('noise-1024')\ndef test_it(): ask('/modles')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*HTTPError*", "*comfytape*", "*nearest: GET /models*"])


def test_misses_can_be_allowed(run):
    """For a test that is about them."""
    result = run(
        CLIENT
        + """
from urllib.error import HTTPError

@pytest.mark.comfytape("noise-1024", misses="allow")
def test_it(comfytape_replay):
    with pytest.raises(HTTPError): ask("/modles")
    assert comfytape_replay.misses[0].nearest == "GET /models"
"""
    )
    result.assert_outcomes(passed=1)


def test_a_scenario_of_the_marker(run):
    """The server plays it; a list plays several."""
    result = run(
        CLIENT
        + """
@pytest.mark.comfytape("noise-1024", scenario=["cold-start", "pack-import-failed"])
def test_it(): assert "KSampler" in ask("/object_info") and "ClownsharKSampler_Beta" not in ask("/object_info")
"""
    )
    result.assert_outcomes(passed=1)


def test_faults_and_a_key_of_the_marker(run):
    """faults and require_key are the server's."""
    result = run(
        CLIENT
        + """
from urllib.error import HTTPError

@pytest.mark.comfytape("noise-1024", faults="queue:503,times=1", require_key=True)
def test_it():
    for path, status in (("/queue", 503), ("/v2/x/health", 401)):
        with pytest.raises(HTTPError, match=str(status)): ask(path)
    assert ask("/queue")
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(("scope", "same"), [("test", False), ("module", True), ("session", True)])
def test_scopes(run, scope, same):
    """A module's or a session's tests share a server; misses and requests stay apart."""
    result = run(
        CLIENT
        + f"""
URLS = []

@pytest.mark.comfytape("noise-1024", scope="{scope}")
@pytest.mark.parametrize("number", range(2))
def test_it(comfytape_replay, number):
    ask("/queue")
    assert len(comfytape_replay.requests) == 1
    URLS.append(comfytape_replay.url)

def test_both(): assert (URLS[0] == URLS[1]) is {same}
"""
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("'noise-1204'", "there is no cassette at"),
        ("", "names no cassette"),
        ("'noise-1024', scope='class'", "expected one of test, module, session"),
        ("'noise-1024', senario='x'", "does not take senario; it takes"),
        ("'noise-1024', scenario='cold'", "there is no scenario 'cold'"),
        ("'noise-1024', speed='fast'", "speed 'fast' is not one"),
    ],
)
def test_a_marker_that_does_not_fit_is_an_error_that_says_why(run, marker, words):
    """What was given and what is taken."""
    result = run(f"import pytest\n@pytest.mark.comfytape({marker})\ndef test_it(): pass\n")
    result.assert_outcomes(errors=1)
    assert words in result.stdout.str()


def test_the_runpod_sdk_is_pointed_there_too(run):
    """It reads its base URL once, on import."""
    result = run(
        """
import pytest, runpod

@pytest.mark.comfytape("noise-1024")
def test_it(comfytape_replay):
    assert runpod.Endpoint("any").health()["workers"]["ready"] == 0
"""
    )
    result.assert_outcomes(passed=1)


def test_xdist_gives_each_worker_its_own(run):
    """Four tests on two workers, a session server each."""
    result = run(
        CLIENT
        + """
@pytest.mark.comfytape("noise-1024", scope="session")
@pytest.mark.parametrize("number", range(4))
def test_it(number): assert ask("/v2/any/health")["jobs"]["inQueue"] == 0
""",
        "-n2",
    )
    result.assert_outcomes(passed=4)


def test_a_session_that_does_not_use_it_imports_nothing(run):
    """The plugin costs nothing where it is not used."""
    result = run(
        """
import sys

def test_it():
    assert "comfytape_replayer.pytest_plugin" in sys.modules
    assert not {"uvicorn", "vcr", "comfytape_cassettes", "comfytape_replayer.testing"} & set(sys.modules)
""",
        "-p", "no:recording",
    )  # fmt: skip
    result.assert_outcomes(passed=1)
