"""Secrets as logs and dumps spell them: behind terminal colours, in hex."""

from __future__ import annotations

import json

import pytest

from comfytape_cassettes.redaction import Redactor

KEY = "rpa_" + "TESTKEY0123456789"
REDACTOR = Redactor()


@pytest.mark.parametrize("colour", ["\x1b[1m", "\x1b[38;5;196m", "\x1b[0m\x1b[31m", "\x1b[2K"])
@pytest.mark.parametrize("spelled", [str, json.dumps, repr])
def test_a_key_right_behind_a_colour_is_gone(colour, spelled):
    """The letter that ends a colour is no part of the word that follows, in text, JSON and Python's repr."""
    text = spelled(f"error: token {colour}{KEY}\x1b[0m refused")
    assert REDACTOR.scan(text.encode())
    clean = REDACTOR.text(text)
    assert KEY not in clean
    assert clean == text.replace(KEY, "REDACTED")
    assert REDACTOR.text(clean) == clean


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_key_in_hex_is_gone(case):
    """As hex dumps and digests of headers spell it: the length and the case stay, and so do real digests."""
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    spelled = case(f"Bearer {KEY}!".encode().hex())
    body = json.dumps({"dump": spelled, "sha256": digest}).encode()
    clean, changed = REDACTOR.body(body)
    assert changed
    found = json.loads(clean)
    assert found["sha256"] == digest
    assert KEY.encode() not in bytes.fromhex(found["dump"])
    assert (len(found["dump"]), found["dump"]) == (len(spelled), case(found["dump"]))
    assert REDACTOR.scan(clean) == []
    assert REDACTOR.body(clean) == (clean, False)
