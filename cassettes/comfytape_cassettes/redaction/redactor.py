"""One object per recording: it learns secrets as exchanges show them, and cleans whatever is about to be kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from comfytape_cassettes.body import Body
from comfytape_cassettes.exchange import Headers
from comfytape_cassettes.redaction.blob import BlobCleaner
from comfytape_cassettes.redaction.harvest import harvest
from comfytape_cassettes.redaction.headers import header_without_secrets
from comfytape_cassettes.redaction.matcher import Matcher
from comfytape_cassettes.redaction.our_paths import own_places
from comfytape_cassettes.redaction.packing import GZIP, RAW, ZLIB, unpacked
from comfytape_cassettes.redaction.scan import Leak, scan
from comfytape_cassettes.redaction.secrets import Secret, Secrets
from comfytape_cassettes.redaction.urls import form_without_secrets, url_without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_cassettes.exchange import Exchange

__all__ = ["Redactor", "redact_body", "redact_headers", "redact_text", "redact_url"]

_WINDOWS = {"gzip": (GZIP,), "x-gzip": (GZIP,), "deflate": (ZLIB, RAW)}


class Redactor:
    """Cleans exchanges, and remembers what they gave away. Safe to use from several threads."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        self._lock = threading.Lock()
        self._secrets = Secrets() if secrets is None else secrets
        self._matcher = Matcher(self._secrets)

    @property
    def secrets(self) -> Secrets:
        """All that is known by now. Keep it in memory only."""
        return self._secrets

    def add(self, more: Iterable[str | Secret] | Mapping[str, str]) -> None:
        """Know ``more`` values from here on."""
        with self._lock:
            secrets = self._secrets.with_(more)
            if secrets is not self._secrets:
                self._secrets, self._matcher = secrets, Matcher(secrets)

    def learn(self, exchange: Exchange) -> None:
        """Know what ``exchange`` gives away (see ``harvest``)."""
        request, response = exchange.request, exchange.response
        self.add(
            harvest(request.url, request.headers.items, request.body.raw(), response.headers.items, response.body.raw())
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        """``exchange`` as it may be kept: learnt from first, then cleaned everywhere."""
        self.learn(exchange)
        request, response = exchange.request, exchange.response
        request_headers, request_body = self.message(request.headers, request.body.raw())
        response_headers, response_body = self.message(response.headers, response.body.raw())
        return replace(
            exchange,
            request=replace(request, url=self.url(request.url), headers=request_headers, body=Body.of(request_body)),
            response=replace(
                response,
                reason=self.text(response.reason),
                headers=response_headers,
                body=Body.of(response_body),
            ),
        )

    def message(self, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        """Headers and body of one message, cleaned; Content-Length follows a body that changed its size."""
        clean, changed = self.body(body, headers.get("content-type"), headers.get("content-encoding"))
        fresh = Headers(tuple((name, self.header(name, value)) for name, value in headers.items))
        if changed and headers.get("content-length") == str(len(body)):
            fresh = Headers(
                tuple(
                    (name, str(len(clean)) if name.lower() == "content-length" else value)
                    for name, value in fresh.items
                )
            )
        return fresh, clean

    def url(self, url: str) -> str:
        """``url`` without keys, passwords and anything known."""
        return self.text(url_without_secrets(url))

    def header(self, name: str, value: str) -> str:
        """The value of one header field, cleaned by its name and by what is known."""
        return self.text(header_without_secrets(name, value))

    def text(self, text: str) -> str:
        """Any text, such as an error message, without what is known and what has a known shape."""
        raw = text.encode("utf-8", "surrogatepass")
        return BlobCleaner(self._matcher).clean_text(raw).decode("utf-8", "surrogatepass")

    def body(self, body: bytes, content_type: str = "", content_encoding: str = "") -> tuple[bytes, bool]:
        """``body`` (under its Content-Encoding) without secrets, and whether that changed it."""
        if not body:
            return body, False
        for window in _WINDOWS.get(content_encoding.strip().lower(), ()):
            stream = unpacked(body, window)
            if stream is not None:
                plain, changed = self.body(stream.plain, content_type)
                return (stream.packed(plain), True) if changed else (body, False)
        clean = self._plain(body, content_type)
        return clean, clean != body

    def _plain(self, body: bytes, content_type: str) -> bytes:
        fresh = body
        if "x-www-form-urlencoded" in content_type.lower():
            fresh = form_without_secrets(fresh.decode("latin-1")).encode("latin-1")
        parts, done = [], 0
        for place in own_places(fresh):
            parts += [fresh[done : place.start], place.text]
            done = place.end
        fresh = b"".join([*parts, fresh[done:]]) if parts else fresh
        return BlobCleaner(self._matcher).clean(fresh)

    def scan(self, data: bytes) -> list[Leak]:
        """Secrets that ``data`` still holds."""
        return scan(data, self._secrets)


def redact_text(text: str, secrets: Secrets) -> str:
    """``text`` without what is known and what has a known shape."""
    return Redactor(secrets).text(text)


def redact_url(url: str, secrets: Secrets) -> str:
    """``url`` without keys, passwords and anything known."""
    return Redactor(secrets).url(url)


def redact_headers(headers: Iterable[tuple[str, str]], secrets: Secrets) -> tuple[tuple[str, str], ...]:
    """Header fields, cleaned by name and by what is known."""
    redactor = Redactor(secrets)
    return tuple((name, redactor.header(name, value)) for name, value in headers)


def redact_body(body: bytes, content_type: str, content_encoding: str, secrets: Secrets) -> tuple[bytes, bool]:
    """``body`` (under its Content-Encoding) without secrets, and whether that changed it."""
    return Redactor(secrets).body(body, content_type, content_encoding)
