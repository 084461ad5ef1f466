"""Badges."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import badge
from comfytape_contracts.verdicts import Report

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["noise"], "noise-1024: pass 11/11"),
        (["danrisi"], "z-image-danrisi: fail 13/14"),
        (["noise", "danrisi"], "comfytape: fail 24/25"),
        ([], "comfytape: unknown"),
    ],
)
def test_it_says_verdict_and_promises(names, words, request):
    """In the picture, in its title, and to readers of screens."""
    root = ET.fromstring(badge.svg([request.getfixturevalue(name) for name in names]))
    assert root.get("aria-label") == root.find(f"{SVG}title").text == words
    assert ": ".join(text.text for text in root.iter(f"{SVG}text")) == words


def test_the_halves_fill_the_picture(danrisi):
    """No gap and nothing cut off."""
    root = ET.fromstring(badge.svg([danrisi]))
    left, right = root.findall(f"{SVG}g/{SVG}rect")
    assert right.get("x") == left.get("width")
    assert int(left.get("width")) + int(right.get("width")) == int(root.get("width"))


def test_a_name_with_markup_stays_a_name():
    """A contract's name is text."""
    root = ET.fromstring(badge.svg([Report(findings=[], examined=0, contract='<a href="x">&')]))
    assert root.get("aria-label") == '<a href="x">&: unknown'


def test_the_ending_json_means_shields_endpoint(tmp_path, noise):
    """The keys of shields.io's endpoint badge."""
    badge.write([noise], Destination(str(tmp_path / "badge.json")))
    assert json.loads((tmp_path / "badge.json").read_text()) == {
        "schemaVersion": 1,
        "label": "noise-1024",
        "message": "pass 11/11",
        "color": "1f7a3a",
        "isError": False,
    }


@pytest.mark.parametrize("colour", [*badge.COLOURS.values(), "#444444"])
def test_white_text_can_be_read_on_every_colour(colour):
    """Contrast of at least 4.5:1 (WCAG 2.2, 1.4.3)."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (luminance + 0.05) >= 4.5
