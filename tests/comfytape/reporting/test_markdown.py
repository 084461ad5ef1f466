"""Markdown that GitHub takes, and that foreign text cannot take over."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from comfytape.reporting.formats import markdown
from comfytape_contracts.findings import Finding, Severity

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Tags(HTMLParser):
    """Every tag and the text of a page."""

    def __init__(self, page):
        super().__init__()
        self.opened, self.closed, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)

    def handle_endtag(self, tag):
        self.closed.append(tag)

    def handle_data(self, data):
        self.text += data


def shown(*reports, **keywords):
    return Tags(RENDERER.render(markdown.render(reports, **keywords)))


def test_the_verdict_comes_first(danrisi):
    """The first line says it all."""
    first = markdown.render([danrisi]).partition("\n")[0]
    assert first.startswith("### ❌ FAIL `z-image-danrisi`: 13 of 14 promises hold")


def test_what_fails_comes_before_what_holds(noise, danrisi):
    """With several contracts, an overview and then the failing one."""
    text = markdown.render([noise, danrisi])
    assert text.startswith("## ❌ comfytape: FAIL over 2 contracts")
    assert text.index("### ❌ FAIL `z-image-danrisi`") < text.index("### ✅ PASS `noise-1024`")


def test_every_finding_is_shown_with_place_and_hint(wrong):
    """Rendered as GitHub renders it, nothing is missing; a hint is told once a group."""
    text = " ".join(shown(wrong).text.split())
    for finding in wrong.findings:
        assert finding.fingerprint in text
        assert finding.hint in text
        assert f"{finding.location.file}:{finding.location.line}" in text
    assert text.count("Compare the file's size and SHA-256") == 1


def test_what_holds_is_folded(noise):
    """A passing contract is a line and six folds: what holds, measurements, three tables, the recording."""
    page = shown(noise)
    assert page.opened.count("details") == page.closed.count("details") == 6
    assert "11 promises hold" in page.text


def test_foreign_text_stays_text(hostile, wrong):
    """No tag, picture, link or line of its own comes out of it: the page has the tags of a harmless one."""
    page = shown(hostile)
    assert set(page.opened) <= {*shown(wrong).opened, "li", "p"}
    assert not {"script", "img", "a"} & set(page.opened)
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("text", ["@octocat", "#1", "GH-2", "https://evil.example", "www.evil.example"])
def test_nobody_is_mentioned_and_nothing_referred_to(text):
    """GitHub looks for these after reading the markup, so no escape stops it but another character."""
    assert text not in shown_plain(text)
    assert shown_plain(text).replace("\u200b", "") == text


def shown_plain(text):
    return Tags(RENDERER.renderInline(markdown.escaped(text))).text


@pytest.mark.parametrize("text", ["`", "``x`", "a|b", "", "a\nb", "<b>"])
def test_code_stays_code(text):
    """Backticks, bars and line ends do not get out of it."""
    page = Tags(RENDERER.render(f"| a |\n|---|\n| {markdown.code(text)} |"))
    assert page.opened.count("code") == 1
    assert page.opened.count("td") == 1


def test_a_heading_in_foreign_text_is_none():
    """A line that begins as markup does not become it."""
    page = Tags(RENDERER.render("- " + markdown.escaped("# x") + "\n- " + markdown.escaped("- y")))
    assert page.opened == ["ul", "li", "li"]


def test_it_never_exceeds_what_github_takes(danrisi):
    """2,000 findings: cut off between two of them, and said to be; every fold and table is closed."""
    many = [
        Finding(
            rule="failure-other", severity=Severity.ERROR, message=f"job {n} " + "é" * 3000, fingerprint=f"{n:016x}"
        )
        for n in range(2000)
    ]
    text = markdown.render([replace(danrisi, findings=many)])
    assert 60_000 < len(text) <= markdown.LIMIT
    assert text.endswith("The JSON and HTML reports have everything.*\n")
    page = Tags(RENDERER.render(text))
    assert page.opened.count("details") == page.closed.count("details")


def test_the_limit_is_kept_to_the_character(wrong):
    """At every limit the text is no longer, and what fits whole is not cut."""
    whole = markdown.render([wrong])
    assert markdown.render([wrong], len(whole)) == whole
    for limit in (1000, 2500, len(whole) - 1):
        assert len(markdown.render([wrong], limit)) <= limit
