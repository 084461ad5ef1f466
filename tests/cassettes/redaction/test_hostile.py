"""Input made to hurt: bombs, nesting, floods. Bounded in time and memory, and never a traceback."""

from __future__ import annotations

import base64
import gzip
import json
import random
import resource
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comfytape_cassettes.redaction import Redactor, Secrets, harvest
from comfytape_cassettes.redaction.packing import unpacked

WORD = "hunter" + "2-hunter"
REDACTOR = Redactor(Secrets.of([WORD, "rpa_" + "TESTKEY0123456789"]))


def bomb(megabytes):
    stream = zlib.compressobj(9, wbits=31)
    block = b"\x00" * (1 << 20)
    return b"".join(stream.compress(block) for _ in range(megabytes)) + stream.flush()


def nested(data, layers):
    for _ in range(layers):
        data = base64.b64encode(gzip.compress(data, mtime=0))
    return data


HOSTILE = {
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"input":' * 50_000,
    "deep env": b'{"env":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "deep s3Config": b'{"s3Config":' + b"[" * 900 + b'"x"' + b"]" * 900 + b"}",
    "backslashes": b'{"a":"' + b"\\" * 100_000 + b'"}',
    "slashes": b'{"a":"' + b"\\/" * 60_000 + b'"}',
    "percents": b"%25" * 60_000,
    "entities": b"&amp;" * 50_000,
    "unicode": b"\\u005c" * 40_000,
    "equals": b"token=" * 50_000,
    "ats": b"://a:" * 100_000 + b"@",
    "prefixes": b"rpa_ " * 200_000,
    "pem": b"-----BEGIN PRIVATE KEY-----" * 20_000,
    "bearers": b"Bearer " * 100_000,
    "dots": b"eyJaaaaaaaaaaaaaaaaaaaa." * 40_000,
    "frames": b'File "/' * 50_000 + b'", line 1',
    "runs": b"aB" * 12 + b" " + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVg== " * 8_000,
    "lines": (b"QUJD" * 19 + b"\n") * 20_000,
    "wide": b"a\x00" * 100_000,
    "nuls": b"\x00" * 2_000_000,
    "gzip heads": b"\x1f\x8b\x08\x00" * 200_000,
    "png heads": b"\x89PNG\r\n\x1a\n" * 50_000,
    "png length": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtabc",
    "png many": b"\x89PNG\r\n\x1a\n" + (b"\x00\x00\x00\x00zTXt" + b"\x00" * 4) * 10_000,
    "riff": b"RIFF\x00\x00\x00\x00WEBP" + b"\x00" * 100_000,
    "mp4": b"\x00\x00\x00\x08free" * 50_000,
    "gif": b"GIF89a" + b"\xff" * 7 + b"\x2c" * 100_000,
    "webm": b"\x1a\x45\xdf\xa3" + b"\x1f\x43\xb6\x75\x00" * 50_000,
    "latent": b"\x02\x00\x00\x00\x00\x00\x00\x00{}" + b"\x00" * 100,
    "form": b"&=" * 50_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_handled_in_seconds(name):
    """Redacting, learning and scanning: no exception, no hang, and twice is the same as once."""
    body = HOSTILE[name]
    began = time.process_time()
    clean, _ = REDACTOR.body(body, "application/json")
    harvest("https://x/" + body[:5000].decode("latin-1"), request_body=body)
    REDACTOR.scan(body)
    assert REDACTOR.body(clean, "application/json")[0] == clean
    assert time.process_time() - began < 10


def test_a_bomb_is_left_alone_and_reported():
    """300 MB out of 300 KB: memory stays bounded, the bytes stay as they are, and the scan says it could not look."""
    body = bomb(300)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert unpacked(body) is None
    assert REDACTOR.body(body) == (body, False)
    assert "unsearched" in {leak.kind for leak in REDACTOR.scan(body)}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 600


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_secret_in_nested_encodings_is_gone(layers):
    """Base64 of gzip of base64 of gzip."""
    body = b'{"blob":"' + nested(b"the word is " + WORD.encode(), layers) + b'"}'
    clean, changed = REDACTOR.body(body)
    assert changed
    assert REDACTOR.scan(body)
    assert REDACTOR.scan(clean) == []


def test_a_secret_nested_too_deep_to_clean_is_still_reported():
    """The scan looks deeper than redaction mends, so that what is not mended is refused."""
    body = nested(b"the word is " + WORD.encode(), 4)
    clean = REDACTOR.body(body)[0]
    assert REDACTOR.scan(clean)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_messages_never_raise(data):
    """Cut, doubled, flipped: any bytes are answered, and what comes out is stable."""
    seed = data.draw(st.integers(0, 2**32))
    chance = random.Random(seed)
    message = {
        "input": {"comfy_org_api_key": WORD, "x": ["é", 1.5, None]},
        "env": {"A_KEY": WORD},
        "webhook": "https://u:p@h/?k=" + WORD,
    }
    body = bytearray(json.dumps(message).encode())
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[at] = chance.randrange(256)
            case 1:
                del body[at : at + chance.randrange(1, 20)]
            case 2:
                body[at:at] = body[at : at + chance.randrange(1, 20)]
            case _:
                body[at:at] = chance.choice([b"\\", b'"', b"\xff", b"\x00", b"{", b"%", b"&#"])
        if not body:
            body = bytearray(b"{}")
    clean, _ = REDACTOR.body(bytes(body), chance.choice(["application/json", "application/x-www-form-urlencoded", ""]))
    harvest("https://h/", request_body=bytes(body))
    assert REDACTOR.scan(clean) == []
