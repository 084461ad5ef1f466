"""Secrets that are known by their looks, and the data that must not be taken for one."""

from __future__ import annotations

import base64
import random
from urllib.parse import quote_plus

import pytest

from comfytape_cassettes.redaction import Redactor, Secrets, redact_text, scan

from .kinds import EMBEDDED, KINDS

PLACES = {
    "alone": "{}",
    "sentence": "the key {} was refused",
    "json": '{{"error": "bad key {}", "n": 1}}',
    "header": "Authorization: Bearer {}",
    "file name": "ComfyUI_{}_00001_.png",
    "after an escape": 'b\'{{"x":"\\n{}"}}\'',
    "query": "https://example.com/cb?k={}&job=1",
    "markup": "<p>{}</p>",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_a_known_format_is_masked_wherever_it_stands(kind, place):
    """A format needs no list of known values, and what is around it stays."""
    text = PLACES[place].format(KINDS[kind])
    clean = Redactor().text(text)
    before, after = PLACES[place].format("|").split("|")
    assert clean.startswith(before + "REDACTED")
    # A key that may hold `_` takes `_00001_` with it; nothing else is lost.
    assert clean.endswith(after if place != "file name" else ".png")


@pytest.mark.parametrize("kind", EMBEDDED)
def test_what_stands_before_a_secret_gives_it_away(kind):
    """Only the secret is masked: scheme, host and parameter names stay for the reader."""
    before, secret, after = EMBEDDED[kind]
    clean = Redactor().text(f"x {before}{secret}{after} y")
    assert clean.startswith(f"x {before}REDACTED")
    assert clean.endswith(f"{after} y")
    assert secret not in clean


@pytest.mark.parametrize("seed", range(6))
def test_random_base64_of_image_size_comes_through_unchanged(seed):
    """1.5 MB of base64 by chance holds AKIA or eyJ somewhere; neither pixels nor weights may change."""
    noise = random.Random(seed).randbytes(1_125_000)
    for spelled in (base64.b64encode(noise), base64.urlsafe_b64encode(noise)):
        body = b'{"output":{"images":[{"filename":"a.png","data":"' + spelled + b'"}]}}'
        assert Redactor().body(body, "application/json") == (body, False)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_come_through_unchanged(seed):
    """A binary answer of no known type is not rewritten."""
    noise = random.Random(seed).randbytes(1_500_000)
    assert Redactor().body(noise, "application/octet-stream") == (noise, False)


@pytest.mark.parametrize(
    "text",
    [
        "task-runner disk-usage mask-editor risk-free-interest-rate-2024-models",
        "the bearer of extraordinaryresponsibilities",
        "user_prompt_template_for_the_model user_interface",
        "hf_hub_download hf_transfer sk-learn",
        "3f2c9a44-8a7b-4c0e-9d53-0f6a1b2c3d4e-u1",
        "sha256:" + "0a1b2c3d" * 8,
        "https://example.com/a?page=2&token=x&sort=asc",
        "Qwen2-VL-7B-Instruct-AWQ z_image_turbo_bf16.safetensors",
        "see https://example.com/@someone and mail me@example.com: now",
        "AKIA" + "IOSFODNN",
    ],
)
def test_ordinary_words_are_no_secrets(text):
    """Model names, ids, hashes and prose keep their spelling."""
    assert Redactor().text(text) == text


@pytest.mark.parametrize("gap", ["{password}", "${DB_PASSWORD}", "$DB_PASSWORD", "$(cat file)"])
def test_a_templates_gap_is_no_password(gap):
    """A program that builds a URL is left as it is, and is no leak."""
    assert redact_text(f"postgresql://user:{gap}@db/name", Secrets()) == f"postgresql://user:{gap}@db/name"


@pytest.mark.parametrize("password", ["pass{word}", "$", "{a}b"])
def test_a_password_with_odd_characters_is_still_one(password):
    """Only what is a gap as a whole is left."""
    assert password not in redact_text(f"postgresql://user:{password}@db/name", Secrets())


@pytest.mark.parametrize("kind", ["aws-id", "aws-temporary", "google", "jwt"])
@pytest.mark.parametrize("around", ["/v2/ep1/status/{}", "s3://bucket/{}/a.png", "Credential={}/20260801/us-east-1/s3"])
def test_a_key_between_slashes_is_found(kind, around):
    """A slash belongs to base64, and to every path: keys of these kinds are found between slashes too."""
    text = around.format(KINDS[kind])
    assert KINDS[kind] not in Redactor().text(text)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-16"])
def test_a_private_key_in_utf_16_is_gone(order):
    """As Windows programs write a file: its lines are part of the key, and the answer keeps its length."""
    before, secret, after = EMBEDDED["pem"]
    sent = f"the key is {before}{secret}{after} and no other".encode(order)
    clean, _ = Redactor().body(sent, "text/plain")
    assert len(clean) == len(sent)
    assert [line for line in secret.split() if line in clean.decode(order)] == []
    assert scan(clean, Secrets()) == []


def test_a_private_key_in_a_form_is_gone():
    """A form spells spaces as +: ``-----BEGIN+RSA+PRIVATE+KEY-----``."""
    before, secret, after = EMBEDDED["pem"]
    sent = f"a=1&note={quote_plus(before + secret + after)}"
    clean = Redactor().text(sent)
    assert quote_plus(secret.strip()) not in clean
    assert secret.splitlines()[-1] not in clean
    assert Redactor().text(clean) == clean
