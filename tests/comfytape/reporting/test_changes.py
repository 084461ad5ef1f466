"""What changed in the endpoint since the recording that a check was made against."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from comfytape.reporting.formats import html
from comfytape.run import check_contracts
from comfytape.settings import load_settings
from comfytape_cassettes import Body, Cassette
from comfytape_cassettes.recording import Recording

from .conftest import ROOT


@pytest.fixture(scope="module")
def drifted(tmp_path_factory):
    """The shipped noise-1024 without the pack of masks, and with a smaller maximum that no workflow uses."""
    folder = tmp_path_factory.mktemp("drifted") / "noise"
    source = Cassette.open(ROOT / "cassettes/noise-1024")
    recording = Recording.start(folder, plane="loopback", contract="noise-1024")
    try:
        for exchange in source.exchanges:
            if not exchange.request.url.endswith("/object_info"):
                continue
            inventory = json.loads(exchange.response.content())
            kept = {name: raw for name, raw in inventory.items() if "nodes_mask" not in raw["python_module"]}
            kept["ImageBlur"]["input"]["required"]["sigma"][1]["max"] = 3.0
            body = Body.of(json.dumps(kept).encode())
            recording.add(replace(exchange, response=replace(exchange.response, body=body)))
        recording.finish()
    finally:
        recording.close()
    return folder


def page(monkeypatch, cassette, against):
    monkeypatch.chdir(ROOT)
    return html.render(check_contracts(["noise-1024"], str(cassette), load_settings(), against=str(against)))


def test_the_page_groups_what_changed_by_pack(drifted, monkeypatch):
    """A class that the workflow uses stands open with what to do, a maximum that nothing uses is folded."""
    text = page(monkeypatch, drifted, "noise-1024")
    part = text[text.index("What changed in the endpoint since <code>cassettes/noise-1024</code>") :]
    part = part[: part.index("</section>")]
    opened, folded = part.split("<details>")
    assert "FeatherMask (ComfyUI) is gone" in opened
    assert opened.count("Pin the version that had the class") == 1
    assert "ImageBlur.sigma (ComfyUI): max is 3.0, was 10.0" in folded
    assert 'href="#c1-changes"' in text


def test_a_recording_against_itself_shows_no_change(drifted, monkeypatch):
    """The part is there, and says so."""
    assert "the shape of answers are the same in both" in page(monkeypatch, drifted, drifted)


def test_without_an_inventory_nothing_is_said(drifted, wrong, monkeypatch):
    """Silence would read as: nothing changed."""
    assert "so nothing can be said about nodes and models" in page(monkeypatch, drifted, wrong.cassette)


def test_without_an_earlier_recording_there_is_no_such_part(danrisi):
    """A check by itself compares nothing."""
    assert "What changed in the endpoint" not in html.render([danrisi])
