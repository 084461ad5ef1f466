"""Shapes that give a secret away on sight, each behind a literal that is cheap to look for.

Prefixes and lengths as their issuers document them (GitHub, Hugging Face, Slack, AWS, Google, Stripe, OpenAI,
RFC 7519 for JWTs, RFC 7468 for PEM); RunPod keys are ``rpa_…``, its S3 secrets ``rps_…`` with access keys
``user_…`` (docs.runpod.io, storage/s3-api), Comfy.org keys ``comfyui-…``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.placeholder import is_masked

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMATS", "LEAST", "Format", "Match", "formats_in", "parameters_in", "passwords_in"]

Match = tuple[int, int, str]
"""(start, end, kind) of a secret in some bytes."""

# A prefix with an underscore or a dash cannot stand inside standard base64; these may follow `_` or `-`, as in
# a file name. AKIA… and AIza… can occur in base64 by chance, so nothing of that alphabet but a slash may touch them.
# The look-behind stands after the literal it is about: a pattern that begins with a literal is searched with memchr.
_DIGIT_AHEAD = rb"(?=[A-Za-z_-]{0,80}[0-9])"
_CREDENTIALS = rb"[ +]+(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{20,}=*)"


@dataclass(frozen=True, slots=True)
class Format:
    """``pattern``'s group ``secret`` (or all of it) is a secret; it cannot match where no ``literal`` occurs.

    Every match but a URL's password ends in a run of ``LEAST`` characters of the base64 alphabet.
    """

    kind: str
    literals: tuple[bytes, ...]
    pattern: re.Pattern[bytes]

    def find(self, data: bytes) -> Iterator[Match]:
        """Every place in ``data`` that has this shape and is not masked already."""
        group = "secret" if "secret" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(data):
            if not is_masked(match[group].decode("latin-1")):
                yield (*match.span(group), self.kind)


def _format(kind: str, literals: str, pattern: bytes) -> Format:
    return Format(kind, tuple(word.encode() for word in literals.split()), re.compile(pattern))


def _token(kind: str, prefix: str, tail: bytes, *, literals: str = "") -> Format:
    """A prefix (a regex of fixed width) that no letter or digit precedes, and its tail."""
    head = prefix.encode()
    return _format(kind, literals or prefix, head + rb"(?<![A-Za-z0-9]" + head + rb")" + tail)


def _alone(kind: str, prefix: str, tail: bytes, *, literals: str = "") -> Format:
    """As ``_token``, for what may not touch base64 on either side, but for a slash: that is what paths are made of."""
    head = prefix.encode()
    before, after = rb"(?<![A-Za-z0-9+]" + head + rb")", rb"(?![A-Za-z0-9+])"
    return _format(kind, literals or prefix, head + before + tail + after)


LEAST = 20
"""The shortest run that a format can stand in."""

FORMATS = (
    _token("runpod-key", "rp[as]_", rb"[A-Za-z0-9]{16,}", literals="rpa_ rps_"),
    _token("runpod-user", "user_", rb"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24,40}(?![A-Za-z0-9])"),
    _token("comfy-org-key", "comfyui-", rb"[0-9a-f]{32,}"),
    _token("huggingface-token", "hf_", rb"[A-Za-z0-9]{20,}"),
    _token("openai-key", "sk-", _DIGIT_AHEAD + rb"[A-Za-z0-9_-]{20,}"),
    _token("stripe-key", "[srp]k_(?:live|test)_", rb"[A-Za-z0-9]{16,}", literals="k_live_ k_test_"),
    _token("webhook-secret", "whsec_", rb"[A-Za-z0-9+/=]{20,}"),
    _token("github-token", "gh[pousr]_", rb"[A-Za-z0-9]{30,}", literals="ghp_ gho_ ghu_ ghs_ ghr_"),
    _token("github-token", "github_pat_", rb"[A-Za-z0-9_]{22,}"),
    _token("gitlab-token", "glpat-", rb"[A-Za-z0-9_-]{20,}"),
    _token("npm-token", "npm_", rb"[A-Za-z0-9]{36}"),
    _token("pypi-token", "pypi-", rb"[A-Za-z0-9_-]{50,}"),
    _token("replicate-token", "r8_", rb"[A-Za-z0-9]{30,}"),
    _token("groq-key", "gsk_", rb"[A-Za-z0-9]{30,}"),
    _token("nvidia-key", "nvapi-", rb"[A-Za-z0-9_-]{30,}"),
    _token("slack-token", "xox[a-z]-", _DIGIT_AHEAD + rb"[A-Za-z0-9-]{15,}", literals="xox"),
    _token("slack-token", "xapp-", _DIGIT_AHEAD + rb"[A-Za-z0-9-]{15,}"),
    _format(
        "slack-webhook",
        "hooks.slack",
        rb"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{10,})",
    ),
    _format("discord-webhook", "/api/webhooks/", rb"/api/webhooks/(?P<secret>[0-9]{5,}/[A-Za-z0-9_-]{20,})"),
    _format("telegram-token", ":AA", rb"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9])"),
    _alone("aws-access-key", "A[KS]IA", rb"[A-Z0-9]{16}", literals="AKIA ASIA"),
    _alone("google-key", "AIza", rb"[A-Za-z0-9_-]{35}"),
    _token("google-token", "ya29\\.", rb"[A-Za-z0-9_-]{20,}", literals="ya29."),
    _token("sendgrid-key", "SG\\.", rb"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}", literals="SG."),
    _format(
        "jwt",
        "eyJ",
        rb"eyJ(?<![A-Za-z0-9+]eyJ)[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    _format(
        "private-key",
        "PRIVATE",
        rb"-----BEGIN[ +][A-Z +]{0,20}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----(?P<secret>[^-\x00]{16,})",
    ),
    _format("authorization", "earer", rb"earer(?<![A-Za-z0-9].earer)" + _CREDENTIALS),
    _format("authorization", "EARER", rb"EARER(?<![A-Za-z0-9].EARER)" + _CREDENTIALS),
    _format("authorization", "asic", rb"asic(?<![A-Za-z0-9].asic)" + _CREDENTIALS),
    _format("authorization", "ASIC", rb"ASIC(?<![A-Za-z0-9].ASIC)" + _CREDENTIALS),
)  # fmt: skip

_PASSWORD = re.compile(rb"://(?P<secret>[^\s/:@\"'<>?#\\\x00]{0,100}:[^\s/@\"'<>?#\\\x00]{1,200})@")
_GAP = re.compile(rb"\$?\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_][A-Za-z0-9_]*")
# Parameter names as they stand before an equals sign, in lower case; a name of the second kind is common enough in
# prose and code that it only counts in a query.
_SIGNED = frozenset(
    {
        b"x-amz-signature", b"x-amz-credential", b"x-amz-security-token", b"x-goog-signature", b"x-goog-credential",
        b"awsaccesskeyid", b"googleaccessid", b"signature", b"sig",
    }
)  # fmt: skip
_KEYED = frozenset(
    {
        b"api_key", b"api-key", b"apikey", b"token", b"access_token", b"auth_token", b"id_token", b"refresh_token",
        b"hf_token", b"client_secret", b"comfy_org_api_key", b"api_key_comfy_org",
    }
)  # fmt: skip
_LONGEST_NAME = 24
_NAME = re.compile(rb"[A-Za-z_-]+\Z")
_SIGNED_VALUE = re.compile(rb"[A-Za-z0-9%._~+/@-]{12,}=*")
_KEYED_VALUE = re.compile(rb"(?=[A-Za-z%._~+/-]*[0-9])[A-Za-z0-9%._~+/-]{8,}=*")


def parameters_in(data: bytes) -> Iterator[Match]:
    """Values of query parameters that sign or authorise: a look at each equals sign costs less than a regex."""
    position = data.find(b"=")
    while position >= 0:
        start = max(0, position - _LONGEST_NAME)
        name = _NAME.search(data[start:position])
        if name:
            word = name[0].lower()
            value = None
            if word in _SIGNED:
                value = _SIGNED_VALUE.match(data, position + 1)
            elif word in _KEYED and data[start + name.start() - 1 : start + name.start()] in (b"?", b"&", b";"):
                value = _KEYED_VALUE.match(data, position + 1)
            if value and not is_masked(value[0].decode("latin-1")):
                yield (*value.span(), "url-parameter")
        position = data.find(b"=", position + 1)


def passwords_in(data: bytes) -> Iterator[Match]:
    """User and password of URLs; a template's gap, as in ``://{user}:${PASSWORD}@``, is none."""
    if b"@" in data and b"://" in data:
        for match in _PASSWORD.finditer(data):
            parts = [part for part in match["secret"].split(b":") if part]
            masked = all(is_masked(part.decode("latin-1")) for part in parts)
            if not masked and not _GAP.fullmatch(match["secret"].partition(b":")[2]):
                yield (*match.span("secret"), "url-password")


def formats_in(data: bytes) -> Iterator[Match]:
    """Every token of a known shape in ``data``."""
    for known in FORMATS:
        if any(literal in data for literal in known.literals):
            yield from known.find(data)
