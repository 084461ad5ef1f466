"""How WireMock recognises a recorded request: method, path, query and body, by meaning and not by spelling.

Source of the names: wiremock.org/docs/request-matching, WireMock 3.13.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from comfytape_cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from comfytape_cassettes.exchange import Request

__all__ = ["pattern_of"]

ANY_STRING = "${json-unit.any-string}"


def pattern_of(request: Request) -> dict[str, Any]:
    """WireMock's ``request``: the host is not asked for, since WireMock stands in for all of them."""
    parts = urlsplit(request.url)
    pattern: dict[str, Any] = {"method": request.method, "urlPath": parts.path or "/"}
    query = query_of(parts.query)
    if query:
        pattern["queryParameters"] = query
    body = body_pattern(request)
    if body:
        pattern["bodyPatterns"] = [body]
    return pattern


def query_of(query: str) -> dict[str, Any]:
    """Parameters by name; one whose value was redacted may have any."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {
        name: {"equalTo": given[0]} if len(given) == 1 else {"hasExactly": [{"equalTo": each} for each in given]}
        for name, given in values.items()
        if not any(PLACEHOLDER in unquote(each) for each in given)
    }


def body_pattern(request: Request) -> dict[str, Any] | None:
    """JSON by its values, other text by its characters, the rest by its bytes; a multipart form by nothing.

    A form's boundary is drawn anew for every request, so its bytes never come again.
    """
    sent = request.body.raw()
    if not sent or "multipart/" in request.headers.get("content-type").lower():
        return None
    try:
        text = sent.decode("utf-8")
    except UnicodeDecodeError:
        return {"binaryEqualTo": base64.b64encode(sent).decode()}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None if PLACEHOLDER in text else {"equalTo": text}
    # The recorded spelling keeps 8.0 from becoming 8; only where a secret stood something else must do.
    return {"equalToJson": json.dumps(forgiving(value)) if PLACEHOLDER in text else text}


def forgiving(value: Any) -> Any:
    """A JSON value in which a redacted string stands for any string."""
    if isinstance(value, dict):
        return {key: forgiving(item) for key, item in value.items()}
    if isinstance(value, list):
        return [forgiving(item) for item in value]
    return ANY_STRING if isinstance(value, str) and PLACEHOLDER in value else value
