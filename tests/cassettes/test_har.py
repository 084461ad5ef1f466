"""HAR files as real writers make them come in; what goes out reads back equal."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from datetime import UTC, datetime

import pytest

from comfytape_cassettes import CassetteError, Failure
from comfytape_cassettes.formats.har import har_of, read_har

STARTED = "2026-11-22T10:00:00.000Z"


def entry(*, started=STARTED, time=12.5, request=None, **response):
    """An entry as small as HAR allows; ``response`` and ``request`` add to it."""
    return {
        "startedDateTime": started,
        "time": time,
        "request": {"method": "GET", "url": "https://api.runpod.ai/v2/e/health", "headers": [], **(request or {})},
        "response": {
            "status": 200,
            "statusText": "OK",
            "headers": [],
            "content": {"size": 2, "text": "{}"},
            **response,
        },
    }


@pytest.fixture
def har(tmp_path):
    """A function: a HAR file of these entries, read."""

    def read(*entries, packed=bytes, **log):
        path = tmp_path / "a.har"
        path.write_bytes(packed(json.dumps({"log": {"entries": entries, **log}}).encode()))
        return read_har(path)

    return read


def test_what_chromium_writes(har):
    """Pseudo headers are no headers, base64 content is bytes, status 0 with an _error is no answer."""
    png = b"\x89PNG\r\n\x1a\n\x00"
    tape = har(
        entry(
            request={"headers": [{"name": ":authority", "value": "x"}, {"name": "accept", "value": "*/*"}]},
            headers=[{"name": ":status", "value": "200"}, {"name": "content-type", "value": "image/png"}],
            content={"size": 9, "mimeType": "image/png", "encoding": "base64", "text": base64.b64encode(png).decode()},
        ),
        entry(
            status=0,
            statusText="",
            _error="net::ERR_CONNECTION_REFUSED",
            content={"size": 0, "mimeType": "x-unknown"},
            time=-1,
        ),
        creator={"name": "WebInspector", "version": "537.36"},
    )
    (seen,) = tape.exchanges
    assert seen.request.headers.items == (("accept", "*/*"),)
    assert seen.response.headers.items == (("content-type", "image/png"),)
    assert seen.response.body.raw() == png
    assert tape.failures == (
        Failure("GET", "https://api.runpod.ai/v2/e/health", "net::ERR_CONNECTION_REFUSED", (0.0, 0.0)),
    )
    assert (tape.creator, tape.loopback, tape.missing) == ("WebInspector 537.36", False, 0)


def test_what_playwright_writes(har):
    """Status -1 with a _failureText is no answer; unknown sizes are -1 and no loss."""
    tape = har(
        entry(status=-1, statusText="", _failureText="net::ERR_ABORTED"),
        entry(content={"size": -1, "mimeType": "x-unknown"}),
    )
    assert [f.error for f in tape.failures] == ["net::ERR_ABORTED"]
    assert [e.response.body.raw() for e in tape.exchanges] == [b""]
    assert tape.missing == 0


def test_a_failure_without_words(har):
    """Something is said all the same."""
    assert har(entry(status=0, statusText=""), entry()).failures[0].error == "no response"


@pytest.mark.parametrize("packed", [zlib.compress, gzip.compress])
def test_what_mitmproxy_writes_packed(har, packed):
    """.zhar is a HAR under zlib; gzip is what people put on top."""
    assert len(har(entry(), packed=packed).exchanges) == 1


def test_a_byte_order_mark_is_no_obstacle(har):
    """Windows programs write one."""
    assert len(har(entry(), packed=lambda data: b"\xef\xbb\xbf" + data).exchanges) == 1


def test_decoded_content_no_longer_claims_its_encoding(har):
    """The text in a HAR is decoded: encoding and framing headers go, the length is that of the text, in its place."""
    headers = [("Content-Encoding", "gzip"), ("Content-Length", "23"), ("Transfer-Encoding", "chunked"), ("X-A", "1")]
    tape = har(entry(headers=[{"name": n, "value": v} for n, v in headers], content={"size": 4, "text": "[12]"}))
    assert tape.exchanges[0].response.headers.items == (("Content-Length", "4"), ("X-A", "1"))
    assert tape.exchanges[0].response.content() == b"[12]"


@pytest.mark.parametrize(
    ("post", "sent"),
    [
        ({"mimeType": "application/json", "text": '{"a": "é"}'}, '{"a": "é"}'.encode()),
        ({"mimeType": "a/b", "text": "AAE=", "encoding": "base64"}, b"\x00\x01"),
        (
            {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "1"}, {"name": "b"}]},
            b"a=1&b=",
        ),
        ({"mimeType": "application/json", "params": [], "text": ""}, b""),
        (None, b""),
    ],
)
def test_what_was_sent(har, post, sent):
    """Text, base64, a form's parameters alone, nothing."""
    assert har(entry(request={"method": "POST", "postData": post})).exchanges[0].request.body.raw() == sent


