"""docs/cassette.md shows what a recording really writes: every JSON on the page is compared with it."""

from __future__ import annotations

import base64
import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from comfytape_cassettes import Body, Exchange, Failure, Headers, Request, Response, __version__
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets

PAGE = Path(__file__).parents[2] / "docs" / "cassette.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
KEY = "rpa_" + "TESTKEY0123456789"
BASE = "http://127.0.0.1:8900/v2/comfy"


def exchange(method, path, answer, *times, sent=b""):
    request = Request(method, BASE + path, Headers.of({"Authorization": f"Bearer {KEY}"}), Body.of(sent))
    response = Response(200, "OK", Headers.of({"Content-Type": "application/json"}), Body.of(answer))
    return [Exchange(request, response, (pair,)) for pair in times]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The index and the journal of the recording that the page tells of."""
    place = tmp_path_factory.mktemp("page") / "example"
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9000)).decode()
    done = {"id": "j-1", "status": "COMPLETED", "output": {"images": [{"type": "base64", "data": image}]}}
    with closing(
        Recording.start(
            place, plane="loopback", secrets=Secrets.of([KEY]), source=BASE, contract="noise-1024", recording="0" * 32,
            recorded_at="2026-11-22T10:00:00.000+00:00", versions={"comfyui": "0.3.64"}, notes=["Noise from a CPU."],
        )
    ) as recording:  # fmt: skip
        for each in (
            *exchange(
                "POST", "/run", b'{"id": "j-1", "status": "IN_QUEUE"}', (12.5, 8.0), sent=b'{"input": {"seed": 7}}'
            ),
            *exchange("GET", "/status/j-1", b'{"id": "j-1", "status": "IN_QUEUE"}', (520.0, 4.1), (1030.0, 3.9)),
            *exchange("GET", "/status/j-1", json.dumps(done).encode(), (1540.0, 6.0)),
        ):
            recording.add(each)
        recording.fail(Failure("GET", BASE + "/health", "connection reset by the server", (1600.0, 2.0)))
        recording.mark(event="ended", sample=0, status="COMPLETED")
        journal = (place / "journal.jsonl").read_text()
        cassette = recording.finish(samples=[{"sample": 0, "job": "j-1"}])
    return (Path(cassette.label) / "cassette.json").read_text(), journal


def blocks(kind):
    text = re.sub(r"comfytape \d+\.\d+\.\d+", f"comfytape {__version__}", PAGE.read_text(encoding="utf-8"))
    return [found[2] for found in BLOCK.finditer(text) if found[1] == kind]


def test_the_page_shows_a_whole_index(written):
    """The first JSON on the page is the index of that recording, to the byte."""
    assert blocks("json")[0] == written[0]


def test_each_part_on_the_page_is_part_of_the_index(written):
    """What the page explains by itself stands in the index with the same words."""
    index = re.sub(r"\s+", "", written[0])
    parts = blocks("json")[1:]
    assert len(parts) >= 3
    for part in parts:
        json.loads(part if part.lstrip()[0] in "{[" else f"{{{part}}}")
        assert re.sub(r"\s+", "", part) in index


def test_the_page_shows_lines_of_the_journal(written):
    """Each line of the journal's example is one that was written."""
    shown = "".join(blocks("jsonl")).splitlines()
    assert len(shown) >= 3
    assert set(shown) <= set(written[1].splitlines())
