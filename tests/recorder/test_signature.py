"""Our signature is the one that AWS's own library makes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from comfytape_recorder.signature import Keys, canonical_query, signed_headers

QUERIES = (
    {"list-type": "2", "max-keys": "1000", "delimiter": "/"},
    {"list-type": "2", "prefix": "models/ä b+c~/", "continuation-token": "a+b/c=="},
    {},
)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("base", ["https://s3api-eu-ro-1.runpod.io/vol1", "http://127.0.0.1:9000/vol%201"])
def test_it_equals_botocores(monkeypatch, base, query):
    """Header by header, at the same moment, whatever port and characters."""
    now = datetime.now(UTC)
    url = f"{base}?{canonical_query(query)}" if query else base
    request = AWSRequest("GET", url)
    request.context["payload_signing_enabled"] = True
    signer = S3SigV4Auth(Credentials("AKTEST", "secret"), "s3", "EU-RO-1")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: now.replace(tzinfo=None))
    signer.add_auth(request)
    ours = signed_headers(url, Keys("AKTEST", "secret"), "EU-RO-1", now)
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]
    assert ours["Authorization"].rpartition("=")[2] == request.headers["Authorization"].rpartition("=")[2]
