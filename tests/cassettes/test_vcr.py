"""vcrpy and pytest-recording play our cassettes: exported, or the folder itself; in processes of their own."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
import vcr
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytape_cassettes import Body, Cassette, CassetteError, Exchange, Headers, Request, Response
from comfytape_cassettes.formats.vcr_document import vcr_text
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.vcr_bridge import CassettePersister

STATES = [
    b'{"status": "IN_QUEUE"}',
    b'{"status": "IN_QUEUE"}',
    b'{"status": "IN_PROGRESS"}',
    b'{"status": "COMPLETED"}',
]
URL = "http://127.0.0.1:9/v2/e/status/j"
"""Nothing listens on port 9: an answer can only be the recorded one."""


@pytest.fixture
def cassette(exchange, recorded, png):
    """A job polled four times, its picture, and a compressed inventory."""
    inventory = gzip.compress(json.dumps({"KSampler": {"seed": 2**64 - 1}}).encode(), mtime=0)
    return recorded(
        *(exchange(state, at=number) for number, state in enumerate(STATES)),
        exchange(png, at=5, url="http://127.0.0.1:9/view", headers=[("Content-Type", "image/png"), ("Connection", "close")]),
        exchange(
            inventory, at=6, url="http://127.0.0.1:9/object_info",
            headers=[("Content-Encoding", "gzip"), ("Content-Length", str(len(inventory)))],
        ),
    )  # fmt: skip


PLAY = textwrap.dedent(
    """
    import sys, hashlib, requests, vcr
    tape = vcr.VCR()
    {setup}
    with tape.use_cassette(sys.argv[1], record_mode="none", serializer=sys.argv[2]) as played:
        for _ in range(4):
            print(requests.get("http://127.0.0.1:9/v2/e/status/j").json()["status"])
        if sys.argv[2] == "yaml":
            print(hashlib.sha256(requests.get("http://127.0.0.1:9/view").content).hexdigest())
            print(requests.get("http://127.0.0.1:9/object_info").json()["KSampler"]["seed"])
        print(played.all_played)
    """
)
PERSISTER = "from comfytape_cassettes.vcr_bridge import CassettePersister; tape.register_persister(CassettePersister())"


def play(path, serializer="yaml", setup=""):
    done = subprocess.run(
        [sys.executable, "-c", PLAY.format(setup=setup), str(path), serializer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def expected(png):
    return ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED", hashlib.sha256(png).hexdigest(), str(2**64 - 1), "True"]


def test_stock_vcrpy_plays_an_exported_cassette(cassette, tmp_path, png):
    """Nothing of ours is imported: the polls in order, the picture's bytes, a compressed body, all played."""
    (tmp_path / "plain.yaml").write_text(vcr_text(cassette, as_json=False))
    assert play(tmp_path / "plain.yaml") == expected(png)


def test_stock_vcrpy_plays_an_exported_json_cassette(exchange, recorded, tmp_path):
    """The same in JSON, for a cassette without binary bodies."""
    cassette = recorded(*(exchange(state, at=number) for number, state in enumerate(STATES)))
    (tmp_path / "plain.json").write_text(vcr_text(cassette, as_json=True))
    assert play(tmp_path / "plain.json", "json") == [*expected(b"")[:4], "True"]


def test_json_refuses_binary(cassette):
    """vcrpy's JSON cannot hold bytes: the message says what to do."""
    with pytest.raises(CassetteError, match="binary bodies") as caught:
        vcr_text(cassette, as_json=True)
    assert ".yaml" in caught.value.hint


@pytest.mark.parametrize("suffix", ["", "/cassette.json", ".yaml", ".json"])
def test_vcrpy_plays_the_folder_through_our_persister(cassette, suffix, png):
    """By the folder, its index, or the name with the suffix that vcrpy and pytest-recording append."""
    assert play(cassette.label + suffix, setup=PERSISTER) == expected(png)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), min_size=1, max_size=6))
def test_an_export_holds_every_byte(tmp_path_factory, datas):
    """What vcrpy loads from our YAML has the bytes that were sent and received."""
    place = tmp_path_factory.mktemp("export")
    with closing(Recording.start(place / "c", plane="loopback")) as recording:
        for number, data in enumerate(datas):
            request = Request("POST", "http://x/", Headers(), Body.of(data))
            recording.add(Exchange(request, Response(200, "OK", Headers(), Body.of(data)), ((float(number), 1.0),)))
        text = vcr_text(recording.finish(), as_json=False)
    path = place / "c.yaml"
    path.write_text(text)
    requests, responses = CassettePersister().load_cassette(str(path), vcr.serializers.yamlserializer)
    assert [request.body or b"" for request in requests] == datas
    assert [response["body"]["string"] for response in responses] == datas


