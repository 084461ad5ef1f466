"""Known values, planted anywhere in any encoding, are gone; everything else is what it was."""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import urllib.parse
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytape_cassettes.redaction import Redactor, Secrets

VALUES = {
    "plain": "correcthorse" + "battery7",
    "symbols": 'p4ss/w"rd+é' + "X%41z&amp;=",
    "backslash": "C:\\keys\\" + "n0tes",
    "unicode": "пароль-" + "🔑-42",
    "spaces": "three word " + "phrase 9",
    "base64-like": "q83vASNFZ4mrze8" + "BI0VniavN7w==",
}

ENCODINGS = {
    "raw": lambda text: text,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[1:-1],
    "json in json in json": lambda text: json.dumps(json.dumps(json.dumps({"k": text})))[1:-1],
    "json utf-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "all \\u": lambda text: "".join(
        f"\\u{int.from_bytes(pair, 'big'):04x}" for pair in _pairs(text.encode("utf-16-be"))
    ),
    "url": urllib.parse.quote,
    "url full": lambda text: urllib.parse.quote(text, safe=""),
    "url lower": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "url upper": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "url twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "form": urllib.parse.quote_plus,
    "html": html.escape,
    "html numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "html hex": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "base64": lambda text: _b64(text.encode()),
    "base64 shifted 1": lambda text: _b64(b"x" + text.encode() + b"tail"),
    "base64 shifted 2": lambda text: _b64(b"xy" + text.encode() + b"tail"),
    "base64 url-safe": lambda text: base64.urlsafe_b64encode(b"u:" + text.encode()).decode(),
    "base64 of json": lambda text: _b64(json.dumps({"key": text, "n": 1}).encode()),
    "base64 of base64": lambda text: _b64(_b64(b"Authorization: " + text.encode()).encode()),
    "base64 wrapped": lambda text: base64.encodebytes(b"x" * 100 + text.encode() + b"y" * 200).decode(),
    "base64 of gzip": lambda text: _b64(gzip.compress(b'{"a":"' + text.encode() + b'"}', mtime=0)),
    "base64 of zlib": lambda text: _b64(zlib.compress(b"some text " + text.encode())),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}


def _pairs(data):
    return [data[at : at + 2] for at in range(0, len(data), 2)]


def _b64(data):
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", VALUES)
def test_a_known_value_is_gone_in_every_encoding(kind, encoding):
    """Nothing that decodes to the value is left, what is around it is as it was, and a second pass changes nothing."""
    redactor = Redactor(Secrets.of({"TEST": VALUES[kind]}))
    planted = ENCODINGS[encoding](VALUES[kind])
    body = f"before, | {planted} | after".encode()
    clean, changed = redactor.body(body, "text/plain")
    assert changed
    assert planted.encode() not in clean
    assert clean.startswith(b"before, | ")
    assert clean.endswith(b" | after")
    assert redactor.scan(body)
    assert redactor.scan(clean) == []
    assert redactor.body(clean, "text/plain") == (clean, False)


@pytest.mark.parametrize(
    "encoding", ["json", "json in json", "json utf-8", "json slashes", "all \\u", "url", "hex", "base64 of json"]
)
@pytest.mark.parametrize("kind", VALUES)
def test_json_stays_json_and_a_string_stays_a_string(kind, encoding):
    """Types survive redaction: a contract on the answer still holds."""
    redactor = Redactor(Secrets.of([VALUES[kind]]))
    body = f'{{"id":"j-1","error":"bad {ENCODINGS[encoding](VALUES[kind])}","n":[1,2.50,null]}}'.encode()
    clean, _ = redactor.body(body, "application/json")
    parsed = json.loads(clean)
    assert parsed["error"].startswith("bad ")
    assert clean.startswith(b'{"id":"j-1","error":"bad ')
    assert clean.endswith(b'","n":[1,2.50,null]}')


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("value", ["correcthorse" + "battery7", "rpa_" + "TESTKEY0123456789ABC"])
def test_utf_16_is_read_too(order, value):
    """EXIF comments are UTF-16; the length of what holds them stays."""
    redactor = Redactor(Secrets.of(["correcthorse" + "battery7"]))
    body = b"\x00\x01UNICODE\x00" + f"the key is {value}, keep it".encode(order) + b"\x00\xff"
    clean, changed = redactor.body(body)
    assert changed
    assert len(clean) == len(body)
    assert value.encode(order) not in clean
    assert redactor.scan(clean) == []
    assert redactor.body(clean) == (clean, False)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
