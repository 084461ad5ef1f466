"""``@pytest.mark.vcr`` plays our cassettes, with no configuration."""

from __future__ import annotations

import json

import pytest

PLAYED = """
import json, pytest
from urllib.request import Request, urlopen

BASE = "http://127.0.0.1:8900/v2/comfy"

{marker}
def test_it():
    with urlopen(Request(BASE + "/run", b"{{}}", headers={{"Content-Type": "application/json"}})) as answer:
        job = json.loads(answer.read())["id"]
    with urlopen(f"{{BASE}}/status/{{job}}") as answer:
        assert json.loads(answer.read())["status"] == "IN_QUEUE"
"""


@pytest.mark.parametrize(
    "marker",
    ["@pytest.mark.vcr('noise-1024')", "@pytest.mark.vcr\n@pytest.mark.default_cassette('noise-1024')"],
    ids=["extra cassette", "default cassette"],
)
def test_a_recording_is_found_by_name(run, marker):
    """In the folder of cassettes, under the name that the marker gives; nothing listens at that address."""
    run(PLAYED.format(marker=marker), "--block-network").assert_outcomes(passed=1)


def test_its_own_files_still_play(run, project):
    """A plain vcrpy file beside one of our folders: both are played."""
    folder = project.path / "cassettes" / "test_its_own_files_still_play"
    folder.mkdir()
    plain = {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "GET", "uri": "http://127.0.0.1:8900/plain", "body": None, "headers": {}},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {},
                    "body": {"string": "plain"},
                },
            }
        ],
    }
    (folder / "test_both.yaml").write_text(json.dumps(plain))
    run(
        """
import pytest
from urllib.request import urlopen

@pytest.mark.vcr("noise-1024")
def test_both():
    assert urlopen("http://127.0.0.1:8900/plain").read() == b"plain"
    assert urlopen("http://127.0.0.1:8900/v2/comfy/health").status == 200
""",
        "--block-network",
    ).assert_outcomes(passed=1)


def test_a_name_that_is_nowhere_is_pytest_recordings_own_error(run):
    """We do not stand in its way."""
    result = run(PLAYED.format(marker="@pytest.mark.vcr"), "--block-network")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*CannotOverwriteExistingCassetteException*"])
