"""What a format cannot carry of a cassette, in words, one line each: told to whoever exports."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_cassettes.formats.vcr_document import HOP_BY_HOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_cassettes.cassette import Cassette
    from comfytape_cassettes.exchange import Exchange

__all__ = ["losses"]


def losses(cassette: Cassette, kind: str) -> list[str]:
    """What is lost of ``cassette`` in the format ``kind`` (``vcr``, ``har`` or ``wiremock``)."""
    exchanges = cassette.exchanges
    said = [counted(encoded(exchanges), "bodies are written decoded, without their Content-Encoding")]
    if kind == "vcr":
        said += [
            counted(gone(exchanges), "headers of connections that are over (Connection, Transfer-Encoding)"),
            counted(
                len(cassette.failures), "requests that got no answer are in the file, but vcrpy plays none of them"
            ),
        ]
    if kind == "wiremock":
        said += [
            "times: WireMock answers at once, and each poll is one state further (times are under metadata)",
            counted(len(cassette.failures), "requests that got no answer"),
            counted(multipart(exchanges), "multipart bodies are not matched: their boundary is new each time"),
            shared(exchanges),
        ]
    return [line for line in said if line]


def counted(number: int, what: str) -> str:
    """A line with a number, or none."""
    return f"{number} {what}" if number else ""


def encoded(exchanges: Sequence[Exchange]) -> int:
    """Answers under a Content-Encoding."""
    return sum(bool(e.response.headers.get("content-encoding")) and bool(e.response.body) for e in exchanges)


def gone(exchanges: Sequence[Exchange]) -> int:
    """Headers that vcrpy could not play."""
    pairs = [pair for e in exchanges for pair in (*e.request.headers.items, *e.response.headers.items)]
    return sum(name.lower() in HOP_BY_HOP for name, _ in pairs)


def multipart(exchanges: Sequence[Exchange]) -> int:
    """Requests with a form of several parts."""
    return sum("multipart/" in e.request.headers.get("content-type").lower() for e in exchanges)


def shared(exchanges: Sequence[Exchange]) -> str:
    """Paths that several servers answered: WireMock is one server."""
    hosts: dict[str, set[str]] = {}
    for exchange in exchanges:
        parts = urlsplit(exchange.request.url)
        hosts.setdefault(parts.path, set()).add(parts.netloc)
    several = [path for path, names in hosts.items() if len(names) > 1]
    return f"which server answered {', '.join(several[:3])}: their answers follow each other" if several else ""
