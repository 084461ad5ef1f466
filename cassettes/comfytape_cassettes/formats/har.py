"""HAR 1.2, as browsers, mitmproxy and Playwright write it, into exchanges.

The format: http://www.softwareishard.com/blog/har-12-spec/. What the writers add: Chromium ``_error`` and status 0,
Playwright ``_failureText`` and status -1 for a request without an answer, mitmproxy ``.zhar`` (a HAR under zlib).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.body import Body
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Failure, Request, Response
from comfytape_cassettes.formats.document import read_document
from comfytape_cassettes.formats.har_bytes import content_of, posted
from comfytape_cassettes.formats.har_document import har_of
from comfytape_cassettes.formats.message import (
    checked_headers,
    checked_status,
    checked_times,
    checked_url,
    fitted,
)
from comfytape_cassettes.formats.tape import ForeignTape
from comfytape_cassettes.provenance import Provenance

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_cassettes.exchange import Headers

__all__ = ["har_of", "har_tape", "is_har", "read_har"]


def read_har(path: Path) -> ForeignTape:
    """Read a HAR file.

    Raises:
        CassetteError: it is not a HAR, or an entry is damaged; the message names the file and the entry.
    """
    document = read_document(path)
    if not is_har(document.value):
        raise CassetteError(
            f"{path} is not a HAR file: expected JSON with log.entries",
            hint="export it as 'HAR with content' from the browser or mitmproxy's 'save.har'",
        )
    return har_tape(document.value, str(path))


def is_har(document: Any) -> bool:
    """Whether a document says that it is one."""
    return isinstance(document, dict) and isinstance(document.get("log"), dict) and "entries" in document["log"]


def har_tape(document: dict[str, Any], label: str) -> ForeignTape:
    """The exchanges of a HAR document.

    Raises:
        CassetteError: it has no entries, or one is damaged; the message names the file and the entry.
    """
    log = document["log"]
    entries = log["entries"]
    if not isinstance(entries, list) or not entries:
        raise CassetteError(
            f"{label} holds no entries: nothing was recorded in it",
            hint="open the network panel (or start the proxy) before the requests are made, and save again",
        )
    parsed = [entry_from(entry, f"{label}, entry {number}") for number, entry in enumerate(entries, start=1)]
    ours = log.get("_comfytape")
    provenance = Provenance.from_json(ours) if isinstance(ours, dict) else None
    began = began_at(provenance) or min(started for started, _ in parsed)
    timed = [at(item, (started - began).total_seconds() * 1000) for started, item in parsed]
    timed.sort(key=lambda item: item.times[0] if isinstance(item, Failure) else item.started_ms)
    return ForeignTape(
        tuple(i for i in timed if isinstance(i, Exchange)),
        tuple(i for i in timed if isinstance(i, Failure)),
        began,
        creator_of(log.get("creator")),
        missing=sum(lost_bodies(entry) for entry in entries),
        unkept=tuple(unkept(log, entries)),
        provenance=provenance,
    )


def began_at(provenance: Provenance | None) -> datetime | None:
    """The moment that offset 0 stands for, where the file says it."""
    try:
        moment = datetime.fromisoformat(provenance.recorded_at) if provenance else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def creator_of(creator: Any) -> str:
    """The program that wrote the file, in words."""
    if not isinstance(creator, dict):
        return "unknown"
    return f"{creator.get('name', 'unknown')} {creator.get('version', '')}".strip()


def unkept(log: dict[str, Any], entries: list[dict[str, Any]]) -> list[str]:
    """What this file holds and a cassette has no place for."""
    sockets = sum(count_of(entry.get("_webSocketMessages")) for entry in entries)
    phases = sum(
        isinstance(entry.get("timings"), dict)
        and sum(size_of(value) > 0 for name, value in entry["timings"].items() if not name.startswith("_")) > 1
        for entry in entries
    )
    own = {key for entry in entries for key in entry if key.startswith("_") or key in ("serverIPAddress", "connection")}
    own -= {"_webSocketMessages"}
    said = [
        f"{sockets} WebSocket messages" if sockets else "",
        f"the phases of {phases} requests' times (the sum is kept)" if phases else "",
        f"{pages} pages with their load times" if (pages := count_of(log.get("pages"))) else "",
        f"fields beside request and response: {', '.join(sorted(own))}" if own else "",
    ]
    return [line for line in said if line]


def count_of(listed: Any) -> int:
    """How many things a list holds; what should be one and is not holds none."""
    return len(listed) if isinstance(listed, list) else 0


def lost_bodies(entry: dict[str, Any]) -> int:
    """How many bodies of an entry its writer knew of and left out, as 'HAR without content' does."""
    request, response = entry["request"], entry["response"]
    post, content = request.get("postData"), response.get("content")
    sent = bool(post) and not post.get("text") and not post.get("params") and size_of(request.get("bodySize")) > 0
    received = bool(content) and not content.get("text") and size_of(content.get("size")) > 0
    # The body of a 304 was never on the wire: a browser shows the size of what it had in its cache.
    return sent + (received and response["status"] not in (204, 304) and request["method"] != "HEAD")


def size_of(said: Any) -> float:
    """A size or a time as HAR gives it: -1 stands for unknown."""
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
        times = checked_times(0.0, entry.get("time") or 0.0)
        request, response = entry["request"], entry["response"]
        method, url = str(request["method"]), checked_url(request["url"])
        if int(response["status"]) <= 0:
            said = response.get("_error") or response.get("_failureText") or response.get("statusText")
            return began, Failure(method, url, str(said or "no response"), times)
        sent = posted(request)
        received = content_of(response.get("content") or {}, response)
        return began, Exchange(
            Request(method, url, fitted(headers_of(request), sent), Body.of(sent)),
            Response(
                checked_status(response["status"]),
                str(response.get("statusText") or ""),
                # A HAR holds the whole body, so chunks are no longer true either.
                fitted(headers_of(response), received).without("transfer-encoding"),
                Body.of(received),
            ),
            (times,),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise CassetteError(
            f"{where} is damaged: {what}", hint="take the entry out, or export the HAR again"
        ) from error


def headers_of(message: dict[str, Any]) -> Headers:
    """HAR's header pairs."""
    return checked_headers((header["name"], header["value"]) for header in message.get("headers", []))
