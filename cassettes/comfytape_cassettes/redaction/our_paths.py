"""The places in JSON that are ours to know: what stands there is a secret whatever it looks like.

RunPod's job body (docs.runpod.io, send-requests; js-sdk types), worker-comfyui 5.5.0 and later
(``input.comfy_org_api_key``, sent on as ``extra_data.api_key_comfy_org``), ComfyUI's ``extra_data`` (server.py
SENSITIVE_EXTRA_DATA_KEYS; /queue and /history echo it), RunPod's REST answers with ``env`` values (v1
``includeWorkers`` gives the account's key) and GraphQL ``aiKey``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.redaction.escapes import unescaped
from comfytape_cassettes.redaction.json_spans import Place, Step, places
from comfytape_cassettes.redaction.placeholder import PLACEHOLDER, is_masked
from comfytape_cassettes.redaction.secrets import Secret
from comfytape_cassettes.redaction.urls import plausible, secretive, url_secrets, webhook_without_secrets
from comfytape_cassettes.redaction.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OwnPlace", "own_places"]

_COMFY = ("comfy_org_api_key", "api_key_comfy_org", "auth_token_comfy_org")
_JOB_ROOTS: tuple[Step, ...] = ((), ("*",), ("requests", "*"))
_EXTRA_ROOTS: tuple[Step, ...] = (
    (), ("extra_data",), ("input", "extra_data"), ("workflow", "extra_data"), ("queue_running", "*", "*"),
    ("queue_pending", "*", "*"), ("*", "prompt", "*"), ("jobs", "*", "workflow", "extra_data"),
)  # fmt: skip
_ENV_ROOTS: tuple[Step, ...] = (
    (), ("template",), ("*",), ("*", "template"), ("*", "*"), ("*", "*", "template"), ("*", "*", "workers", "*"),
    ("*", "*", "*"), ("*", "workers", "*"), ("data", "*", "*", "*"), ("data", "*", "*", "*", "template"),
)  # fmt: skip
_KEY_PATHS: tuple[Step, ...] = (
    *((*root, "input", name) for root in _JOB_ROOTS for name in _COMFY),
    *((*root, name) for root in _EXTRA_ROOTS for name in _COMFY),
    *((*root, "s3Config") for root in _JOB_ROOTS),
    *((*root, "input", "s3Config") for root in _JOB_ROOTS),
    *((*root, "aiKey") for root in _ENV_ROOTS),
)
_WEBHOOK_PATHS: tuple[Step, ...] = tuple((*root, name) for root in _JOB_ROOTS for name in ("webhook", "webhookV2"))
_ENV_PATHS: tuple[Step, ...] = tuple((*root, "env") for root in _ENV_ROOTS)
_INPUT_PATHS: tuple[Step, ...] = tuple((*root, "input") for root in _JOB_ROOTS)

# A JSON parse of a megabyte is only worth it when one of these stands there, so spelled that a value can follow:
# /object_info has the Comfy.org names too, but with a list behind them.
_TRIGGERS = (
    (_KEY_PATHS, re.compile(rb"comfy_org(?:_api_key)?\\*\"\s*:\s*[^\[\s]")),
    (_KEY_PATHS, re.compile(rb"\"s3Config\"")),
    (_KEY_PATHS, re.compile(rb"\"aiKey\"")),
    (_WEBHOOK_PATHS, re.compile(rb"\"webhook(?:V2)?\"\s*:")),
    (_ENV_PATHS, re.compile(rb"\"env\"\s*:")),
)
_STRING_TRIGGER = re.compile(rb"\"input\"\s*:\s*\"\s*\{")
_GRAPHQL_PAIR = re.compile(rb"key\s*:\s*\\\"[^\"\\]*\\\"\s*,\s*value\s*:\s*\\\"((?:[^\"\\]|\\\\.)*)\\\"")


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """``data[start:end]`` becomes ``text``; ``learned`` are the values to look for elsewhere too."""

    start: int
    end: int
    text: bytes
    learned: tuple[Secret, ...] = field(default=(), repr=False)


def own_places(data: bytes) -> list[OwnPlace]:
    """The secrets at our paths in a JSON body; none twice, in order."""
    if data.lstrip()[:1] not in (b"{", b"["):
        return []
    found: dict[int, OwnPlace] = {}
    for paths, trigger in _TRIGGERS:
        if trigger.search(data):
            for place in places(data, paths):
                for own in _owned(place, data):
                    found.setdefault(own.start, own)
    if _STRING_TRIGGER.search(data):
        for own in _inside_string_inputs(data):
            found.setdefault(own.start, own)
    for match in _GRAPHQL_PAIR.finditer(data):
        found.setdefault(match.start(1), OwnPlace(*match.span(1), PLACEHOLDER.encode()))
    return sorted((own for own in found.values() if data[own.start : own.end] != own.text), key=lambda own: own.start)


def _owned(place: Place, data: bytes) -> Iterator[OwnPlace]:
    name = place.path[-1]
    if name in ("webhook", "webhookV2"):
        yield from _webhook(place, data)
    elif name == "env":
        if _is_environment(place.value):
            yield from _environment(place, data)
    else:
        yield from _masked(place, data, sure=name != "s3Config")


def _webhook(place: Place, data: bytes) -> Iterator[OwnPlace]:
    for start, end, value, _ in _leaves(place, data):
        if isinstance(value, str) and "://" in value:
            clean = webhook_without_secrets(value)
            yield OwnPlace(start + 1, end - 1, json.dumps(clean)[1:-1].encode(), tuple(url_secrets(value, "webhook")))


def _is_environment(value: Any) -> bool:
    """Name to value as REST has it, or a list of pairs as GraphQL; not an object that happens to be called env."""
    if isinstance(value, dict):
        return all(not isinstance(item, dict | list) for item in value.values())
    return isinstance(value, list) and all(
        isinstance(item, str) or (isinstance(item, dict) and "value" in item) for item in value
    )


def _environment(place: Place, data: bytes) -> Iterator[OwnPlace]:
    for start, end, value, names in _leaves(place, data):
        if names and names[-1] == "key":
            continue
        name = names[-1] if names else ""
        if isinstance(value, str) and isinstance(place.value, list) and name.isdigit():
            head = value.partition("=")[0]
            if head != value:
                offset = data.find(b"=", start) + 1
                yield OwnPlace(
                    offset, end - 1, PLACEHOLDER.encode(), _learn(value[len(head) + 1 :], f"env {head}", head)
                )
            continue
        yield from _one(start, end, value, f"env {name}", sure=secretive(name))


def _masked(place: Place, data: bytes, *, sure: bool) -> Iterator[OwnPlace]:
    for start, end, value, names in _leaves(place, data):
        name = names[-1] if names else place.path[-1]
        yield from _one(start, end, value, name, sure=sure or secretive(name) or name == "accessId")


def _one(start: int, end: int, value: Any, name: str, *, sure: bool) -> Iterator[OwnPlace]:
    if isinstance(value, str):
        if value:
            yield OwnPlace(start + 1, end - 1, PLACEHOLDER.encode(), _learn(value, name, "secret" if sure else ""))
    elif not isinstance(value, bool) and value is not None:
        yield OwnPlace(start, end, b"0")


def _learn(value: str, origin: str, name: str) -> tuple[Secret, ...]:
    text = value.encode("latin-1", "replace").decode("utf-8", "replace")
    if is_masked(text) or not (secretive(name) or plausible(text)):
        return ()
    return (Secret(text, origin), *url_secrets(text, origin))


def _leaves(place: Place, data: bytes) -> Iterator[tuple[int, int, Any, tuple[str, ...]]]:
    """(start, end, value, names below the place) of the scalars in a place of any shape."""
    if not isinstance(place.value, dict | list):
        yield place.start, place.end, place.value, ()
        return
    part = data[place.start : place.end]
    for inner in places(part, [("*",)]):
        shifted = Place(place.start + inner.start, place.start + inner.end, place.path, inner.value, inner.names)
        for start, end, value, names in _leaves(shifted, data):
            yield start, end, value, (*inner.names, *names)


def _inside_string_inputs(data: bytes) -> Iterator[OwnPlace]:
    """``input`` may be JSON in a string (worker-comfyui handler.py validate_input, 2.0 and later)."""
    for place in places(data, _INPUT_PATHS):
        if isinstance(place.value, str) and place.value.lstrip()[:1] == "{":
            view = View(data[place.start + 1 : place.end - 1])
            inner = unescaped(view, json_only=True) or view
            for own in own_places(b'{"input":' + inner.data + b"}"):
                start, end = inner.source(own.start - 9, own.end - 9)
                yield OwnPlace(place.start + 1 + start, place.start + 1 + end, own.text, own.learned)
