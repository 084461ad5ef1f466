"""A vcrpy cassette of one file, as versions 6 to 9 write it in YAML and JSON, into exchanges. Needs no vcrpy.

What the versions differ in, seen on 6.0.2, 7.0.0, 8.5.0 and 9.4.2: header names are lower case under httpx from 8 on;
aiohttp's JSON requests are kept as YAML mappings, not text; bodies are often stored inflated under a header that still
says gzip. ``base64_string`` stands where a body was told to keep its exact bytes.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from comfytape_cassettes.body import Body
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchange import Exchange, Failure, Headers, Request, Response
from comfytape_cassettes.formats.message import (
    checked_headers,
    checked_status,
    checked_times,
    checked_url,
    fitted,
    is_encoded,
)
from comfytape_cassettes.formats.tape import ForeignTape
from comfytape_cassettes.provenance import Provenance

__all__ = ["exchange_of", "vcr_tape"]

DATED = "times are those of the Date headers, to the second; how long each request took is not in the file"
UNDATED = "the file does not say when it was recorded: its own date stands for that, and all times are 0"
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def vcr_tape(document: dict[str, Any], label: str, changed: float) -> ForeignTape:
    """The exchanges of a vcrpy cassette; ``changed`` is the file's date, for one that holds no other.

    Raises:
        CassetteError: another version, nothing in it, or an interaction is damaged; the message names it.
    """
    interactions = document["interactions"]
    if document.get("version", 1) != 1:
        raise CassetteError(
            f"{label} is a vcrpy cassette of version {str(document['version'])[:20]}; expected 1",
            hint="record it again with vcrpy 6 or later",
        )
    if not isinstance(interactions, list) or not interactions:
        raise CassetteError(f"{label} holds no interactions: nothing was recorded in it", hint="record it again")
    places = [f"{label}, interaction {number}" for number in range(1, len(interactions) + 1)]
    exchanges = [interaction_from(item, place) for item, place in zip(interactions, places, strict=True)]
    ours = document.get("comfytape")
    if isinstance(ours, dict):
        return our_tape(interactions, exchanges, ours, label)
    began, timed, note = by_date(exchanges, changed)
    notes = [f"{note} ({label.replace(chr(92), '/').rpartition('/')[2]})."]
    decoded = sum(was_decoded(item) for item in interactions)
    if decoded:
        notes.append(
            f"{decoded} bodies were stored decoded under a header that still named an encoding; it is left out."
        )
    unkept = ["metadata of the test that recorded it"] if document.get("metadata") else []
    return ForeignTape(tuple(timed), (), began, "vcrpy", notes=tuple(notes), unkept=tuple(unkept))


def our_tape(interactions: list[Any], exchanges: list[Exchange], ours: dict[str, Any], label: str) -> ForeignTape:
    """A file that comfytape exported: with times, failures and where it comes from."""
    try:
        provenance = Provenance.from_json(ours)
        began = datetime.fromisoformat(provenance.recorded_at)
        timed = [
            Exchange(e.request, e.response, times_of(item["times"]))
            for e, item in zip(exchanges, interactions, strict=True)
        ]
        failures = tuple(
            Failure(str(f["method"]), checked_url(f["uri"]), str(f["error"]), checked_times(*f["times"][0]))
            for f in ours.get("failures", ())
        )
    except DAMAGE as error:
        raise CassetteError(
            f"{label}: its part 'comfytape' is damaged: {type(error).__name__}: {error}",
            hint="take that part out to import the file as vcrpy's, or export it again",
        ) from error
    began = began if began.tzinfo else began.replace(tzinfo=UTC)
    return ForeignTape(tuple(timed), failures, began, provenance.recorded_by, provenance=provenance)


def times_of(pairs: Any) -> tuple[tuple[float, float], ...]:
    """When an exchange was asked, once or more often.

    Raises:
        TypeError, ValueError: it is no list of pairs of milliseconds, or empty.
    """
    times = tuple(checked_times(*pair) for pair in pairs)
    if not times:
        raise ValueError("the list 'times' of an interaction is empty")
    return times


def by_date(exchanges: list[Exchange], changed: float) -> tuple[datetime, list[Exchange], str]:
    """Exchanges at the time of their ``Date`` header, never before the one that came earlier in the file."""
    dates = [date_of(exchange.response.headers) for exchange in exchanges]
    known = [date for date in dates if date is not None]
    if not known:
        return datetime.fromtimestamp(int(changed), UTC), exchanges, UNDATED
    began, latest, timed = known[0], 0.0, []
    for exchange, date in zip(exchanges, dates, strict=True):
        latest = max(latest, (date - began).total_seconds() * 1000 if date else 0.0)
        timed.append(Exchange(exchange.request, exchange.response, ((latest, 0.0),)))
    return began, timed, DATED


def date_of(headers: Headers) -> datetime | None:
    """When the answer was given, or None."""
    try:
        date = parsedate_to_datetime(headers.get("date"))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def interaction_from(item: Any, where: str) -> Exchange:
    """One interaction, at time 0."""
    try:
        return exchange_of(item["request"], item["response"])
    except DAMAGE as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise CassetteError(f"{where} is damaged: {what}", hint="take it out, or record it again") from error


def exchange_of(request: dict[str, Any], response: dict[str, Any]) -> Exchange:
    """An exchange from vcrpy's two mappings.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: a part is missing or has the wrong shape.
    """
    status = response["status"]
    headers, body = listed(response.get("headers")), bytes_of(response.get("body"), wrapped=True)
    sent = bytes_of(request.get("body"), wrapped=False)
    return Exchange(
        Request(
            str(request["method"]), checked_url(request["uri"]), fitted(listed(request.get("headers")), sent),
            Body.of(sent),
        ),
        Response(
            checked_status(status["code"]), str(status.get("message") or ""), fitted(headers, body), Body.of(body)
        ),
    )  # fmt: skip


def was_decoded(item: dict[str, Any]) -> bool:
    """Whether a response's header names an encoding that its body is no longer under."""
    response = item["response"]
    encoding = listed(response.get("headers")).get("content-encoding")
    return bool(encoding) and not is_encoded(bytes_of(response.get("body"), wrapped=True), encoding)


def listed(headers: Any) -> Headers:
    """vcrpy's header shape; a bare value stands for a list of one."""
    if headers is None:
        return Headers()
    if not isinstance(headers, dict):
        raise TypeError(f"headers: expected a mapping, got {type(headers).__name__}")
    pairs: list[tuple[str, Any]] = []
    for name, values in headers.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, dict | list):
                raise TypeError(f"the header {str(name)[:80]!r} is no text")
            pairs.append((name, value.decode("latin-1") if isinstance(value, bytes) else value))
    return checked_headers(pairs)


def bytes_of(body: Any, *, wrapped: bool) -> bytes:
    """A body's bytes, in each way that vcrpy and its users spell one."""
    if isinstance(body, dict) and (wrapped or (body and body.keys() <= {"string", "base64_string", "encoding"})):
        if "file" in body or "lifted" in body:
            raise ValueError("its body is in another file: import the folder of the cassette, not its index alone")
        if body.get("base64_string") is not None:
            try:
                return base64.b64decode("".join(str(body["base64_string"]).split()), validate=True)
            except binascii.Error as error:
                raise ValueError(f"its base64_string does not decode: {error}") from error
        body = body.get("string")
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, dict | list) and not wrapped:
        # aiohttp's stub keeps what was given as json=…, and aiohttp sends it so (aiohttp/payload.py JsonPayload).
        return json.dumps(body, allow_nan=False).encode()
    raise TypeError(f"body: expected text, got {type(body).__name__}")
