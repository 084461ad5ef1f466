"""Header fields that carry credentials, masked in place; names, schemes and cookie attributes stay."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.placeholder import PLACEHOLDER, is_masked
from comfytape_cassettes.redaction.secrets import Secret
from comfytape_cassettes.redaction.urls import plausible, secretive, url_secrets, url_without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["HeaderItems", "header_secrets", "header_without_secrets"]

HeaderItems = tuple[tuple[str, str], ...]

_AUTHORIZATION = frozenset({"authorization", "proxy-authorization", "x-authorization"})
_KEYS = frozenset(
    {
        "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-goog-api-key", "x-amz-security-token",
        "x-runpod-api-key", "comfy-api-key", "x-comfy-api-key", "x-csrf-token", "x-vault-token", "x-hf-token",
        "cf-access-client-secret", "cf-access-jwt-assertion", "private-token", "x-gitlab-token",
    }
)  # fmt: skip
_URLS = frozenset({"location", "content-location", "referer", "link", "x-original-url", "origin"})
_SCHEME = re.compile(r"(?i)(bearer|basic|token|digest|negotiate|aws4-hmac-sha256)(\s+)(.*)", re.DOTALL)
_COOKIE_PAIR = re.compile(r"(\s*[^=;\s]+=)([^;]*)")


def header_without_secrets(name: str, value: str) -> str:
    """The value of one header field, with what its name gives away masked."""
    kind = name.lower()
    if kind in _AUTHORIZATION:
        scheme = _SCHEME.fullmatch(value)
        return f"{scheme[1]}{scheme[2]}{PLACEHOLDER}" if scheme else PLACEHOLDER if value else value
    if kind in _KEYS:
        return PLACEHOLDER if value else value
    if kind == "cookie":
        return _COOKIE_PAIR.sub(lambda match: match[1] + PLACEHOLDER if match[2] else match[0], value)
    if kind == "set-cookie":
        return _COOKIE_PAIR.sub(lambda match: match[1] + PLACEHOLDER if match[2] else match[0], value, count=1)
    return url_without_secrets(value) if kind in _URLS else value


def header_secrets(headers: Iterable[tuple[str, str]]) -> Iterator[Secret]:
    """What the header fields reveal: whole credentials, bare keys, passwords, cookies that look like tokens."""
    for name, value in headers:
        kind = name.lower()
        if kind in _AUTHORIZATION:
            yield from _credentials(value.strip(), name)
        elif kind in _KEYS:
            yield Secret(value.strip(), name)
        elif kind in ("cookie", "set-cookie"):
            yield from _cookies(value, name, only_first=kind == "set-cookie")
        elif kind in _URLS:
            yield from url_secrets(value, name)


def _credentials(value: str, origin: str) -> Iterator[Secret]:
    scheme = _SCHEME.fullmatch(value)
    bare = (scheme[3] if scheme else value).strip()
    if not bare or is_masked(bare):
        return
    yield Secret(bare, origin)
    if scheme and scheme[1].lower() == "basic":
        try:
            user, colon, password = base64.b64decode(bare + "==").decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return
        # RunPod-style "key as user name, no password" makes the user name the secret.
        yield Secret(password if colon and password else user, f"{origin} password")


def _cookies(value: str, origin: str, *, only_first: bool) -> Iterator[Secret]:
    pairs = _COOKIE_PAIR.findall(value)
    for name, content in pairs[:1] if only_first else pairs:
        if secretive(name) or plausible(content):
            yield Secret(content.strip().strip('"'), f"{origin} {name.strip(' =')}")
