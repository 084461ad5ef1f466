"""The documentation site: built strictly, complete, loading nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site):
    """No font, style, script or image of another host: the site works offline and tells nobody who reads it."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"'\s>]+)", text)
        loaded += re.findall(r"<link\b(?![^>]*rel=[\"']?(?:canonical|next|prev))[^>]*\bhref=[\"']?([^\"'\s>]+)", text)
        assert loaded
        assert not [address for address in loaded if address.startswith(("http:", "https:", "//"))], page.name


def test_every_link_leads_to_a_file_and_an_anchor(site):
    """Pages, sections, examples, and files of the repository that pages link to."""
    anchors = {
        page: set(re.findall(r"\bid=[\"']?([^\"'\s>]+)", page.read_text(encoding="utf-8")))
        for page in site.glob("*.html")
    }
    for page in anchors:
        body = page.read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]
        for address in re.findall(r"<a\b[^>]*\bhref=[\"']?([^\"'\s>]+)", body):
            parts = urlsplit(address)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name} links to {address}"
            if parts.fragment and target in anchors:
                assert unquote(parts.fragment) in anchors[target], f"{page.name} links to {address}"


def test_the_navigation_names_every_page():
    """A page that is not in mkdocs.yml would be found by search alone."""

    def pages(entries):
        for entry in entries:
            if isinstance(entry, str):
                yield entry
            else:
                (inner,) = entry.values()
                yield from pages(inner if isinstance(inner, list) else [inner])

    named = set(pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    there = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert there <= named, f"add {sorted(there - named)} to 'nav' in mkdocs.yml"


def test_the_typescript_on_the_page_is_the_program_that_runs():
    """docs/clients/prove.py compiles and runs the file; the page shows it."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- generate\.ts -->\n```ts\n(.*?)```", page, re.DOTALL)
    assert shown[1] == (ROOT / "docs" / "clients" / "generate.ts").read_text(encoding="utf-8")


def test_the_page_names_every_input_and_output_of_the_action():
    """docs/ci.md and action.yml cannot drift apart."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for name in (*action["inputs"], *action["outputs"]):
        assert f"`{name}`" in page, name
    for name, default in ((n, s["default"]) for n, s in action["inputs"].items()):
        if default and "$" not in default:
            assert re.search(rf"`{name}`[^\n]*\| `{re.escape(default)}` \|", page), f"{name}: {default}"