@pytest.mark.parametrize(
    "lost",
    [
        {"content": {"size": 1_500_000, "mimeType": "application/json"}},
        {"request": {"method": "POST", "bodySize": 9, "postData": {"mimeType": "application/json"}}},
    ],
)
def test_a_body_that_the_writer_left_out_is_counted(har, lost):
    """'HAR without content' must not pass for a server that said nothing."""
    assert har(entry(**lost)).missing == 1


@pytest.mark.parametrize(
    "fine",
    [
        {"status": 304, "content": {"size": 900}},
        {"status": 204, "content": {"size": 0}},
        {"request": {"method": "HEAD"}, "content": {"size": 900}},
    ],
)
def test_a_body_that_never_was_is_not_missed(har, fine):
    """What was not modified, or asked for by HEAD, had none on the wire."""
    assert har(entry(**fine)).missing == 0


def test_entries_are_put_in_order_of_time(har):
    """Whatever their order in the file and their time zones."""
    tape = har(
        entry(started="2026-11-22T10:00:01+00:00"),
        entry(started="2026-11-22T11:00:00.5+01:00"),
        entry(started="2026-11-22T10:00:00"),
    )
    assert [e.started_ms for e in tape.exchanges] == [0.0, 500.0, 1000.0]
    assert tape.began == datetime(2026, 11, 22, 10, tzinfo=UTC)
    later = tape.after(datetime(2026, 11, 22, 9, 59, 59, tzinfo=UTC))
    assert [e.started_ms for e in later.exchanges] == [1000.0, 1500.0, 2000.0]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [("http://localhost:1/", True), ("http://127.8.0.1/", True), ("http://[::1]:9/", True), ("http://x.localhost/", True),
     ("https://api.runpod.ai/", False), ("http://10.0.0.1/", False), ("data:text/plain,x", False)],
)  # fmt: skip
def test_a_tape_knows_whether_it_left_the_machine(har, url, loopback):
    """Provenance says loopback only for what was."""
    assert har(entry(request={"url": url}), entry(request={"url": "http://127.0.0.1/"}, status=0)).loopback is loopback


@pytest.mark.parametrize("creator", [None, "x", {}, {"name": None}])
def test_a_creator_that_is_none(har, creator):
    """Who wrote the file may be unknown."""
    assert har(entry(), creator=creator).creator


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"log": {}}',
        b'{"log": []}',
        b"PK\x03\x04",
        b"x\x9c",
        b"\x1f\x8b\x08",
        b"x\xff",
        b"[" * 200_000,
        b"\xff\xfe\xff",
    ],
)
def test_what_is_no_har(tmp_path, data):
    """The message names the file and says what would be one."""
    path = tmp_path / "x.har"
    path.write_bytes(data)
    with pytest.raises(CassetteError, match=r"is not a HAR file|cannot be read: .+") as caught:
        read_har(path)
    assert str(path) in str(caught.value)
    assert "HAR" in caught.value.hint


@pytest.mark.parametrize("entries", [[], {}, None, "x"])
def test_a_har_of_nothing(tmp_path, entries):
    """Nothing recorded is no recording."""
    path = tmp_path / "x.har"
    path.write_text(json.dumps({"log": {"entries": entries}}))
    with pytest.raises(CassetteError, match="holds no entries"):
        read_har(path)


