"""The independent search: it finds, it says where, and it never shows what it found."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib

import pytest

from comfytape_cassettes.redaction import Redactor, Secrets, scan

from .kinds import EMBEDDED, KINDS

WORD = "hunter" + "2-hunter"
SECRETS = Secrets.of([WORD])

WRAPPED = {
    "bare": ((), WORD.encode()),
    "escapes": (("escapes",), json.dumps(json.dumps({"a": WORD}))[1:-1].replace("h", "\\u0068").encode()),
    "base64": (
        ("base64",),
        b'{"d":"' + base64.b64encode(b'{"key":"' + WORD.encode() + b'", "pad": "' + b"p" * 40) + b'"}',
    ),
    "base64, off by one": (("base64",), b"/" + base64.b64encode(json.dumps({"k": KINDS["runpod"]}).encode() * 2)),
    "hex": (("hex",), binascii.hexlify(b"token " + KINDS["runpod"].encode())),
    "gzip": (("compressed",), gzip.compress(WORD.encode() * 3)),
    "gzip inside": (("compressed",), b"\x00\x01head" + gzip.compress(WORD.encode() * 3) + b"tail"),
    "zlib": (("compressed",), zlib.compress(WORD.encode() * 3)),
    "png text": (
        ("compressed",),
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x09zTXtprompt\x00\x00" + zlib.compress(WORD.encode()),
    ),
    "utf-16": ((), "…".encode("utf-16-le") + WORD.encode("utf-16-le")),
    "utf-16 format": (("utf-16",), b"\x00\x00" + KINDS["runpod"].encode("utf-16-le")),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_leak_is_found_in_every_layer_and_not_shown(name):
    """Kind, place and layers are told; the secret is in no field of the answer."""
    layers, data = WRAPPED[name]
    leaks = scan(data, SECRETS)
    assert leaks
    assert any(leak.layers[: len(layers)] == layers for leak in leaks)
    assert WORD not in repr(leaks)
    assert KINDS["runpod"] not in repr(leaks)


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_is_found_without_any_known_value(kind):
    """A repository scan has no list of keys."""
    data = json.dumps({"a": [1, {"b": f"x {KINDS[kind]} y"}]}).encode()
    (leak, *_) = scan(data, Secrets())
    assert data[leak.offset :].startswith(KINDS[kind].encode()) or leak.kind in ("runpod-user", "telegram-token")
    assert KINDS[kind] not in leak.context


@pytest.mark.parametrize("kind", EMBEDDED)
def test_what_redaction_masks_the_scan_finds_and_then_no_more(kind):
    """The two searches agree on what a secret is."""
    text = "x {}{}{} y".format(*EMBEDDED[kind])
    assert scan(text.encode(), Secrets())
    assert scan(Redactor().text(text).encode(), Secrets()) == []


def test_the_context_names_the_place():
    """A line that a reader can find again, with the length instead of the value."""
    (leak,) = scan(b'{"error": "bad key ' + WORD.encode() + b' given"}', SECRETS)
    assert (leak.kind, leak.offset) == ("known-value", 19)
    assert leak.context == '{"error": "bad key [14 bytes] given"}'


def test_clean_data_has_no_leaks():
    """Prose, JSON, digests and base64 of nothing in particular."""
    noise = base64.b64encode(bytes(range(256)) * 40)
    assert scan(b'{"sha256":"' + b"0a1b2c3d" * 8 + b'","d":"' + noise + b'","t":"a cat"}', SECRETS) == []
