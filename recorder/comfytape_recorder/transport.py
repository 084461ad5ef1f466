"""The one place where requests leave and answers are captured. The only module that imports ``requests``.

Capture happens here, at our own transport, and not by patching: several threads may use one ``Transport``.
"""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3

from comfytape_cassettes import (
    Body,
    CassetteError,
    Exchange,
    Failure,
    Headers,
    Request,
    Response,
    UnreachableError,
    UsageError,
)
from comfytape_cassettes.encoding import DECODED_LIMIT, decode_content
from comfytape_cassettes.version import __version__
from comfytape_recorder.deadline import Guard, GuardedAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_cassettes.recording import Recording

__all__ = ["Limits", "NotConnectedError", "Transport", "UnkeptError"]

CHUNK = 1 << 16
BODY_LIMIT = 256 << 20
"""Bytes of a response after which reading stops: ten times what RunPod lets through (20 MB)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits: seconds to connect, between two bytes, and for the whole exchange; bytes of the answer's body.

    ``body`` holds for the body as it comes and as it reads once its Content-Encoding is undone.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0
    body: int = BODY_LIMIT


class NotConnectedError(UnreachableError):
    """No connection was made, so the request certainly did not arrive."""


class UnkeptError(CassetteError):
    """An answer came and could not be written down; ``exchange`` is what it was, for whoever must act on it."""

    def __init__(self, error: CassetteError, exchange: Exchange) -> None:
        super().__init__(str(error), hint=error.hint)
        self.exchange = exchange


class NoImplicitAuth(requests.auth.AuthBase):
    """Keeps requests from adding credentials of its own: without this it reads ~/.netrc and sends what it finds."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


class Transport:
    """Sends requests, and keeps every exchange in a recording when it has one."""

    def __init__(
        self, recording: Recording | None = None, *, limits: Limits | None = None, connections: int = 32
    ) -> None:
        self.recording = recording
        self.limits = limits or Limits()
        self.began = time.monotonic()
        self.session = UnfollowedSession()
        # What requests reads from the environment for every single request is read here once.
        self.session.trust_env = False
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self.proxies: dict[str, dict[str, str]] = {}
        self.session.auth = NoImplicitAuth()
        self.session.headers.clear()
        # A jar would carry one job's cookies into another's requests.
        self.session.cookies.set_policy(RefuseCookies())
        adapter = GuardedAdapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.lock = threading.Lock()
        self.guards: set[Guard] = set()
        self.aborted = False

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        limits: Limits | None = None,
        durable: bool = False,
    ) -> Exchange:
        """One exchange. Redirects are not followed: a key must not travel to another host.

        With ``durable`` the answer is on disk before this returns.

        Raises:
            NotConnectedError: nothing listens there.
            UnreachableError: no whole answer came; the failure is kept in the recording.
            UsageError: the URL or a header is not one.
            UnkeptError: the answer came, but the recording cannot be written.
        """
        limit = limits or self.limits
        sent = {
            "User-Agent": f"comfytape/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            **(headers or {}),
        }
        started, clock = self.now_ms(), time.monotonic()
        try:
            response = self.exchanged(method, url, sent, body, limit)
        except (requests.exceptions.InvalidHeader, UnicodeError):
            # Without its cause: that repeats the header, which may be the key.
            raise UsageError(
                f"{method} {without_query(url)} was not sent: a header has characters that HTTP does not allow",
                hint="check the key for line breaks and quotation marks",
            ) from None
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ) as error:
            raise UsageError(
                f"{url!r} is not a URL that can be asked: {error}", hint="expected http(s)://HOST[:PORT]/…"
            ) from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            elapsed = round((time.monotonic() - clock) * 1000, 3)
            said = cause_of(error, limit)
            if self.recording is not None:
                self.recording.fail(Failure(method, url, said, (started, elapsed)))
            kind = NotConnectedError if not_connected(error) else UnreachableError
            raise kind(f"{method} {without_query(url)} got no answer: {said}", hint=advice(said)) from error
        elapsed = round((time.monotonic() - clock) * 1000, 3)
        exchange = Exchange(Request(method, url, Headers.of(sent), Body.of(body)), response, ((started, elapsed),))
        if self.recording is not None:
            try:
                self.recording.add(exchange, durable=durable)
            except CassetteError as error:
                raise UnkeptError(error, exchange) from error
        return exchange

    def exchanged(self, method: str, url: str, headers: dict[str, str], body: bytes, limit: Limits) -> Response:
        """Send and receive, within the limits.

        Raises:
            TimeoutError: the answer was not whole in time.
        """
        guard = Guard(limit.total)
        with self.lock:
            if self.aborted:
                raise TimeoutError
            self.guards.add(guard)
        try:
            with (
                guard,
                self.session.request(
                    method,
                    url,
                    headers=headers,
                    data=body or None,
                    stream=True,
                    allow_redirects=False,
                    proxies=self.proxies_for(url),
                    timeout=(limit.connect, min(limit.read, limit.total)),
                ) as answer,
            ):
                received = read_whole(answer, limit.body)
                # A body that ends with its connection looks whole when the guard cut it.
                if guard.expired:
                    raise TimeoutError
                refuse_unreadable(received, answer.headers.get("Content-Encoding", ""), limit.body)
                fields = Headers.of(answer.raw.headers.items())
                return Response(answer.status_code, answer.reason or "", fields, Body.of(received))
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if guard.expired:
                raise TimeoutError from error
            raise
        finally:
            with self.lock:
                self.guards.discard(guard)

    def proxies_for(self, url: str) -> dict[str, str]:
        """The proxies that the environment names for a host (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)."""
        host = "/".join(url.split("/", 3)[:3])
        if host not in self.proxies:
            try:
                self.proxies[host] = requests.utils.get_environ_proxies(url)
            except ValueError:  # no URL: requests will say so in its own words
                return {}
        return self.proxies[host]

    def abort(self) -> None:
        """End every exchange that is under way, and let none begin: for whoever cannot wait for a slow server."""
        with self.lock:
            self.aborted = True
            under_way = list(self.guards)
        for guard in under_way:
            guard.cut()

    def now_ms(self) -> float:
        """Milliseconds since the recording (or this transport) began."""
        return round(self.recording.now_ms() if self.recording else (time.monotonic() - self.began) * 1000, 3)

    def close(self) -> None:
        """Close idle connections."""
        self.session.close()


