"""A cassette as one plain vcrpy file, in YAML or JSON. Needs no vcrpy.

vcrpy reads ``version`` and each interaction's ``request`` and ``response`` and passes over the rest
(vcr/serialize.py, 6.0 to 9.4), so times and provenance travel along. Not under ``metadata``, of which pytest-recording
0.14 dies.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.index import failure_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_cassettes.cassette import Cassette
    from comfytape_cassettes.exchange import Exchange, Headers

__all__ = ["polls_in_order", "vcr_document", "vcr_text"]

HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


def vcr_text(cassette: Cassette, *, as_json: bool) -> str:
    """The cassette as a vcrpy file.

    Raises:
        CassetteError: a body is missing or damaged, or JSON was asked for and a body is binary, which vcrpy's JSON
            cannot hold.
    """
    document = vcr_document(cassette)
    if as_json:
        try:
            return json.dumps(document, indent=1) + "\n"
        except TypeError as error:
            raise CassetteError(
                f"{cassette.label} holds binary bodies, which vcrpy's JSON spelling cannot carry",
                hint="export to a file that ends in .yaml",
            ) from error
    import yaml  # noqa: PLC0415 - JSON pays nothing for it

    text: str = yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return text


def vcr_document(cassette: Cassette) -> dict[str, Any]:
    """vcrpy's document: every poll an interaction of its own, in order of time; ``comfytape`` holds the rest."""
    failures = [failure_to_json(failure) for failure in cassette.failures]
    return {
        "version": 1,
        "comfytape": cassette.provenance.to_json() | ({"failures": failures} if failures else {}),
        "interactions": [
            {
                "request": request | {"body": readable(request["body"] or None)},
                "response": response | {"body": {"string": readable(response["body"]["string"])}},
                "times": [list(poll.times[0])],
            }
            for poll, request, response in polls_in_order(cassette)
        ],
    }


def polls_in_order(cassette: Cassette) -> list[tuple[Exchange, dict[str, Any], dict[str, Any]]]:
    """(poll, request, response) in order of time: an exchange that happened once, and vcrpy's two mappings of it.

    Raises:
        CassetteError: an exchange or a body is missing or damaged, or under an encoding that cannot be undone.
    """
    polls = [poll for exchange in cassette.exchanges for poll in polls_of(exchange)]
    polls.sort(key=lambda poll: poll[0].times[0])
    return polls


def polls_of(exchange: Exchange) -> Iterator[tuple[Exchange, dict[str, Any], dict[str, Any]]]:
    """An exchange for each time that it happened; its bodies are read once.

    Responses go without their Content-Encoding: what vcrpy plays is never decoded (vcr/stubs/__init__.py,
    VCRHTTPResponse.read, 9.4), so a client would get compressed bytes for text.
    """
    request, response = exchange.request, exchange.response
    sent, received = request.body.raw(), response.content()
    headers = response.headers
    if headers.get("content-encoding"):
        headers = headers.without("content-encoding")
        headers = headers.with_("Content-Length", str(len(received))) if headers.get("content-length") else headers
    for times in exchange.times:
        yield (
            replace(exchange, times=(times,)),
            {
                "method": request.method,
                "uri": request.url,
                "body": sent,
                "headers": header_lists(request.headers),
            },
            {
                "status": {"code": response.status, "message": response.reason},
                "headers": header_lists(headers),
                "body": {"string": received},
            },
        )


def header_lists(headers: Headers) -> dict[str, list[str]]:
    """vcrpy's header shape, less what described a connection that is gone."""
    lists: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for name, value in headers.without(*HOP_BY_HOP).items:
        lists.setdefault(spelling.setdefault(name.lower(), name), []).append(value)
    return lists


def readable(body: bytes | None) -> str | bytes | None:
    """Text where it is text; YAML has ``!!binary`` for the rest."""
    if body is None:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body
