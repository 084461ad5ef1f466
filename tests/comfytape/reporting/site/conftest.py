"""Five recordings made from the shipped one: a pack goes and comes back, times grow, a second endpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from comfytape.cli.main import cli
from comfytape_cassettes import Body, Cassette
from comfytape_cassettes.recording import Recording

ROOT = Path(__file__).parents[4]
NAME = "z-image-danrisi"


def made(folder, day, *, pack=True, factor=0.7, endpoint="comfy", notes=()):
    """One recording: the shipped one on another day, with RES4LYF or without, times multiplied."""
    source = Cassette.open(ROOT / "cassettes" / NAME)
    recording = Recording.start(
        folder / day, plane="loopback", recorded_at=f"{day}T06:30:00.000+00:00", contract=NAME, recording=f"id-{day}",
        notes=notes,
    )  # fmt: skip
    try:
        for exchange in source.exchanges:
            url = exchange.request.url
            if "/object_info/" in url or "/view" in url:
                continue
            content = exchange.response.content()
            if url.endswith("/object_info") and not pack:
                inventory = json.loads(content)
                kept = {name: raw for name, raw in inventory.items() if "RES4LYF" not in raw["python_module"]}
                content = json.dumps(kept).encode()
            if b'"executionTime"' in content:
                said = json.loads(content)
                content = json.dumps(said | {"executionTime": round(said["executionTime"] * factor)}).encode()
            request = replace(exchange.request, url=url.replace("/v2/comfy/", f"/v2/{endpoint}/"))
            recording.add(
                replace(exchange, request=request, response=replace(exchange.response, body=Body.of(content)))
            )
        recording.finish()
    finally:
        recording.close()


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """A folder with contracts and recordings, as a repository has them."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "contracts").symlink_to(ROOT / "contracts")
    listed = folder / "recordings"
    made(listed, "2026-06-01", notes=["The <b>first</b> of all."])
    made(listed, "2026-06-02", pack=False)
    made(listed, "2026-06-03", pack=False)
    made(listed, "2026-06-04", factor=1.0)
    made(listed, "2026-06-05", factor=1.0, endpoint="other")
    return folder


@pytest.fixture
def report(recordings, monkeypatch):
    """Run ``comfytape report`` beside them."""
    monkeypatch.chdir(recordings)
    return lambda *arguments: CliRunner().invoke(cli, ["report", *arguments])


ALL = [f"recordings/2026-06-0{day}" for day in range(1, 6)]


@pytest.fixture(scope="session")
def site(recordings):
    """The site of all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(recordings)
        done = CliRunner().invoke(cli, ["report", *ALL, "--html", "site"])
    assert done.exit_code == 0, done.output
    assert "5 recordings in site/index.html: 12 pages written, 0 unchanged" in done.output
    return recordings / "site"


class Page(HTMLParser):
    """A page taken apart: elements, ids, and words outside of its style."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.words, self.stack = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())
        self.ids = {attributes["id"] for _, attributes in self.elements if "id" in attributes}

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.stack.append(tag)

    def handle_endtag(self, tag):
        while self.stack.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"style", "script"} & set(self.stack[-1:]):
            self.words.append(data)

    def links(self):
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]