def test_there_is_no_such_file(tmp_path):
    """A name that is mistyped, and a folder."""
    with pytest.raises(CassetteError, match="there is no file"):
        read_har(tmp_path / "nothing.har")
    with pytest.raises(CassetteError, match="is not a file"):
        read_har(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        {"started": "yesterday"}, {"started": 5}, {"started": None}, {"time": "long"}, {"time": [1]}, {"status": "OK"}, {"status": None},
        {"status": 10**400}, {"status": 99}, {"status": 1000}, {"time": 1e300}, {"headers": [{"name": "a", "value": "b\r\nc: d"}]},
        {"headers": [{"name": "a\0", "value": "b"}]}, {"request": {"url": "http://x/\n"}}, {"request": {"url": 5}}, {"headers": [5]}, {"headers": [{"name": "a"}]}, {"content": "x"}, {"content": {"encoding": "base64", "text": "!"}},
        {"request": {"url": "http://[::1"}}, {"request": {"postData": "x"}}, {"request": {"postData": {"params": [5]}}},
    ],
)  # fmt: skip
def test_a_damaged_entry_is_named(har, damage):
    """Its number in the file and what is wrong; the others do not hide it."""
    with pytest.raises(CassetteError, match=r"a\.har, entry 2 is damaged: .+") as caught:
        har(entry(), entry(**damage))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ('{"log": {"entries": [{"time": NaN}]}}', "NaN is no JSON number"),
        ('{"log": {"entries": [], "entries": []}}', "'entries' is there twice"),
        ('{"log": {"entries": [' + "9" * 5000 + "]}}", "Exceeds the limit"),
    ],
)
def test_json_that_means_nothing_or_two_things(tmp_path, document, words):
    """NaN, a key that is there twice, a number without end: refused, not guessed at."""
    (tmp_path / "x.har").write_text(document)
    with pytest.raises(CassetteError, match=words):
        read_har(tmp_path / "x.har")


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\xff\xe9\x80"


@pytest.mark.parametrize(
    ("text", "size", "mime", "data"),
    [
        (PNG.decode("latin-1"), len(PNG), "image/png", PNG),
        (PNG.decode("latin-1"), -1, "image/png", PNG),
        (b"GIF89a\xe9".decode("latin-1"), 7, "image/gif", b"GIF89a\xe9"),
        ("é", 2, "text/plain", "é".encode()),
        ("é", 1, "text/html; charset=iso-8859-1", b"\xe9"),
        ("€", 1, 'text/html; charset="windows-1252"', b"\x80"),
        ("é", 1, "text/plain; charset=nosuch", b"\xe9"),
        ("é", 40, "text/plain", "é".encode()),
        (b"\xff\xfe\x01".decode("utf-8", "surrogateescape"), 3, "", b"\xff\xfe\x01"),
        ("\ud83d", 3, "", b"\xed\xa0\xbd"),
    ],
    ids=["png", "png without a size", "gif", "utf-8", "latin-1", "windows-1252", "unknown charset", "wrong size", "escaped bytes", "half a pair"],
)  # fmt: skip
def test_bytes_that_a_writer_decoded(har, text, size, mime, data):
    """mitmproxy gives pictures as Latin-1 text and broken UTF-8 as surrogates: the bytes of the wire come back."""
    tape = har(entry(content={"size": size, "mimeType": mime, "text": text}))
    assert tape.exchanges[0].response.body.raw() == data


def test_the_charset_may_stand_in_the_headers(har):
    """Where the content has no mimeType."""
    headers = [{"name": "Content-Type", "value": "text/plain; charset=latin-1"}]
    assert har(entry(headers=headers, content={"size": 1, "text": "é"})).exchanges[0].response.body.raw() == b"\xe9"


def test_content_that_is_still_compressed_keeps_its_encoding(har):
    """base64 of what was on the wire: the header is true, so it stays, and the body decodes."""
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    (seen,) = har(
        entry(
            headers=[{"name": "Content-Encoding", "value": "gzip"}],
            content={"size": len(packed), "encoding": "base64", "text": base64.b64encode(packed).decode()},
        )
    ).exchanges
    assert seen.response.body.raw() == packed
    assert seen.response.content() == b'{"a": 1}'


