"""A secret may show itself only at the end of a recording."""

from __future__ import annotations

import json

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording

KEY = "s3cr" + "etvalue-123456"


def test_a_value_given_away_late_is_cleaned_from_early_answers(tmp_path):
    """What the last request shows to be a key is gone from the first answer, in every file."""
    echoed = json.dumps({"echo": KEY, "pad": "x" * 5000}).encode()
    recording = Recording.start(tmp_path / "c", plane="loopback")
    recording.add(Exchange(Request("GET", "http://h/a"), Response(200, "OK", Headers(), Body.of(echoed)), ((0, 1),)))
    late = Request("GET", "http://h/b", Headers.of({"Authorization": f"Bearer {KEY}"}))
    recording.add(Exchange(late, Response(200, "OK", Headers(), Body.of(b"{}")), ((5, 1),)))

    cassette = recording.finish()

    assert cassette.exchanges[0].response.body.json()["echo"] == "REDACTED"
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not cassette.orphans()
