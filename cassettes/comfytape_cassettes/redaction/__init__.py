"""Keeping secrets out of what is recorded: by known values in every encoding, by known formats, by our own paths."""

from comfytape_cassettes.redaction.harvest import harvest
from comfytape_cassettes.redaction.placeholder import PLACEHOLDER
from comfytape_cassettes.redaction.redactor import (
    Redactor,
    redact_body,
    redact_headers,
    redact_text,
    redact_url,
)
from comfytape_cassettes.redaction.scan import Leak, scan
from comfytape_cassettes.redaction.secrets import Refusal, Secret, Secrets

__all__ = [
    "PLACEHOLDER",
    "Leak",
    "Redactor",
    "Refusal",
    "Secret",
    "Secrets",
    "harvest",
    "redact_body",
    "redact_headers",
    "redact_text",
    "redact_url",
    "scan",
]
