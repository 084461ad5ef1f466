"""The object that a recording calls: it learns from exchanges and cleans them."""

from __future__ import annotations

from comfytape_cassettes.body import Body
from comfytape_cassettes.exchange import Exchange, Headers, Request, Response
from comfytape_cassettes.redaction import Redactor

KEY = "rpa_" + "TESTKEY0123456789"


def exchange(url="https://api.runpod.ai/v2/ep/run", request=(), sent=b"", response=(), received=b""):
    return Exchange(
        Request("POST", url, Headers.of(request), Body.of(sent)),
        Response(200, "OK", Headers.of(response), Body.of(received)),
    )


def test_a_bare_key_in_a_header_is_masked_in_the_answer_that_echoes_it():
    """What Authorization carries is a known value everywhere else in the same exchange."""
    clean = Redactor().exchange(
        exchange(request=[("Authorization", "notashape" + "7")], received=b'{"error":"bad key notashape7"}')
    )
    assert clean.request.headers.get("authorization") == "REDACTED"
    assert clean.response.body.raw() == b'{"error":"bad key REDACTED"}'


def test_content_length_follows_a_body_that_changed_size():
    """A cassette's Content-Length is that of the body it keeps."""
    body = b'{"key":"' + KEY.encode() + b'"}'
    clean = Redactor().exchange(exchange(response=[("Content-Length", str(len(body)))], received=body))
    assert clean.response.headers.get("Content-Length") == str(len(clean.response.body.raw()))
