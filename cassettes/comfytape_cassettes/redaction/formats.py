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

__all__ = ["FORMATS", "Format", "Match"]

Match = tuple[int, int, str]
"""(start, end, kind) of a secret in some bytes."""

# A prefix with an underscore or a dash cannot stand inside standard base64; these may follow `_` or `-`, as in
# a file name. AKIA… and AIza… can occur in base64 by chance, so nothing of that alphabet may touch them.
_FREE = rb"(?<![A-Za-z0-9])"
_ALONE = rb"(?<![A-Za-z0-9+/=_-])"
_ALONE_AFTER = rb"(?![A-Za-z0-9+/=_-])"
_DIGIT_AHEAD = rb"(?=[A-Za-z0-9_-]{0,60}[0-9])"


@dataclass(frozen=True, slots=True)
class Format:
    """``pattern``'s group ``secret`` (or all of it) is a secret; it cannot match where no ``literal`` occurs."""

    kind: str
    literals: tuple[bytes, ...]
    pattern: re.Pattern[bytes]

    def find(self, data: bytes) -> Iterator[Match]:
        """Every place in ``data`` that has this shape and is not masked already."""
        if not any(literal in data for literal in self.literals):
            return
        group = "secret" if "secret" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(data):
            if not is_masked(match[group].decode("latin-1")):
                yield (*match.span(group), self.kind)


def _format(kind: str, literals: str, pattern: bytes) -> Format:
    return Format(kind, tuple(word.encode() for word in literals.split()), re.compile(pattern))


def _parameter(names: bytes, value: bytes) -> bytes:
    return rb"(?<![A-Za-z0-9_])(?i:" + names + rb")=(?P<secret>" + value + rb")"


FORMATS = (
    _format("runpod-key", "rpa_ rps_", _FREE + rb"rp[as]_[A-Za-z0-9]{16,}"),
    _format("runpod-user", "user_", _FREE + rb"user_(?=[A-Za-z]*[0-9])[A-Za-z0-9]{24,40}(?![A-Za-z0-9_])"),
    _format("comfy-org-key", "comfyui-", _FREE + rb"comfyui-[0-9a-f]{32,}"),
    _format("huggingface-token", "hf_", _FREE + rb"hf_[A-Za-z0-9]{20,}"),
    _format("openai-key", "sk-", _FREE + rb"sk-" + _DIGIT_AHEAD + rb"[A-Za-z0-9_-]{20,}"),
    _format("stripe-key", "k_live_ k_test_", _FREE + rb"[srp]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _format("webhook-secret", "whsec_", _FREE + rb"whsec_[A-Za-z0-9+/=]{20,}"),
    _format("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _FREE + rb"gh[pousr]_[A-Za-z0-9]{30,}"),
    _format("github-token", "github_pat_", _FREE + rb"github_pat_[A-Za-z0-9_]{22,}"),
    _format("gitlab-token", "glpat-", _FREE + rb"glpat-[A-Za-z0-9_-]{20,}"),
    _format("npm-token", "npm_", _FREE + rb"npm_[A-Za-z0-9]{36}"),
    _format("pypi-token", "pypi-", _FREE + rb"pypi-[A-Za-z0-9_-]{50,}"),
    _format("replicate-token", "r8_", _FREE + rb"r8_[A-Za-z0-9]{30,}"),
    _format("groq-key", "gsk_", _FREE + rb"gsk_[A-Za-z0-9]{30,}"),
    _format("nvidia-key", "nvapi-", _FREE + rb"nvapi-[A-Za-z0-9_-]{30,}"),
    _format("slack-token", "xox xapp-", _FREE + rb"(?:xox[a-z]|xapp)-(?=[A-Za-z-]*[0-9])[A-Za-z0-9-]{10,}"),
    _format(
        "slack-webhook",
        "hooks.slack.com",
        rb"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{10,})",
    ),
    _format("discord-webhook", "/api/webhooks/", rb"/api/webhooks/(?P<secret>[0-9]{5,}/[A-Za-z0-9_-]{20,})"),
    _format("telegram-token", ":AA", rb"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}" + _ALONE_AFTER),
    _format("aws-access-key", "AKIA ASIA", _ALONE + rb"A[KS]IA[A-Z0-9]{16}" + _ALONE_AFTER),
    _format("google-key", "AIza", _ALONE + rb"AIza[A-Za-z0-9_-]{35}" + _ALONE_AFTER),
    _format("google-token", "ya29.", _FREE + rb"ya29\.[A-Za-z0-9_-]{20,}"),
    _format("sendgrid-key", "SG.", _FREE + rb"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _format(
        "jwt", "eyJ", _ALONE + rb"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
    ),
    _format(
        "private-key",
        "PRIVATE",
        rb"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----(?P<secret>[^-]{16,}(?=-----END|\Z|[\x00]))",
    ),
    _format(
        "authorization",
        "earer asic BEARER BASIC earer%20 earer+",
        rb"(?<![A-Za-z0-9])(?i:bearer|basic)[ +]+(?P<secret>(?=[A-Za-z._~+/-]*[0-9])[A-Za-z0-9._~+/-]{16,}=*)",
    ),
    _format(
        "presigned-url",
        "ignature= IGNATURE= ig= AccessKeyId= ecurity-Token= redential= olicy= oogleAccessId=",
        _parameter(
            rb"X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|Signature|sig|AWSAccessKeyId"
            rb"|GoogleAccessId|Policy",
            rb"[A-Za-z0-9%._~+/@-]{12,}=*",
        ),
    ),
    _format(
        "api-key-parameter",
        "_key= apikey= ApiKey= apiKey= token= Token= _secret= api-key=",
        rb"(?<=[?&;])(?i:api[_-]?key|(?:access_|auth_|id_|refresh_)?token|client_secret|hf_token)"
        rb"=(?P<secret>(?=[A-Za-z%._~+/-]*[0-9])[A-Za-z0-9%._~+/-]{8,}=*)",
    ),
    _format(
        "url-password",
        "://",
        rb"(?<=://)(?P<secret>[^\s/:@\"'<>?#\\\x00]{0,100}:[^\s/@\"'<>?#\\\x00]{1,200})@",
    ),
)  # fmt: skip
