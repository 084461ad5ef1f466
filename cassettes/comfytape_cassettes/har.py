"""HAR 1.2 in and out, as browsers, mitmproxy and Playwright write it.

The format: http://www.softwareishard.com/blog/har-12-spec/.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes.body import Body
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from comfytape_cassettes.cassette import Cassette

__all__ = ["HarTape", "har_of", "read_har"]


@dataclass(frozen=True, slots=True)
class HarTape:
    """What a HAR file says: exchanges and failures with times from ``began``, and who wrote it."""

    exchanges: tuple[Exchange, ...]
    failures: tuple[Failure, ...]
    began: datetime
    creator: str

    @property
    def loopback(self) -> bool:
        """Whether every request went to this machine."""
        urls = [e.request.url for e in self.exchanges] + [f.url for f in self.failures]
        return all(is_loopback(urlsplit(url).hostname or "") for url in urls)

    def after(self, began: datetime) -> HarTape:
        """The same tape with its times counted from an earlier moment."""
        shift = (self.began - began).total_seconds() * 1000
        return HarTape(
            tuple(
                Exchange(e.request, e.response, tuple((round(s + shift, 3), ms) for s, ms in e.times))
                for e in self.exchanges
            ),
            tuple(Failure(f.method, f.url, f.error, (round(f.times[0] + shift, 3), f.times[1])) for f in self.failures),
            began,
            self.creator,
        )


def is_loopback(host: str) -> bool:
    """``localhost`` and the loopback addresses."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def read_har(path: Path) -> HarTape:
    """Read a HAR file.

    Raises:
        CassetteError: it is not a HAR, or an entry is damaged; the message names the file and the entry.
    """
    try:
        document = json.loads(path.read_bytes())
        entries = document["log"]["entries"]
    except FileNotFoundError as error:
        raise CassetteError(f"there is no file {path}") from error
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise CassetteError(
            f"{path} is not a HAR file: expected JSON with log.entries ({type(error).__name__}: {error})",
            hint="export it as 'HAR with content' from the browser, or with mitmproxy's 'save.har'",
        ) from error
    if not isinstance(entries, list) or not entries:
        raise CassetteError(f"{path} holds no entries: nothing was recorded in it")
    parsed = [entry_from(entry, f"{path}, entry {number}") for number, entry in enumerate(entries, start=1)]
    began = min(started for started, _ in parsed)
    creator = document["log"].get("creator") or {}
    name = (
        f"{creator.get('name', 'unknown')} {creator.get('version', '')}".strip()
        if isinstance(creator, dict)
        else "unknown"
    )
    timed = [at(item, (started - began).total_seconds() * 1000) for started, item in parsed]
    timed.sort(key=lambda item: item.times[0] if isinstance(item, Failure) else item.started_ms)
    return HarTape(
        tuple(i for i in timed if isinstance(i, Exchange)),
        tuple(i for i in timed if isinstance(i, Failure)),
        began,
        name,
    )


def at(item: Exchange | Failure, started: float) -> Exchange | Failure:
    """The same with its place on the clock."""
    if isinstance(item, Failure):
        return Failure(item.method, item.url, item.error, (round(started, 3), item.times[1]))
    return Exchange(item.request, item.response, ((round(started, 3), item.elapsed_ms),))


def entry_from(entry: Any, where: str) -> tuple[datetime, Exchange | Failure]:
    """One entry with the moment it began."""
    try:
        began = datetime.fromisoformat(entry["startedDateTime"])
        began = began if began.tzinfo else began.replace(tzinfo=UTC)
        elapsed = round(max(float(entry.get("time") or 0.0), 0.0), 3)
        request, response = entry["request"], entry["response"]
        method, url = str(request["method"]), str(request["url"])
        status = int(response["status"])
        # Browsers write status 0 (and Chromium an _error) for a request that got no answer.
        if status == 0:
            error = str(response.get("_error") or response.get("statusText") or "no response")
            return began, Failure(method, url, error, (0.0, elapsed))
        sent = posted(request.get("postData"))
        received = content_of(response.get("content") or {})
        return began, Exchange(
            Request(method, url, headers_of(request, sent), Body.of(sent)),
            Response(
                status,
                str(response.get("statusText") or ""),
                response_headers(response, received),
                Body.of(received),
            ),
            ((0.0, elapsed),),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CassetteError(f"{where} is damaged: {type(error).__name__}: {error}") from error


def headers_of(message: dict[str, Any], body: bytes) -> Headers:
    """Header pairs, less HTTP/2 pseudo headers and with a length that fits the body."""
    pairs = [
        (str(h["name"]), str(h["value"])) for h in message.get("headers", []) if not str(h["name"]).startswith(":")
    ]
    headers = Headers(tuple(pairs))
    return headers.with_("Content-Length", str(len(body))) if body and headers.get("content-length") else headers


def response_headers(response: dict[str, Any], body: bytes) -> Headers:
    """As above. A HAR holds the decoded text, so an encoding or framing header would no longer be true."""
    return headers_of(response, body).without("content-encoding", "transfer-encoding")


def content_of(content: dict[str, Any]) -> bytes:
    """A response's bytes; ``encoding: base64`` is how HAR spells binary."""
    text = content.get("text") or ""
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"its base64 content does not decode: {error}") from error
    return str(text).encode("utf-8", "surrogatepass")


def posted(post: dict[str, Any] | None) -> bytes:
    """A request's bytes; some writers use ``encoding: base64`` here too, and forms may come as ``params`` alone."""
    if not post:
        return b""
    if post.get("text") or not post.get("params"):
        return content_of(post)
    return "&".join(f"{p.get('name', '')}={p.get('value', '')}" for p in post["params"]).encode()


def har_of(cassette: Cassette) -> dict[str, Any]:
    """A cassette as a HAR document: every poll an entry of its own, in order of time."""
    try:
        began = datetime.fromisoformat(cassette.provenance.recorded_at)
    except ValueError:
        began = datetime.fromtimestamp(0, UTC)
    entries = sorted(entries_of(cassette.exchanges, began), key=lambda entry: str(entry["startedDateTime"]))
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "comfytape", "version": __version__},
            "pages": [],
            "entries": entries,
        }
    }


def entries_of(exchanges: Sequence[Exchange], began: datetime) -> Iterator[dict[str, Any]]:
    """HAR entries of exchanges."""
    for exchange in exchanges:
        request, response = exchange.request, exchange.response
        content = response.content()
        sent = request.body.raw()
        for started, elapsed in exchange.times:
            yield {
                "startedDateTime": (began + timedelta(milliseconds=started)).isoformat(timespec="microseconds"),
                "time": elapsed,
                "request": {
                    "method": request.method,
                    "url": request.url,
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": named(request.headers),
                    "queryString": [],
                    "headersSize": -1,
                    "bodySize": len(sent),
                    **(
                        {"postData": {"mimeType": request.headers.get("content-type"), **spelled(sent)}} if sent else {}
                    ),
                },
                "response": {
                    "status": response.status,
                    "statusText": response.reason,
                    "httpVersion": "HTTP/1.1",
                    "cookies": [],
                    "headers": named(response.headers),
                    "redirectURL": response.headers.get("location"),
                    "headersSize": -1,
                    "bodySize": len(response.body.raw()),
                    "content": {
                        "size": len(content),
                        "mimeType": response.headers.get("content-type"),
                        **spelled(content),
                    },
                },
                "cache": {},
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
