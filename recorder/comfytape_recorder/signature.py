"""AWS Signature Version 4 for a GET, so that a listing goes through our own transport and is recorded as all else.

Source: AWS, "Create a signed AWS API request"; held to botocore's signer in the tests. RunPod takes it with the data
centre as the region (docs.runpod.io, storage/s3-api).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Keys", "canonical_query", "signed_headers"]

NO_BODY = hashlib.sha256(b"").hexdigest()
SIGNED = "host;x-amz-content-sha256;x-amz-date"
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """An S3 key pair; neither half is ever printed."""

    access: str = field(repr=False)
    secret: str = field(repr=False)


def canonical_query(query: Mapping[str, str]) -> str:
    """A query as it is signed, and as it must be sent: sorted, every reserved character escaped."""
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))


def signed_headers(url: str, keys: Keys, region: str, now: datetime) -> dict[str, str]:
    """The headers to send beside ``Host`` with a GET without a body.

    ``url`` is absolute, its path escaped and its query as ``canonical_query`` gives it; ``now`` is in UTC.
    """
    parts = urlsplit(url)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    host = parts.netloc.rpartition("@")[2].lower()
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    lines = (
        "GET",
        parts.path or "/",
        parts.query,
        f"host:{host.removesuffix(default)}",
        f"x-amz-content-sha256:{NO_BODY}",
        f"x-amz-date:{stamp}",
        "",
        SIGNED,
        NO_BODY,
    )
    scope = f"{day}/{region}/s3/aws4_request"
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{keys.secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, f"{ALGORITHM}\n{stamp}\n{scope}\n{request}".encode(), "sha256").hexdigest()
    return {
        "X-Amz-Date": stamp,
        "X-Amz-Content-SHA256": NO_BODY,
        "Authorization": f"{ALGORITHM} Credential={keys.access}/{scope}, SignedHeaders={SIGNED}, Signature={signature}",
    }
