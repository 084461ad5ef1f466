"""HAR 1.2, as browsers, mitmproxy and Playwright write it, into exchanges.

The format: http://www.softwareishard.com/blog/har-12-spec/. What the writers add: Chromium ``_error`` and status 0,
Playwright ``_failureText`` and status -1 for a request without an answer, mitmproxy ``.zhar`` (a HAR under zlib).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes.body import Body
from comfytape_cassettes.encoding import decode_content
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.har_document import har_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HarTape", "har_of", "read_har"]


@dataclass(frozen=True, slots=True)
class HarTape:
    """What a HAR file says: exchanges and failures with times from ``began``, and who wrote it."""

    exchanges: tuple[Exchange, ...]
    failures: tuple[Failure, ...]
    began: datetime
    creator: str
    missing: int = 0
    """Bodies that were there on the wire and are not in the file; they are empty in the exchanges."""

    @property
    def loopback(self) -> bool:
        """Whether every request went to this machine."""
        urls = [e.request.url for e in self.exchanges] + [f.url for f in self.failures]
        return all(is_loopback(urlsplit(url).hostname or "") for url in urls)

    def after(self, began: datetime) -> HarTape:
        """The same tape with its times counted from an earlier moment."""
        shift = (self.began - began).total_seconds() * 1000
        return replace(
            self,
            exchanges=tuple(
                replace(e, times=tuple((round(s + shift, 3), ms) for s, ms in e.times)) for e in self.exchanges
            ),
            failures=tuple(replace(f, times=(round(f.times[0] + shift, 3), f.times[1])) for f in self.failures),
            began=began,
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
        document = json.loads(plain(path.read_bytes()))
        entries = document["log"]["entries"]
    except FileNotFoundError as error:
        raise CassetteError(f"there is no file {path}", hint="give the path of a HAR file") from error
    except (OSError, ValueError, RecursionError, KeyError, TypeError, CassetteError) as error:
        raise CassetteError(
            f"{path} is not a HAR file: expected JSON with log.entries ({type(error).__name__}: {error})",
            hint="export it as 'HAR with content' from the browser or mitmproxy's 'save.har'; unpack a .zip first",
        ) from error
    if not isinstance(entries, list) or not entries:
        raise CassetteError(
            f"{path} holds no entries: nothing was recorded in it",
            hint="open the network panel (or start the proxy) before the requests are made, and save again",
        )
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
        sum(lost_bodies(entry) for entry in entries),
    )


def plain(data: bytes) -> bytes:
    """A HAR as text: mitmproxy's ``.zhar`` is under zlib, and people put them through gzip."""
    if data[:2] == b"\x1f\x8b":
        return decode_content(data, "gzip")
    return decode_content(data, "deflate") if data[:1] == b"x" else data


def lost_bodies(entry: dict[str, Any]) -> int:
    """How many bodies of an entry its writer knew of and left out, as 'HAR without content' does."""
    request, response = entry["request"], entry["response"]
    post, content = request.get("postData"), response.get("content")
    sent = bool(post) and not post.get("text") and not post.get("params") and size_of(request.get("bodySize")) > 0
    received = bool(content) and not content.get("text") and size_of(content.get("size")) > 0
    # The body of a 304 was never on the wire: a browser shows the size of what it had in its cache.
    return sent + (received and response["status"] not in (204, 304) and request["method"] != "HEAD")


def size_of(said: Any) -> float:
    """A size as HAR gives it: -1 stands for unknown."""
    return said if isinstance(said, int | float) else -1


def at(item: Exchange | Failure, started: float) -> Exchange | Failure:
    """The same with its place on the clock."""
    if isinstance(item, Failure):
        return replace(item, times=(round(started, 3), item.times[1]))
    return replace(item, times=((round(started, 3), item.elapsed_ms),))


def entry_from(entry: Any, where: str) -> tuple[datetime, Exchange | Failure]:
    """One entry with the moment it began."""
    try:
        began = datetime.fromisoformat(entry["startedDateTime"])
        began = began if began.tzinfo else began.replace(tzinfo=UTC)
        elapsed = round(max(float(entry.get("time") or 0.0), 0.0), 3)
        request, response = entry["request"], entry["response"]
        method, url = str(request["method"]), str(request["url"])
        urlsplit(url)  # refuses what is no URL
        status = int(response["status"])
        if status <= 0:
            said = response.get("_error") or response.get("_failureText") or response.get("statusText")
            error = str(said or "no response")
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
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise CassetteError(
            f"{where} is damaged: {what}", hint="take the entry out, or export the HAR again"
        ) from error


def headers_of(message: dict[str, Any], body: bytes) -> Headers:
    """Header pairs, less HTTP/2 pseudo headers and with a length that fits the body."""
    pairs = [
        (str(h["name"]), str(h["value"])) for h in message.get("headers", []) if not str(h["name"]).startswith(":")
    ]
    length = str(len(body))
    return Headers(tuple((name, length if body and name.lower() == "content-length" else v) for name, v in pairs))


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
