"""The object that a recording calls: it learns from exchanges and cleans them."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, quote

from comfytape_cassettes.body import Body
from comfytape_cassettes.exchange import Exchange, Headers, Request, Response
from comfytape_cassettes.redaction import Redactor, Secrets, redact_body, redact_headers, redact_text, redact_url

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


WORD = "hunter" + "2-hunter"


def test_what_one_exchange_gives_away_is_masked_in_the_next():
    """The endpoint's env answer is read once; its values are looked for from then on."""
    redactor = Redactor()
    redactor.exchange(exchange(received=json.dumps({"env": {"MY_TOKEN": WORD}}).encode()))
    clean = redactor.exchange(exchange(received=b'{"error":"bad token ' + WORD.encode() + b'"}'))
    assert clean.response.body.raw() == b'{"error":"bad token REDACTED"}'


def test_an_exchange_without_secrets_is_equal_to_itself():
    """Redaction of nothing is nothing: bytes, headers, times."""
    plain = exchange(request=[("Accept", "*/*")], sent=b'{"input":{"a":1}}', received=b'{"id":"j-1"}')
    assert Redactor().exchange(plain) == plain


def test_cleaning_an_exchange_twice_changes_nothing():
    """An import of what was recorded before gives the same cassette."""
    redactor = Redactor()
    first = redactor.exchange(
        exchange(
            url=f"https://u:{WORD}@api.example/run?api_key={WORD}&webhook=1",
            request=[("Authorization", "Bearer " + KEY), ("Cookie", "a=b; c=" + WORD)],
            sent=json.dumps({"input": {"comfy_org_api_key": WORD}, "webhook": f"https://h/x?k={WORD}"}).encode(),
            response=[("Set-Cookie", f"s={WORD}; Path=/"), ("Location", f"/x?token={WORD}")],
            received=f"no {KEY} and {WORD}".encode(),
        )
    )
    assert redactor.exchange(first) == first
    assert Redactor().exchange(first) == first
    assert WORD not in repr(first)
    assert KEY not in repr(first)


def test_equal_secrets_give_equal_recordings():
    """The placeholder is constant, so matching and diffs still work on redacted cassettes."""
    one = Redactor().exchange(exchange(sent=b'{"input":{"comfy_org_api_key":"first-secret-1"}}'))
    two = Redactor().exchange(exchange(sent=b'{"input":{"comfy_org_api_key":"other-secret-22"}}'))
    assert one == two


def test_many_threads_share_one_redactor():
    """No value learnt by one thread is lost to another's."""
    redactor = Redactor()
    values = [f"secret-number-{n:04d}-x" for n in range(200)]

    def work(value):
        redactor.exchange(exchange(request=[("X-Api-Key", value)], received=value.encode()))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, values))
    assert {secret.value for secret in redactor.secrets} == set(values)
    assert redactor.text(" ".join(values)) == " ".join(["REDACTED"] * 200)


def test_the_functions_do_what_the_object_does():
    """For callers with a set of values and one thing to clean."""
    secrets = Secrets.of([WORD])
    assert redact_text(f"a {WORD}", secrets) == "a REDACTED"
    assert redact_url(f"https://h/{WORD}?sig=abcdef", secrets) == "https://h/REDACTED?sig=REDACTED"
    assert redact_headers([("X-A", WORD), ("Accept", "x")], secrets) == (("X-A", "REDACTED"), ("Accept", "x"))
    assert redact_body(b"a " + WORD.encode(), "text/plain", "", secrets) == (b"a REDACTED", True)


def test_text_that_is_no_valid_unicode_is_cleaned_too():
    """File names and headers may carry lone surrogates."""
    assert Redactor().text("\udcff " + KEY) == "\udcff REDACTED"


def test_base64_in_a_query_stays_percent_encoded():
    """A plus sign written raw into a query would be read as a space."""
    blob = quote(base64.b64encode(b'{"word": "' + WORD.encode() + b'", "~~~???>>>": 1}').decode(), safe="")
    clean = Redactor(Secrets.of([WORD])).text(f"https://h/x?state={blob}&a=1")
    state = dict(parse_qsl(clean.partition("?")[2]))["state"]
    assert base64.b64decode(state) == b'{"word": "REDACTED", "~~~???>>>": 1}'


def test_base64_that_was_carelessly_written_is_masked_whole():
    """Stray bits in the last character: it cannot be written back as it was, so nothing of it is kept."""
    careless = base64.b64encode(b'{"word": "' + WORD.encode() + b'"}!!').decode().rstrip("=")
    careless = careless[:-1] + chr(ord(careless[-1]) + 1)
    redactor = Redactor(Secrets.of([WORD]))
    clean = redactor.text(f"state {careless} end")
    assert redactor.scan(clean.encode()) == []
    assert clean.startswith("state REDACTED")
    assert clean.endswith(" end")
