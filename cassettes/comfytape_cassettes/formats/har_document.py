"""A cassette as a HAR 1.2 document, which browsers, mitmproxy and Playwright open."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.exchange import Request
from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape_cassettes.cassette import Cassette
    from comfytape_cassettes.exchange import Exchange, Failure, Headers, Times

__all__ = ["har_of"]


def har_of(cassette: Cassette) -> dict[str, Any]:
    """A cassette as a HAR document: every poll an entry of its own, in order of time, failures among them.

    Raises:
        CassetteError: a body is missing or damaged, or under an encoding that cannot be undone; HAR holds plain text.
    """
    try:
        began = datetime.fromisoformat(cassette.provenance.recorded_at)
    except ValueError:
        began = datetime.fromtimestamp(0, UTC)
    entries = [*entries_of(cassette.exchanges, began), *(entry_of_failure(f, began) for f in cassette.failures)]
    entries.sort(key=lambda entry: str(entry["startedDateTime"]))
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "comfytape", "version": __version__},
            "pages": [],
            "entries": entries,
            # HAR 1.2 lets a writer add fields that begin with "_" and readers pass them over.
            "_comfytape": cassette.provenance.to_json(),
        }
    }


def entries_of(exchanges: Sequence[Exchange], began: datetime) -> Iterator[dict[str, Any]]:
    """HAR entries of exchanges."""
    for exchange in exchanges:
        request, response = exchange.request, exchange.response
        content = response.content()
        said = {
            "status": response.status,
            "statusText": response.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": named(response.headers),
            "redirectURL": response.headers.get("location"),
            "headersSize": -1,
            "bodySize": len(response.body.raw()),
            "content": {"size": len(content), "mimeType": response.headers.get("content-type"), **spelled(content)},
        }
        asked = asked_as(request)
        for times in exchange.times:
            yield {**timed(times, began), "request": asked, "response": said, "cache": {}}


def entry_of_failure(failure: Failure, began: datetime) -> dict[str, Any]:
    """A request without an answer, as Chromium writes it: status 0 and an ``_error``."""
    said = {
        "status": 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
        "content": {"size": 0, "mimeType": ""},
        "_error": failure.error,
    }
    asked = asked_as(Request(failure.method, failure.url))
    return {**timed(failure.times, began), "request": asked, "response": said, "cache": {}}


def asked_as(request: Request) -> dict[str, Any]:
    """The request of a HAR entry."""
    sent = request.body.raw()
    posted = {"mimeType": request.headers.get("content-type"), **spelled(sent)}
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": named(request.headers),
        "queryString": [],
        "headersSize": -1,
        "bodySize": len(sent),
        **({"postData": posted} if sent else {}),
    }


def timed(times: Times, began: datetime) -> dict[str, Any]:
    """When an entry began and how long it took."""
    started, elapsed = times
    return {
        "startedDateTime": (began + timedelta(milliseconds=started)).isoformat(timespec="microseconds"),
        "time": elapsed,
        "timings": {"send": 0, "wait": elapsed, "receive": 0},
    }


def named(headers: Headers) -> list[dict[str, str]]:
    """HAR's header pairs."""
    return [{"name": name, "value": value} for name, value in headers.items]


def spelled(data: bytes) -> dict[str, str]:
    """Text as text, anything else as base64."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode(), "encoding": "base64"}