def test_headers_of_a_connection_that_is_gone_stay_behind(cassette):
    """Everything else of the headers goes along."""
    views = [
        i
        for i in yaml.safe_load(vcr_text(cassette, as_json=False))["interactions"]
        if i["request"]["uri"].endswith("/view")
    ]
    assert views[0]["response"]["headers"] == {"Content-Type": ["image/png"]}


def test_a_damaged_folder_is_not_taken_for_none(cassette):
    """vcrpy would go to the live server for a cassette that it does not find; a damaged one must stop it."""
    Path(cassette.label, "cassette.json").write_text("{")
    tape = vcr.VCR()
    tape.register_persister(CassettePersister())
    with pytest.raises(CassetteError, match="is not JSON"), tape.use_cassette(cassette.label, record_mode="once"):
        pass


def test_vcrpy_does_not_write_into_a_folder(cassette):
    """A mode that records would go live in silence each time: it is told, and the folder stays as it is."""
    before = Path(cassette.label, "cassette.json").read_bytes()
    persister = CassettePersister()
    with pytest.raises(CassetteError, match="wants to write into the cassette") as caught:
        persister.save_cassette(cassette.label, {"requests": [], "responses": []}, vcr.serializers.yamlserializer)
    assert "comfytape record" in caught.value.hint
    assert Path(cassette.label, "cassette.json").read_bytes() == before


def test_other_paths_are_left_to_vcrpy(tmp_path):
    """A path that is no folder of ours is loaded and saved as ever."""
    persister = CassettePersister()
    path = tmp_path / "plain.yaml"
    with pytest.raises(vcr.cassette.CassetteNotFoundError, match=re.escape("plain.yaml")):
        persister.load_cassette(str(path), vcr.serializers.yamlserializer)
    request = vcr.request.Request("GET", "http://x/", None, {})
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x"}}
    persister.save_cassette(str(path), {"requests": [request], "responses": [response]}, vcr.serializers.yamlserializer)
    assert persister.load_cassette(str(path), vcr.serializers.yamlserializer)[1][0]["body"]["string"] == b"x"


def test_where_a_folder_is_can_be_decided(cassette):
    """A plugin may know cassettes by other names than paths."""
    persister = CassettePersister(find=lambda path: Path(cassette.label) if path == "by-name" else None)
    assert len(persister.load_cassette("by-name", None)[0]) == 6


SUITE = {
    "conftest.py": """
        from comfytape_cassettes.vcr_bridge import CassettePersister

        def pytest_recording_configure(config, vcr):
            vcr.register_persister(CassettePersister(vcr.persister))
        """,
    "test_suite.py": """
        import pytest, requests

        STATUS = "http://127.0.0.1:9/v2/e/status/j"

        @pytest.mark.default_cassette("job")
        @pytest.mark.vcr
        def test_folder_by_its_name():
            assert [requests.get(STATUS).json()["status"] for _ in range(4)][-1] == "COMPLETED"

        @pytest.mark.vcr("job")
        def test_folder_in_the_marker():
            assert [requests.get(STATUS).json()["status"] for _ in range(4)][-1] == "COMPLETED"

        @pytest.mark.vcr("plain.yaml", "job")
        def test_a_file_with_metadata_beside_a_folder():
            assert requests.get("http://127.0.0.1:9/plain").text == "plain"
            assert requests.get(STATUS).json()["status"] == "IN_QUEUE"
        """,
}
WITH_METADATA = """
interactions:
- request: {body: null, headers: {}, method: GET, uri: 'http://127.0.0.1:9/plain'}
  response: {body: {string: plain}, headers: {}, status: {code: 200, message: OK}}
metadata: {recorded_by: somebody}
version: 1
"""


def test_pytest_recording_plays_folders(cassette, tmp_path):
    """With our persister in its own hook: by name, by marker, beside files, and files with metadata, which kill it alone."""
    suite = tmp_path / "suite"
    cassettes = suite / "cassettes" / "test_suite"
    cassette.copy_to(cassettes / "job")
    (cassettes / "plain.yaml").write_text(WITH_METADATA)
    for name, text in SUITE.items():
        (suite / name).write_text(textwrap.dedent(text))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--record-mode=none", "--block-network", str(suite)],
        cwd=suite, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_the_shipped_recordings_play(tmp_path):
    """An exported cassette of the repository loads in vcrpy with as many requests as it has polls."""
    shipped = Cassette.open(Path(__file__).parents[2] / "cassettes" / "noise-1024")
    (tmp_path / "noise.yaml").write_text(vcr_text(shipped, as_json=False))
    requests, _ = CassettePersister().load_cassette(str(tmp_path / "noise.yaml"), vcr.serializers.yamlserializer)
    assert len(requests) == sum(len(e.times) for e in shipped.exchanges)
