"""The page: whole in itself, safe, and complete."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import html
from comfytape_cassettes import CassetteError, UsageError

from .conftest import HOSTILE

VOID = {"br", "img", "link", "meta", "input"}


class Page(HTMLParser):
    """A page taken apart: elements with their attributes, text outside of style and script, and both of those."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words, self.raw, self.stack = [], [], {"style": "", "script": ""}, []
        self.feed(text)
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] in self.raw:
            self.raw[self.stack[-1]] += data
        else:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def pages(danrisi, wrong, noise, hostile):
    """Each rendered once."""
    reports = {"danrisi": [danrisi], "wrong": [wrong], "both": [noise, danrisi], "hostile": [hostile]}
    return {name: Page(html.render(listed)) for name, listed in reports.items()}


NAMES = ["danrisi", "wrong", "both", "hostile"]


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_nothing_from_anywhere(pages, name):
    """Every address is in the page itself, and its policy forbids all others."""
    page = pages[name]
    for _, attributes in page.elements:
        for key in ("src", "href", "srcset", "action", "poster", "xlink:href"):
            assert attributes.get(key, "#").startswith(("#", "data:")), attributes
    assert "url(" not in page.raw["style"]
    assert "@import" not in page.raw["style"]
    (policy,) = [m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")


@pytest.mark.parametrize("name", NAMES)
def test_only_our_script_may_run(pages, name):
    """One script, the one that the policy names by its digest; no handler and no style in an attribute."""
    page = pages[name]
    assert len(page.of("script")) == 1
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert any(f"{kind}-src 'sha256-{digest}'" in m.get("content", "") for m in page.of("meta"))
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on") or a == "style"]


def test_foreign_text_stays_text(pages, hostile):
    """It is seen as it was sent, brings no element, and is no template."""
    page = pages["hostile"]
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not [a for a in page.of("img") if a["src"] == "x"]
    words = " ".join(HOSTILE.replace("\x00", "\ufffd").split())[:40]
    assert page.text.count(words) >= len(hostile.findings) + len(hostile.lines)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_without_seeing_it(pages, name):
    """Language, title, one h1, headings without gaps, words for every picture, ids that are there once."""
    page = pages[name]
    assert page.of("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
    assert all(image["alt"] for image in page.of("img")[:-1])
    assert all(svg["aria-label"] for svg in page.of("svg"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.of("a")} <= set(ids)


def test_the_verdict_comes_first(pages):
    """Before it there is only the link that skips to it."""
    assert re.search(r"Skip to the verdict FAIL z-image-danrisi 13 of 14 promises hold", pages["danrisi"].text)


def test_every_promise_finding_and_hint_is_there(pages, wrong):
    """Also those that are folded away."""
    text = pages["wrong"].text
    for line in wrong.lines:
        assert line.promise in text
        assert line.evidence in text
    for finding in wrong.findings:
        assert " ".join(finding.message.split()) in text
        assert finding.hint in text
        assert finding.fingerprint in text


def test_what_was_not_checked_is_said(pages, wrong):
    """Every UNKNOWN promise, or that there is none."""
    after = pages["wrong"].text.partition("What was not checked")[2]
    unknown = [line for line in wrong.lines if line.verdict == "unknown"]
    assert unknown
    assert all(line.promise in after for line in unknown)
    assert "Every promise of the contract could be examined." in pages["danrisi"].text


def test_every_image_is_there_with_prompt_and_seed(pages):
    """Eleven, each a button that opens it."""
    page = pages["danrisi"]
    assert len([b for b in page.of("button") if b.get("class") == "thumb"]) == 11
    assert "an old fisherman mending nets at dusk" in page.text
    assert "76271" in page.text


def test_the_note_stands_wherever_times_and_pictures_are(pages):
    """Random weights on a CPU: in the verdict, beside the images, beside the times."""
    assert pages["danrisi"].text.count("The models have random weights and ran on a CPU") == 3


def test_several_contracts_are_listed_the_worst_first(pages):
    """The list leads to each."""
    assert re.search(r"FAIL 2 contracts FAIL z-image-danrisi .*? PASS noise-1024", pages["both"].text)


def test_accepted_findings_are_shown_apart(danrisi):
    """Not counted, and not hidden."""
    accepted = replace(danrisi, findings=[], accepted=danrisi.findings)
    page = Page(html.render([accepted]))
    assert "1 accepted finding(s), not counted" in page.text
    assert danrisi.findings[0].fingerprint in page.text


def test_a_contract_without_promises_says_so(danrisi):
    """An empty list would look like nothing to worry about."""
    assert "promises nothing that could be looked at" in Page(html.render([replace(danrisi, lines=[])])).text


def test_a_cassette_that_is_gone_is_told(danrisi, tmp_path):
    """The page needs its images."""
    with pytest.raises(CassetteError, match="there is no cassette"):
        html.render([replace(danrisi, cassette=str(tmp_path / "gone"))])


def test_without_the_extra_it_says_what_to_install(danrisi, monkeypatch, tmp_path):
    """A plain installation has neither Jinja2 nor pygal."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match="jinja2") as caught:
        html.write([danrisi], Destination(str(tmp_path / "x.html")))
    assert caught.value.hint == "pip install 'comfytape[report]'"
