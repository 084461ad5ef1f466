"""A cassette as WireMock mappings: ``mappings/NAME.json`` and, for what is long or no text, ``__files/NAME/``.

Answers that one request got one after the other become a scenario: each request moves it one answer further, and the
last stays, so that a client that polls sees its job end (wiremock.org/docs/stateful-behaviour, WireMock 3.13).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.body import INLINE_LIMIT, content_name
from comfytape_cassettes.formats.wiremock_request import pattern_of
from comfytape_cassettes.media import suffix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_cassettes.cassette import Cassette
    from comfytape_cassettes.exchange import Exchange, Headers

__all__ = ["WireMock", "wiremock_of"]

STARTED = "Started"
"""The state in which WireMock begins every scenario."""

GONE = ("connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length")
"""Headers that describe a transfer that is over; WireMock says its own."""


@dataclass(frozen=True, slots=True)
class WireMock:
    """What goes into WireMock's root folder, by name relative to it, with ``/``."""

    mappings: tuple[str, bytes]
    files: Mapping[str, bytes]
    stubs: int
    files_folder: str


def wiremock_of(cassette: Cassette) -> WireMock:
    """The mappings of a cassette, in the order in which their requests were first made.

    Raises:
        CassetteError: a body is missing or damaged, or under an encoding that cannot be undone.
    """
    name = re.sub(r"[^\w.+-]", "-", cassette.name).lstrip(".") or "cassette"
    told: dict[str, tuple[dict[str, Any], list[Exchange]]] = {}
    for exchange in cassette.exchanges:
        pattern = pattern_of(exchange.request)
        told.setdefault(key_of(pattern), (pattern, []))[1].append(exchange)
    files: dict[str, bytes] = {}
    stubs = []
    for number, (pattern, exchanges) in enumerate(told.values(), start=1):
        for step, exchange in enumerate(exchanges):
            stubs.append(
                {
                    "name": f"{exchange.request.method} {pattern['urlPath']}",
                    # Among requests that differ in their query or body only, the one that asks for most comes first.
                    "priority": 5 - ("bodyPatterns" in pattern) - 2 * ("queryParameters" in pattern),
                    **chained(f"{name} {number}", step, len(exchanges)),
                    "request": pattern,
                    "response": response_of(exchange, name, files),
                    "metadata": {"comfytape": {"times": [list(times) for times in exchange.times]}},
                }
            )
    document = {"mappings": stubs, "meta": {"total": len(stubs)}}
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return WireMock((f"mappings/{name}.json", text.encode("utf-8")), files, len(stubs), f"__files/{name}")


def key_of(pattern: dict[str, Any]) -> str:
    """What two requests that WireMock cannot tell apart have in common."""
    body = pattern.get("bodyPatterns", [{}])[0]
    if "equalToJson" in body:
        pattern = pattern | {"bodyPatterns": [{"equalToJson": json.loads(body["equalToJson"])}]}
    return json.dumps(pattern, sort_keys=True)


def chained(scenario: str, step: int, steps: int) -> dict[str, str]:
    """The place of an answer among those that its request got."""
    if steps == 1:
        return {}
    state = {"scenarioName": scenario, "requiredScenarioState": str(step + 1) if step else STARTED}
    return state if step == steps - 1 else {**state, "newScenarioState": str(step + 2)}


def response_of(exchange: Exchange, name: str, files: dict[str, bytes]) -> dict[str, Any]:
    """WireMock's ``response``; a body that is long or no text goes into ``files``."""
    response = exchange.response
    content = response.content()
    said: dict[str, Any] = {"status": response.status}
    if response.reason:
        said["statusMessage"] = response.reason
    headers = headers_of(response.headers)
    if headers:
        said["headers"] = headers
    text = inline(content)
    if text is None:
        file = f"{name}/{content_name(content, suffix_of(content, response.headers.get('content-type')))}"
        files[f"__files/{file}"] = content
        return {**said, "bodyFileName": file}
    return {**said, "body": text} if text else said


def inline(content: bytes) -> str | None:
    """Short text, which a review should see in the mapping; None for the rest."""
    if len(content) > INLINE_LIMIT:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def headers_of(headers: Headers) -> dict[str, Any]:
    """A value, or a list of them, by name."""
    values: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for name, value in headers.without(*GONE).items:
        values.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}