def test_a_compressed_body_is_cleaned_and_compressed_again(encoding):
    """Content-Encoding stays true of the body; equal bodies give equal bytes."""
    value = VALUES["plain"]
    plain = b'{"error": "' + value.encode() + b'", "pad": "' + b"z" * 500 + b'"}'
    window = {"gzip": 31, "deflate": 15, "raw deflate": -15}[encoding]
    packer = zlib.compressobj(wbits=window)
    body = packer.compress(plain) + packer.flush()
    clean, changed = Redactor(Secrets.of([value])).body(body, "application/json", encoding.split()[-1])
    assert changed
    assert zlib.decompress(clean, window) == plain.replace(value.encode(), b"REDACTED")


def test_an_untouched_compressed_body_keeps_its_bytes():
    """Nothing is compressed again without need: the server's bytes are the cassette's."""
    body = gzip.compress(b'{"a": 1}' * 50, 1)
    assert Redactor().body(body, "application/json", "gzip") == (body, False)


def test_a_number_stays_a_number():
    """A PIN that is also a bare JSON number becomes another number."""
    redactor = Redactor(Secrets.of(["48151623"]))
    clean, _ = redactor.body(b'{"pin": 48151623, "text": "48151623"}', "application/json")
    assert clean == b'{"pin": 99999999, "text": "99999999"}'


def test_a_value_inside_a_longer_one_does_not_leave_the_rest():
    """The longest known value is masked whole."""
    redactor = Redactor(Secrets.of(["abcdef" + "123", "abcdef" + "123-and-more"]))
    assert redactor.text("x abcdef" + "123-and-more y") == "x REDACTED y"


def test_a_quote_in_a_value_never_matches_across_two_strings():
    """`","b":"` as a password must not tear the structure of an answer."""
    redactor = Redactor(Secrets.of(['","b":"']))
    body = b'{"a":"1","b":"2"}'
    assert redactor.body(body, "application/json") == (body, False)


@pytest.mark.parametrize("text", ['{"a":"0000123""}', '{"error": "key 0000123" was refused"'])
def test_a_quote_in_a_value_is_masked_where_the_text_is_no_json(text):
    """It only begins as JSON does: there is no structure that a quote could tear."""
    clean, _ = Redactor(Secrets.of(['0000123"'])).body(text.encode(), "application/json")
    assert b"0000123" not in clean


ALPHABET = st.characters(min_codepoint=32, max_codepoint=0x2FF, blacklist_characters="\x7f")


@settings(max_examples=300, deadline=None)
@given(
    value=st.text(ALPHABET, min_size=8, max_size=60).filter(lambda text: len(set(text.strip())) > 4),
    before=st.text(ALPHABET, max_size=80),
    after=st.text(ALPHABET, max_size=80),
    encoding=st.sampled_from(sorted(ENCODINGS)),
)
def test_any_value_in_any_text_is_gone(value, before, after, encoding):
    """For all values and surroundings: no trace, stable under repetition, and valid JSON stays valid."""
    secrets = Secrets.of([value])
    if not len(secrets):
        return
    redactor = Redactor(secrets)
    head, tail = json.dumps(before)[1:-1], json.dumps(after)[1:-1]
    planted = ENCODINGS[encoding](value)
    if encoding in ("raw", "url", "form", "html", "repr", "repr of bytes", "base64 wrapped"):
        planted = json.dumps(planted)[1:-1]
    body = f'{{"a": "{head}, | {planted} | {tail}"}}'.encode()
    clean, _ = redactor.body(body, "application/json")
    assert redactor.scan(clean) == []
    assert redactor.body(clean, "application/json") == (clean, False)
    json.loads(clean)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=4000), st.integers(0, 2**32))
def test_bytes_without_secrets_are_returned_as_they_are(noise, seed):
    """Arbitrary bytes, with escapes sprinkled in, come back identical."""
    pieces = [noise, b"%41", b"\\u0041", b"&amp;", b'"', b"=", b"\x1f\x8b\x08", b"x\x9c", b"://", b"@"]
    random.Random(seed).shuffle(pieces)
    body = b"".join(pieces)
    assert Redactor(Secrets.of(["not in there " + "at all"])).body(body) == (body, False)
