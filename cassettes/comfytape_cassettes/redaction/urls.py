"""Secrets in URLs: user and password, the query parameters that carry keys, presigned signatures, webhook queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from comfytape_cassettes.redaction.placeholder import PLACEHOLDER, is_masked
from comfytape_cassettes.redaction.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "KEY_PARAMETERS",
    "form_secrets",
    "form_without_secrets",
    "plausible",
    "secretive",
    "url_secrets",
    "url_without_secrets",
    "webhook_without_secrets",
]

KEY_PARAMETERS = frozenset(
    {
        "api_key", "api-key", "apikey", "access_token", "auth_token", "id_token", "refresh_token", "token", "hf_token",
        "client_secret", "password", "passwd", "secret", "sig", "signature", "awsaccesskeyid", "googleaccessid",
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature", "x-goog-credential",
        "comfy_org_api_key", "api_key_comfy_org",
    }
)  # fmt: skip
"""Query parameters that carry a key: RunPod's GraphQL (?api_key=), presigned URLs of AWS and Google, Azure's sig."""

_SECRETIVE = re.compile(
    r"(?:^|[^a-z])(?:.*(?:secret|passw|credential|private|signature|token|api_?key|access_?key|auth))|(?:^|[_-])(?:key|pass|pwd|pat)(?:$|[_-])",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)([^/?#@\s]*)@")
_PAIR = re.compile(r"(?P<before>^|[?&;])(?P<name>[^=&;?#]*)=(?P<value>[^&;#]*)")
_RANDOM = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9._~+/=-]{12,}")
_ORDINARY = re.compile(
    r"(?i)https?://.*|[./~].*|[A-Za-z]:\\.*|.*\.(?:safetensors|ckpt|pth?|gguf|json|ya?ml|py|png|jpe?g|webp|mp4|txt)|.*/.*"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-[a-z][0-9])?"
)
_TOKEN_LIKE = re.compile(r"[A-Za-z0-9]{16,}")


def secretive(name: str) -> bool:
    """Whether a variable, parameter or field of that name is there to hold a secret."""
    return _SECRETIVE.search(name) is not None


def plausible(value: str) -> bool:
    """Whether a value of unknown purpose looks random enough to be a secret, and not like a file, URL, id or word."""
    if not _RANDOM.fullmatch(value) or _ORDINARY.fullmatch(value):
        return False
    return any(re.search("[0-9]", run) and re.search("[A-Za-z]", run) for run in _TOKEN_LIKE.findall(value))


def url_without_secrets(url: str) -> str:
    """``url`` with user, password and key parameters masked; the rest as it was spelled."""
    return _masked_query(_USERINFO.sub(_masked_userinfo, url), every=False)


def webhook_without_secrets(url: str) -> str:
    """As ``url_without_secrets``, and every query value masked: a webhook's query is its password."""
    return _masked_query(_USERINFO.sub(_masked_userinfo, url), every=True)


def form_without_secrets(body: str) -> str:
    """A urlencoded form with its key parameters masked."""
    return _PAIR.sub(lambda match: _masked_pair(match, every=False), body)


def url_secrets(url: str, origin: str) -> Iterator[Secret]:
    """What ``url_without_secrets`` masks, as values to look for elsewhere; ``origin`` names the place."""
    for userinfo in _USERINFO.findall(url):
        user, colon, password = userinfo.partition(":")
        secret = unquote(password if colon and password else user)
        if (colon or plausible(secret)) and not is_masked(secret):
            yield Secret(secret, f"{origin} password")
    yield from form_secrets(url.partition("?")[2].partition("#")[0], origin)


def form_secrets(query: str, origin: str) -> Iterator[Secret]:
    """Values of the key parameters in a query or form, and of others if they look like secrets in a webhook."""
    for match in _PAIR.finditer(query):
        name = unquote(match["name"])
        for value in {unquote(match["value"]), unquote_plus(match["value"])}:
            wanted = name.lower() in KEY_PARAMETERS or (origin == "webhook" and (secretive(name) or plausible(value)))
            if wanted and value and not is_masked(value):
                yield Secret(value, f"{origin} {name}")


def _masked_userinfo(match: re.Match[str]) -> str:
    return ":".join(PLACEHOLDER for _ in match[1].split(":", 1)) + "@"


def _masked_query(url: str, *, every: bool) -> str:
    head, mark, rest = url.partition("?")
    if not mark:
        return url
    query, hash_, fragment = rest.partition("#")
    return head + mark + _PAIR.sub(lambda match: _masked_pair(match, every=every), query) + hash_ + fragment


def _masked_pair(match: re.Match[str], *, every: bool) -> str:
    if not match["value"] or not (every or unquote(match["name"]).lower() in KEY_PARAMETERS):
        return match[0]
    return f"{match['before']}{match['name']}={PLACEHOLDER}"
