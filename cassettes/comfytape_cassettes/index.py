"""The index: a vcrpy version-1 cassette in its JSON spelling, with bodies by reference and times per interaction.

vcrpy reads ``version``, ``interactions[].request``, ``interactions[].response`` and ``metadata``
(vcr/serialize.py, 9.4) and ignores other keys, which is where ``times`` lives.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes.body import REMEDY, Body, BodySource, body_files
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Failure, Headers, Request, Response, Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "INDEX",
    "Index",
    "dump_index",
    "exchange_from",
    "failure_from",
    "failure_to_json",
    "interaction_of",
    "parse_index",
    "referenced",
]

INDEX = "cassette.json"
FORMAT = 1
OPENING = b'\n "interactions": [\n  {\n'
BOUNDARY = b"\n  },\n  {\n"
CLOSING = b"\n  }\n ]\n}\n"
NUMBER_LIST = re.compile(r"\[\n\s+(-?[\d.]+(?:,\n\s+-?[\d.]+)*)\n\s+\]")


def headers_to_json(headers: Headers) -> dict[str, list[str]]:
    """vcrpy's shape: a name once, its values as a list."""
    grouped: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for name, value in headers.items:
        grouped.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return grouped


def headers_from(data: Any) -> Headers:
    """From vcrpy's shape; a bare string stands for a list of one."""
    if not isinstance(data, dict):
        raise TypeError("headers: expected an object")
    pairs: list[tuple[str, str]] = []
    for name, values in data.items():
        for value in values if isinstance(values, list) else (values,):
            pairs.append((name, str(value)))  # noqa: PERF401 - a comprehension a header costs twice the time
    return Headers(tuple(pairs))


def interaction_of(exchange: Exchange, request_body: Any, response_body: Any) -> dict[str, Any]:
    """The index spelling of an exchange whose bodies have been spelled already."""
    request, response = exchange.request, exchange.response
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "headers": headers_to_json(request.headers),
            "body": request_body,
        },
        "response": {
            "status": {"code": response.status, "message": response.reason},
            "headers": headers_to_json(response.headers),
            # vcrpy wants the response body in a dict; null becomes the empty string.
            "body": response_body if isinstance(response_body, dict) else {"string": response_body or ""},
        },
        "times": [list(pair) for pair in exchange.times],
    }


def exchange_from(data: Any, source: BodySource, where: str) -> Exchange:
    """An exchange from its index spelling.

    Raises:
        CassetteError: a part is missing or has the wrong shape; the message names file and exchange.
    """
    try:
        request, response = data["request"], data["response"]
        status = response["status"]
        body = response.get("body")
        # Plain vcrpy spells {"string": …}; only a dict that points elsewhere stays one.
        inline = isinstance(body, dict) and "file" not in body and "lifted" not in body
        spec = body.get("string") if inline else body
        check_spec(request.get("body"))
        check_spec(spec)
        if not isinstance(request["method"], str) or not isinstance(request["uri"], str):
            raise TypeError("request: expected text as 'method' and 'uri'")
        urlsplit(request["uri"])  # refuses what is no URL
        return Exchange(
            Request(
                request["method"],
                request["uri"],
                headers_from(request["headers"]),
                Body(request.get("body"), source, where),
            ),
            Response(
                int(status["code"]),
                str(status.get("message") or ""),
                headers_from(response["headers"]),
                Body(spec or None, source, where),
            ),
            times_from(data.get("times")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise CassetteError(f"{where} is not an exchange: {what}", hint=REMEDY) from error


def times_from(data: Any) -> tuple[Times, ...]:
    """Pairs of milliseconds; a cassette of another tool has none."""
    times = tuple((float(started), float(elapsed)) for started, elapsed in data or [(0.0, 0.0)])
    if not all(isfinite(started) and isfinite(elapsed) for started, elapsed in times):
        raise ValueError("times: expected finite numbers of milliseconds")
    return times


def check_spec(spec: Any) -> None:
    """Refuse a body spelling that could not be read later."""
    if spec is None or isinstance(spec, str):
        return
    if not isinstance(spec, dict) or not (isinstance(spec.get("string"), str) or isinstance(spec.get("file"), str)):
        raise TypeError(f"body: expected text, null or {{'file': …}}, got {type(spec).__name__}")
    lifted = spec.get("lifted", [])
    if not isinstance(lifted, list) or not all(isinstance(name, str) for name in lifted):
        raise TypeError("body: 'lifted' is a list of file names")


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """The index spelling of a request that got no response."""
    return {
        "method": failure.method,
        "uri": failure.url,
        "error": failure.error,
        "times": [list(failure.times)],
    }


def failure_from(data: Mapping[str, Any], where: str) -> Failure:
    """Read back what ``failure_to_json`` wrote.

    Raises:
        CassetteError: a part is missing or has the wrong shape.
    """
    try:
        (times,) = times_from(data["times"])
        urlsplit(str(data["uri"]))  # refuses what is no URL
        return Failure(str(data["method"]), str(data["uri"]), str(data["error"]), times)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CassetteError(f"{where} is not a failed request: {error}", hint=REMEDY) from error


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says: its metadata, and its interactions, each parsed or still the text between its braces."""

    metadata: Mapping[str, Any]
    interactions: list[Any]
    first_line: int = 1
    """The line of the file on which the first interaction's text begins."""


def parse_index(data: bytes, label: str) -> Index:
    """The index; one in our own layout is cut at its interactions and not parsed any further.

    No JSON string holds a raw newline, so the lines that open and close an interaction are found without parsing.

    Raises:
        CassetteError: cut short, not JSON, not a cassette, or of a version that comfytape does not know.
    """
    head, opened, rest = data.partition(OPENING)
    if opened and rest.endswith(CLOSING):
        document = parsed(head + b'"interactions": []}', label)
        interactions: list[Any] = rest.removesuffix(CLOSING).split(BOUNDARY)
        first_line = head.count(b"\n") + OPENING.count(b"\n") + 1
    else:
        document = parsed(data, label)
        interactions = document["interactions"]
        first_line = 1
    metadata = document.get("metadata")
    return Index(metadata if isinstance(metadata, dict) else {}, interactions, first_line)


def parsed(data: bytes, label: str) -> dict[str, Any]:
    """A document with a list of interactions."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        cut = "it was cut short or hand-edited" if data else "it is empty"
        raise CassetteError(f"{label} is not JSON ({error}): {cut}", hint=REMEDY) from error
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        raise CassetteError(f"{label} is not a cassette: expected an object with a list 'interactions'", hint=REMEDY)
    if document.get("version") != FORMAT:
        raise CassetteError(
            f"{label} is a cassette of version {document.get('version')!r}; expected {FORMAT}",
            hint="it may need a newer comfytape: pip install -U comfytape",
        )
    return document


def dump_index(metadata: Mapping[str, Any], interactions: Iterable[Mapping[str, Any]]) -> bytes:
    """The index as bytes: indented and in stable order, so that git shows what changed."""
    document = {"version": FORMAT, "metadata": dict(metadata), "interactions": list(interactions)}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    # Pairs of numbers on one line: 240 polls are 240 short lines instead of 960. No JSON string holds a raw newline.
    text = NUMBER_LIST.sub(lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", text)
    return (text + "\n").encode("utf-8", "surrogatepass")


def referenced(interactions: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names of all body files that these interactions need."""
    names: set[str] = set()
    for interaction in interactions:
        names.update(body_files(interaction["request"].get("body")))
        names.update(body_files(interaction["response"].get("body")))
    return names