@pytest.mark.parametrize(
    ("body", "kept"), [(b"\x8b\x03\x80", True), (b'{"a": 1}', False), (b"\x89PNG\r\n\x1a\n\xff", False)]
)
def test_an_encoding_that_nobody_here_can_undo(har, body, kept):
    """br: what reads as text, or begins as a picture, was decoded by the writer."""
    (seen,) = har(
        entry(
            headers=[{"name": "Content-Encoding", "value": "br"}],
            content={"encoding": "base64", "text": base64.b64encode(body).decode()},
        )
    ).exchanges
    assert bool(seen.response.headers.get("content-encoding")) is kept


def test_cookies_that_a_browser_joined(har):
    """Chromium writes several Set-Cookie headers as one with line breaks."""
    headers = [{"name": "Set-Cookie", "value": "a=1; Path=/\nb=2"}]
    seen = har(entry(headers=headers)).exchanges[0].response.headers
    assert seen.items == (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"))


def test_what_a_cassette_has_no_place_for_is_said(har):
    """WebSocket messages, pages, phases of time, fields of the writer's own; nothing of it, nothing said."""
    socket = {"_webSocketMessages": [{}, {}], "_initiator": {}, "timings": {"send": 1, "wait": 2, "_blocked": 5}}
    tape = har(entry() | socket, pages=[{}])
    assert tape.unkept == (
        "2 WebSocket messages",
        "the phases of 1 requests' times (the sum is kept)",
        "1 pages with their load times",
        "fields beside request and response: _initiator",
    )
    assert har(entry()).unkept == ()


@pytest.mark.parametrize("missing", ["startedDateTime", "request", "response"])
def test_an_entry_without_a_part_is_named(har, missing):
    """A key that HAR requires."""
    cut = {key: value for key, value in entry().items() if key != missing}
    with pytest.raises(CassetteError, match=f"entry 1 is damaged: '{missing}' is missing"):
        har(cut)


@pytest.mark.parametrize(
    "name", ["danrisi-jobs.har", "runpod-cold-then-warm.har", "runpod-refusals.har", "comfyui-prompt.har"]
)
def test_what_goes_out_reads_back_equal(imported, tmp_path, name):
    """Every poll of a real recording, its times, headers and bodies, through a file and back."""
    cassette = imported(name)
    path = tmp_path / "out.har"
    path.write_text(json.dumps(har_of(cassette)))
    tape = read_har(path)
    polls = sorted(((times, e) for e in cassette.exchanges for times in e.times), key=lambda poll: poll[0])
    assert tape.creator.startswith("comfytape ")
    assert [(e.request, e.response, e.times) for e in tape.exchanges] == [
        (e.request, e.response, (times,)) for times, e in polls
    ]


def test_failures_and_binary_go_out_too(recorded, exchange, tmp_path, png):
    """A request without an answer is status 0 with its error; bytes that are no text are base64, sent or received."""
    failure = Failure("GET", "http://127.0.0.1:9/health", "connection refused", (12.5, 3.0))
    cassette = recorded(exchange(png, at=50, sent=b"\xff\x00", method="POST"), failures=[failure])
    document = har_of(cassette)
    assert [e["response"]["status"] for e in document["log"]["entries"]] == [0, 200]
    path = tmp_path / "out.har"
    path.write_text(json.dumps(document))
    tape = read_har(path).after(datetime(2026, 11, 22, 10, tzinfo=UTC))
    assert tape.failures == (failure,)
    assert list(tape.exchanges) == list(cassette.exchanges)


def test_a_compressed_answer_goes_out_plain(recorded, exchange):
    """HAR holds text as a reader sees it."""
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    cassette = recorded(exchange(packed, headers=[("Content-Encoding", "gzip")]))
    content = har_of(cassette)["log"]["entries"][0]["response"]["content"]
    assert (content["text"], content["size"]) == ('{"a": 1}', 8)


def test_a_cassette_that_does_not_say_when(recorded, exchange, tmp_path):
    """One of another tool counts from the epoch."""
    cassette = recorded(exchange(b"{}"))
    text = (tmp_path / "cassette" / "cassette.json").read_text().replace("2026-11-22T10:00:00+00:00", "")
    (tmp_path / "cassette" / "cassette.json").write_text(text)
    again = type(cassette).open(tmp_path / "cassette")
    assert har_of(again)["log"]["entries"][0]["startedDateTime"].startswith("1970-01-01T00:00:00")
