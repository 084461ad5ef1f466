"""The real recordings come through an import byte for byte, and the key in them does not."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

HARS = sorted(path.name.removesuffix(".xz") for path in (Path(__file__).parents[1] / "data" / "har").glob("*.xz"))
KEY = "rpa_" + "TESTKEY0123456789"


def bytes_of(part):
    text = (part or {}).get("text") or ""
    if (part or {}).get("encoding") == "base64":
        return base64.b64decode(text)
    data = text.encode()
    # mitmproxy gives a picture as Latin-1 text; its size is that of the picture.
    return data if len(data) == (part or {}).get("size", len(data)) else text.encode("latin-1")


def said_in(path):
    """(method, url, sent, received) of each entry, read with nothing of ours."""
    entries = json.loads(path.read_bytes())["log"]["entries"]
    entries.sort(key=lambda entry: entry["startedDateTime"])
    return [
        (e["request"]["method"], e["request"]["url"], bytes_of(e["request"].get("postData")), bytes_of(e["response"]["content"]))
        for e in entries
    ]  # fmt: skip


def redacted(data):
    """What redaction does to these recordings: the key goes, and in tracebacks the server's folder."""
    return data.replace(KEY.encode(), b"REDACTED").replace(rb"\"/comfyui/", rb"\"/server/comfyui/")


@pytest.mark.parametrize("name", HARS)
def test_every_body_comes_through(real_har, imported, name):
    """Import, open, read: each body of each entry has the bytes of the HAR, redaction aside."""
    cassette = imported(name)
    cassette.verify()
    polls = sorted((times, number) for number, e in enumerate(cassette.exchanges) for times in e.times)
    kept = [cassette.exchanges[number] for _, number in polls]
    said = [
        (method, url, redacted(sent), redacted(received)) for method, url, sent, received in said_in(real_har(name))
    ]
    assert [(e.request.method, e.request.url, e.request.body.raw(), e.response.body.raw()) for e in kept] == said


@pytest.mark.parametrize("name", HARS)
def test_the_key_is_nowhere(imported, name):
    """Not one file of the cassette holds the key, plain, in base64 at any of its three offsets, or URL-encoded."""
    forms = {KEY.encode(), quote(KEY, safe="").encode(), KEY.encode().hex().encode(), KEY[::-1].encode()}
    for offset in range(3):
        forms.add(base64.b64encode(b"\0" * offset + KEY.encode())[4 if offset else 0 : -4])
    folder = Path(imported(name).label)
    for file in (path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        assert not [form for form in forms if form in data], file


def test_the_key_was_there(real_har):
    """The test above could not fail if the recordings held no key."""
    assert KEY.encode() in real_har("danrisi-jobs.har").read_bytes()


@pytest.mark.parametrize("name", ["danrisi-inventory.har", "comfyui-inventory.har"])
def test_the_inventory_comes_through(real_har, imported, name):
    """/object_info of a real server, with its inputs NAMED api_key_…, is not touched: not one byte, one file."""
    cassette = imported(name)
    whole = [e for e in cassette.exchanges if e.request.url.endswith("/object_info")]
    said = [received for _, url, _, received in said_in(real_har(name)) if url.endswith("/object_info")]
    assert [e.response.body.raw() for e in whole] == said
    assert b"api_key_comfy_org" in said[0]
    assert len(set(whole[0].response.body.files())) == 1


def test_a_picture_given_as_text_is_the_picture(imported):
    """/view of a real ComfyUI, as mitmproxy saved it: a PNG that opens, at its size, in a file of its own."""
    (view,) = [e for e in imported("comfyui-prompt.har").exchanges if "/view" in e.request.url]
    with Image.open(BytesIO(view.response.body.raw())) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (512, 512))
    assert next(view.response.body.files()).endswith(".png")


def test_polls_of_a_real_job_are_a_few_states(imported):
    """A stuck job of 30 requests and a run of 444 come down to their states, with each request's time kept."""
    stuck, run = imported("runpod-stuck-in-queue.har"), imported("danrisi-jobs.har")
    assert (len(stuck.exchanges), sum(len(e.times) for e in stuck.exchanges)) == (6, 30)
    assert (len(run.exchanges), sum(len(e.times) for e in run.exchanges)) == (69, 444)


def test_pictures_of_real_jobs_are_picture_files(imported):
    """The images that jobs answered in base64 are PNG files with the bytes of the image."""
    cassette = imported("danrisi-jobs.har")
    jobs = [e.response.body.json() for e in cassette.exchanges if b'"COMPLETED"' in e.response.body.raw()]
    images = {base64.b64decode(i["data"]) for job in jobs for i in job.get("output", {}).get("images", [])}
    files = {p.read_bytes() for p in (Path(cassette.label) / "bodies").glob("*.png")}
    assert len(images) == 11
    assert images == files
