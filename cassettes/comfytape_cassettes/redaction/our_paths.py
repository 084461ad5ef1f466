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
    (_KEY_PATHS, b"comfy_org", re.compile(rb"comfy_org(?:_api_key)?\"\s*:\s*[^\[\s]")),
    (_KEY_PATHS, b'"s3Config"', None),
    (_KEY_PATHS, b'"aiKey"', None),
    (_WEBHOOK_PATHS, b'"webhook', None),
    (_ENV_PATHS, b'"env"', None),
)
_STRING_TRIGGER = re.compile(rb"\"input\"\s*:\s*\"\s*\{")
_GRAPHQL_PAIR = re.compile(rb"key\s*:\s*\\\"[^\"\\]*\\\"\s*,\s*value\s*:\s*\\\"((?:[^\"\\]|\\\\.)*)\\\"")

_TOKEN = re.compile(rb"\"[^\"\\]*(?:\\.[^\"\\]*)*\"(\s*:)?|-?[0-9][0-9.eE+-]*|true|false|null", re.DOTALL)


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
    wanted: dict[Step, None] = {}
    for paths, literal, closer in _TRIGGERS:
        if literal in data and (closer is None or closer.search(data)):
            wanted |= dict.fromkeys(paths)
    found = [own for place in places(data, wanted) for own in _owned(place, data)] if wanted else []
    if b'"input"' in data and _STRING_TRIGGER.search(data):
        found += _inside_string_inputs(data)
    if b"value" in data and b'"query"' in data:
        found += [OwnPlace(*match.span(1), PLACEHOLDER.encode()) for match in _GRAPHQL_PAIR.finditer(data)]
    unique = {own.start: own for own in found if data[own.start : own.end] != own.text}
    return [unique[start] for start in sorted(unique)]


def _owned(place: Place, data: bytes) -> Iterator[OwnPlace]:
    name = place.path[-1]
    if name in ("webhook", "webhookV2"):
        yield from _webhook(place, data)
    elif name != "env":
        for leaf in _leaves(place, data):
            yield from _masked(leaf, sure=name != "s3Config" or leaf.name == "accessId" or secretive(leaf.name))
    elif _is_environment(place.value):
        for leaf in _leaves(place, data):
            yield from _environment(leaf)


def _webhook(place: Place, data: bytes) -> Iterator[OwnPlace]:
    for leaf in _leaves(place, data):
        if isinstance(leaf.value, str) and "://" in leaf.value:
            clean = json.dumps(webhook_without_secrets(leaf.value)).encode()
            if clean != json.dumps(leaf.value).encode():
                yield OwnPlace(leaf.start, leaf.end, clean, tuple(url_secrets(leaf.value, "webhook")))


def _is_environment(value: Any) -> bool:
    """Name to value as REST has it, or a list of pairs as GraphQL; not an object that happens to be called env."""
    if isinstance(value, dict):
        return all(not isinstance(item, dict | list) for item in value.values())
    return isinstance(value, list) and all(
        isinstance(item, str) or (isinstance(item, dict) and "value" in item) for item in value
    )


def _environment(leaf: _Leaf) -> Iterator[OwnPlace]:
    if leaf.name == "key":
        return
    if not leaf.name and isinstance(leaf.value, str):
        # A list of NAME=value, as container tools write it.
        name, equals, value = leaf.value.partition("=")
        if equals:
            learned = _learned(value, f"env {name}", sure=secretive(name))
            clean = json.dumps(f"{name}={PLACEHOLDER}").encode()
            yield OwnPlace(leaf.start, leaf.end, clean, learned)
        return
    yield from _masked(leaf, sure=secretive(leaf.variable), origin=f"env {leaf.variable}")


def _masked(leaf: _Leaf, *, sure: bool, origin: str = "") -> Iterator[OwnPlace]:
    if isinstance(leaf.value, str):
        if leaf.value:
            learned = _learned(leaf.value, origin or leaf.name, sure=sure)
            yield OwnPlace(leaf.start, leaf.end, json.dumps(PLACEHOLDER).encode(), learned)
    elif not isinstance(leaf.value, bool) and leaf.value is not None:
        yield OwnPlace(leaf.start, leaf.end, b"0")


def _learned(value: str, origin: str, *, sure: bool) -> tuple[Secret, ...]:
    known = (Secret(value, origin),) if sure or plausible(value) else ()
    return () if is_masked(value) else (*known, *url_secrets(value, origin))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A scalar below one of our places: its span, its value, its member name, and the variable that it is for."""

    start: int
    end: int
    value: Any = field(repr=False)
    name: str
    variable: str


def _leaves(place: Place, data: bytes) -> Iterator[_Leaf]:
    """The scalars in a place of any shape and depth, by a flat reading: a string before a colon names what follows."""
    name = place.path[-1] if not isinstance(place.value, dict | list) else ""
    key = ""
    for match in _TOKEN.finditer(data, place.start, place.end):
        if match[1]:
            name = _value(match[0][: -len(match[1])])
            continue
        value = _value(match[0])
        if name == "key":
            key = str(value)
        yield _Leaf(*match.span(), value, name, key if name == "value" and key else name)


def _value(token: bytes) -> Any:
    try:
        return json.loads(token, strict=False)
    except ValueError:
        return token.decode("utf-8", "replace")


def _inside_string_inputs(data: bytes) -> Iterator[OwnPlace]:
    """``input`` may be JSON in a string (worker-comfyui handler.py validate_input, 2.0 and later)."""
    for place in places(data, _INPUT_PATHS):
        if isinstance(place.value, str) and place.value.lstrip()[:1] == "{":
            view = View(data[place.start + 1 : place.end - 1])
            inner = unescaped(view, json_only=True) or view
            for own in own_places(b'{"input":' + inner.data + b"}"):
                start, end = inner.source(own.start - 9, own.end - 9)
                text = json.dumps(own.text.decode())[1:-1].encode()
                yield OwnPlace(place.start + 1 + start, place.start + 1 + end, text, own.learned)
