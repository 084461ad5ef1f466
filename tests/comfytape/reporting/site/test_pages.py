"""The pages of a site: whole in themselves, linked, and saying what the recordings say."""

from __future__ import annotations

import re

import pytest

from .conftest import Page


@pytest.fixture(scope="module")
def pages(site):
    """Every page, taken apart."""
    return {str(path.relative_to(site)): Page(path) for path in site.rglob("*.html")}


def named(pages, pattern):
    (found,) = [page for name, page in pages.items() if re.fullmatch(pattern, name)]
    return found


def test_every_link_leads_to_a_page_of_the_site_or_into_one(site, pages):
    """Relative links, and anchors that exist: the site works from any folder of any server, and from a disk."""
    for name, page in pages.items():
        for link in page.links():
            assert not link.startswith(("http", "/", "file")), link
            path, _, anchor = link.partition("#")
            target = (site / name).parent / path if path else site / name
            assert target.is_file(), f"{name} links to {link}"
            if anchor:
                assert anchor in pages[str(target.resolve().relative_to(site.resolve()))].ids


def test_every_page_can_be_reached_from_the_index(site, pages):
    """A page that nothing links to is not seen."""
    reached, todo = set(), ["index.html"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            targets = [(site / name).parent / link.partition("#")[0] for link in pages[name].links() if link[0] != "#"]
            todo += [str(target.resolve().relative_to(site.resolve())) for target in targets]
    assert reached == set(pages)


def test_every_page_holds_all_it_shows(pages):
    """Nothing is loaded, and the policy forbids it."""
    for page in pages.values():
        (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; img-src data:;")
        for tag, attributes in page.elements:
            assert tag not in {"script", "link"} or "src" not in attributes
            assert attributes.get("src", "data:").startswith("data:")


def test_every_page_can_be_read_by_all(pages):
    """A language, one heading of the first order, a main part, tables with captions, plots with words."""
    for page in pages.values():
        tags = [tag for tag, _ in page.elements]
        assert dict(page.elements)["html"]["lang"] == "en"
        assert (tags.count("h1"), tags.count("main")) == (1, 1)
        assert tags.count("caption") == tags.count("table")
        assert all(a.get("aria-label") for tag, a in page.elements if tag == "svg")


def test_the_index_has_each_endpoint_with_its_latest_verdict(pages):
    """Two endpoints of one contract."""
    text = pages["index.html"].text
    assert re.search(r"FAIL loopback/comfy : 1 error[^;]*, recorded 2026-06-04 06:30 ; 4 recordings", text)
    assert re.search(r"FAIL loopback/other : 1 error[^;]*, recorded 2026-06-05 06:30 ; 1 recording", text)


def test_a_contract_has_its_trend_and_the_figures_as_a_table(pages):
    """What the lines show can be read."""
    page = pages["contracts/z-image-danrisi.html"]
    labels = [a["aria-label"] for tag, a in page.elements if tag == "svg"]
    assert labels[1].startswith("Generation, p50 and p95 in 4 recordings, ")
    assert "36.41 seconds" in labels[1]
    assert re.search(r"2026-06-04 06:30 FAIL \d+ lines 1 0 30\.0 s 35\.4 s 36\.4 s 100\.0 %", page.text)
    assert "2026-06-01 06:30 PASS – 0 0" in page.text


def test_a_comparison_shows_what_changed_by_pack(pages):
    """The day on which RES4LYF is gone."""
    text = named(pages, r"compare/20260601.*--20260602.*").text
    assert re.search(r"RES4LYF: 1 line ERROR RES4LYF: 300 classes gone", text)
    assert re.search(r"Only in the second: [1-9]", text)
    assert "nodes verified 11 9 −2 (−18 %)" in text


def test_a_comparison_of_equals_says_so(pages):
    """Two days without RES4LYF."""
    text = named(pages, r"compare/20260602.*--20260603.*").text
    assert "are the same in both" in text
    assert "Only in the second: 0" in text
    assert re.search(r"In both: [1-9]", text)


def test_endpoints_are_compared_side_by_side(pages):
    """The latest of each, although they are not neighbours in time."""
    text = named(pages, r"compare/20260604.*--20260605.*").text
    assert "2026-06-04 06:30 , loopback/comfy" in text
    assert "2026-06-05 06:30 , loopback/other" in text


def test_the_page_since_when_names_the_recordings(pages):
    """What stands, what is gone and with which recording, and when the endpoint changed."""
    text = pages["contracts/z-image-danrisi-findings.html"].text
    assert re.search(
        r"is not loaded ×\s2 required-node-missing Gone with 2026-06-04 06:30 , last seen 2026-06-03 06:30 ; "
        r"in 2 of 4 recordings of loopback/comfy: 2026-06-02 06:30 to 2026-06-03 06:30", text
    )  # fmt: skip
    assert "Stands since 2026-06-04 06:30" in text
    assert "first in the recording of 2026-06-02 06:30 , not yet in that of 2026-06-01 06:30 ERROR RES4LYF" in text


def test_a_recording_has_the_whole_report_and_the_way_on(pages):
    """The same page as ``check --report html``, with links around it."""
    page = named(pages, r"recordings/20260602.*")
    assert "The contract, line by line" in page.text
    assert "‹ the one before what changed since then the next one ›" in page.text
    assert "the recording is at most 90 days old 0.0 days" in page.text


def test_what_a_reader_must_know_is_on_every_page_of_a_recording(pages):
    """As text: it comes from a file."""
    noted = [name for name, page in pages.items() if "Note: The <b>first</b> of all." in page.text]
    assert len(noted) == 2, noted
    assert all("<b" not in {tag for tag, _ in page.elements} for page in pages.values())
