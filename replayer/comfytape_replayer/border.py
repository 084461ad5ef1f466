"""Who may ask: names that this server goes by, and pages of other sites.

A browser that visits another site must not be made to read from here (DNS rebinding) or to start jobs here; ComfyUI
checks the origin likewise (server.py origin_only_middleware). Programs other than browsers send no ``Origin`` and name
the host that they connect to.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comfytape_cassettes import UsageError
from comfytape_replayer.answer import Answer, json_answer, text_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytape_replayer.asked import Asked

__all__ = ["Border"]

LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[::1\]")
ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.%]+\]")
WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - recognised here, bound by nobody but who asks for it
EXPOSED = b"retry-after, x-comfytape-miss, x-comfytape-nearest"
METHODS = b"GET, HEAD, POST, OPTIONS"


class Border:
    """Decides by ``Host`` and ``Origin``.

    Args:
        host: the address that is listened on. Loopback names are always known; a wildcard is known by every address
            and by this machine's name, since rebinding takes a name that the attacker owns.
        allowed_hosts: further names; ``*`` is every name.
        origins: pages that may read the answers (CORS), such as ``http://localhost:3000``; ``*`` is every page.

    Raises:
        UsageError: an origin is none.
    """

    def __init__(self, host: str = "127.0.0.1", allowed_hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self.any_address = host in WILDCARDS
        own = socket.gethostname() if self.any_address else f"[{host}]" if ":" in host else host
        self.names = {own.lower(), *(name.lower() for name in allowed_hosts)}
        self.origins = {checked(origin) for origin in origins}
        self.seen: set[bytes] = set()

    def refusal(self, asked: Asked) -> Answer | None:
        """The 403 for a stranger, or None."""
        host, origin = asked.header(b"host"), asked.header(b"origin")
        if host and not self.knows(host):
            words = f"this request is for the host {host[:100]!r}, which is not a name of this server"
            return refused(words, "if it is one: --allow-host NAME")
        if origin and self.permitted(origin) is None and not self.knows(origin.rpartition("//")[2]):
            words = f"this request comes from a page of another site, {origin[:100]!r}"
            return refused(words, "to let its pages read from a replay: --cors ORIGIN")
        return None

    def passes(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether a request plainly may: its host was known before, and it has no ``Origin``."""
        for name, value in headers:  # noqa: SIM110 - a generator takes three times as long, and each poll pays it
            if name == b"origin" or (name == b"host" and value not in self.seen):
                return False
        return True

    def remember(self, asked: Asked) -> None:
        """Keep the host of a request that was let in, for ``passes``."""
        if len(self.seen) < 100:
            self.seen.add(asked.header(b"host").encode("latin-1"))

    def knows(self, host: str) -> bool:
        """Whether a host, with or without a port, is this server's."""
        name = re.sub(r":\d*$", "", host).lower().removesuffix(".")
        if name in self.names or "*" in self.names or LOOPBACK.fullmatch(name):
            return True
        return self.any_address and ADDRESS.fullmatch(name) is not None

    def permitted(self, origin: str) -> bytes | None:
        """What ``Access-Control-Allow-Origin`` says to a page, or None where it may not read."""
        if "*" in self.origins or origin.lower() in self.origins:
            return origin.encode("latin-1")
        return None

    def preflight(self, asked: Asked) -> Answer | None:
        """The answer to a browser that asks whether it may ask, or None for other requests (fetch.spec.whatwg.org)."""
        wanted = asked.header(b"access-control-request-method")
        if asked.method != "OPTIONS" or not wanted or self.permitted(asked.header(b"origin")) is None:
            return None
        headers = [("Access-Control-Allow-Methods", METHODS.decode()), ("Access-Control-Max-Age", "600")]
        named = asked.header(b"access-control-request-headers")
        if named:
            headers.append(("Access-Control-Allow-Headers", named))
        return text_answer(204, b"", "text/plain", headers)

    def marked(self, answer: Answer, asked: Asked) -> Answer:
        """The answer with the permission to read it, where the page has one."""
        origin = asked.header(b"origin")
        allowed = self.permitted(origin) if origin else None
        if allowed is None:
            return answer
        more = [(b"access-control-allow-origin", allowed), (b"access-control-expose-headers", EXPOSED)]
        pairs = [*answer.start["headers"], *more, (b"vary", b"origin")]
        return Answer(answer.start | {"headers": pairs}, answer.chunks, answer.said)


def refused(words: str, hint: str) -> Answer:
    """A 403 that says what to do."""
    return json_answer(403, {"error": f"comfytape: {words}", "hint": hint})


def checked(origin: str) -> str:
    """An origin as browsers write it.

    Raises:
        UsageError: it is none.
    """
    if origin == "*":
        return origin
    parts = urlsplit(origin.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise UsageError(f"--cors {origin!r} is no origin", hint="expected SCHEME://HOST[:PORT], or '*' for every page")
    return f"{parts.scheme}://{parts.netloc}".lower()