class UnfollowedSession(requests.Session):
    """A session that does not look where a redirect leads: for that, requests reads a body that is to be recorded."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class RefuseCookies(requests.cookies.cookielib.DefaultCookiePolicy):  # type: ignore[name-defined, misc]
    """Accept no cookie and send none."""

    def set_ok(self, cookie: object, request: object) -> bool:  # noqa: ARG002 - the standard library's signature
        """Never."""
        return False


def read_whole(answer: requests.Response, most: int = BODY_LIMIT) -> bytes:
    """The entity as it came over the wire (Content-Encoding untouched).

    Raises:
        OSError: it is larger than any answer should be, or fewer bytes came than were announced.
        urllib3.exceptions.HTTPError: the connection broke.
    """
    received = bytearray()
    while True:
        chunk = answer.raw.read1(CHUNK, decode_content=False)
        if not chunk:
            break
        received += chunk
        if len(received) > most:
            raise OSError(f"the answer is larger than {most >> 20} MiB")
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and answer.request.method != "HEAD" and len(received) != int(announced):
        raise OSError(f"it was cut short: {len(received)} of {announced} bytes came")
    return bytes(received)


def refuse_unreadable(received: bytes, content_encoding: str, most: int) -> None:
    """Nobody can read such an answer, and nobody can search it for keys: it is not kept.

    Raises:
        OSError: the encoding is unknown, or its data are damaged or a bomb (``identity`` was asked for).
    """
    try:
        decode_content(received, content_encoding, limit=min(most, DECODED_LIMIT))
    except CassetteError as error:
        raise OSError(str(error)) from error


def not_connected(error: Exception) -> bool:
    """Whether it failed before a connection was there."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(
        reason, urllib3.exceptions.NewConnectionError
    )


def cause_of(error: Exception, limit: Limits) -> str:
    """What happened, in words without the URL (which may hold a secret)."""
    text = str(error)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {limit.connect:g} s"
    if isinstance(error, requests.exceptions.ReadTimeout | urllib3.exceptions.ReadTimeoutError):
        return f"no byte came for {min(limit.read, limit.total):g} s"
    if isinstance(error, TimeoutError):
        return f"the answer was not complete after {limit.total:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        said = re.search(r"\[SSL[^\]]*\] ([^(']+)", text)
        return f"TLS: {said[1].strip() if said else 'the handshake failed'}"
    for mark, words in (
        ("Name or service not known", "the host name does not resolve (DNS)"),
        ("Failed to resolve", "the host name does not resolve (DNS)"),
        ("Connection refused", "connection refused: nothing listens there"),
        ("Connection reset", "connection reset by the server"),
        ("RemoteDisconnected", "the server closed the connection without an answer"),
        ("IncompleteRead", "the answer was cut short"),
        ("No route to host", "no route to host"),
        ("Network is unreachable", "the network is unreachable"),
    ):
        if mark in text:
            return words
    return f"{type(error).__name__}" if isinstance(error, requests.exceptions.RequestException) else text


def advice(said: str) -> str:
    """The next thing to do."""
    if "refused" in said or "DNS" in said:
        return "check the base URL, and that the server runs"
    if "TLS" in said:
        return "check the certificate and the clock"
    return "try again; if it stays, look at the endpoint's status page and logs"


def without_query(url: str) -> str:
    """A URL for people: a query may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
