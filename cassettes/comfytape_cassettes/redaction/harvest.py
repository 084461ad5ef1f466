"""What an exchange itself gives away as secret, by places that are ours to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.headers import header_secrets
from comfytape_cassettes.redaction.our_paths import own_places
from comfytape_cassettes.redaction.packing import GZIP, RAW, ZLIB, unpacked
from comfytape_cassettes.redaction.placeholder import is_masked
from comfytape_cassettes.redaction.urls import form_secrets, url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from comfytape_cassettes.redaction.secrets import Secret

__all__ = ["decoded_body", "harvest"]


def harvest(
    url: str,
    request_headers: Iterable[tuple[str, str]] = (),
    request_body: bytes = b"",
    response_headers: Iterable[tuple[str, str]] = (),
    response_body: bytes = b"",
) -> tuple[Secret, ...]:
    """Credentials in headers, queries and bodies of one exchange. Bodies as received, under their Content-Encoding."""
    found: list[Secret] = [*url_secrets(url, "query")]
    for headers, body in ((request_headers, request_body), (response_headers, response_body)):
        listed = tuple(headers)
        found += header_secrets(listed)
        found += _body_secrets(listed, body)
    return tuple(dict.fromkeys(secret for secret in found if secret.value and not is_masked(secret.value)))


def _body_secrets(headers: tuple[tuple[str, str], ...], body: bytes) -> Iterator[Secret]:
    if not body:
        return
    kinds = {name.lower(): value for name, value in headers}
    plain = decoded_body(body, kinds.get("content-encoding", ""))
    if "x-www-form-urlencoded" in kinds.get("content-type", ""):
        yield from form_secrets(plain.decode("utf-8", "replace"), "form")
    for place in own_places(plain):
        yield from place.learned


def decoded_body(body: bytes, content_encoding: str) -> bytes:
    """``body`` with gzip or deflate undone; as it is under anything else, or if it does not decode."""
    name = content_encoding.strip().lower()
    windows = {"gzip": (GZIP,), "x-gzip": (GZIP,), "deflate": (ZLIB, RAW)}.get(name, ())
    for window in windows:
        stream = unpacked(body, window)
        if stream is not None:
            return stream.plain
    return body
