"""Sending something once: retries, a deadline, and errors without the address, which is the secret.

It goes through the recorder's transport: that follows no redirect, takes no credentials from ~/.netrc, heeds the
proxy's variables, and cuts off a server that drips.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ClassVar

from comfytape_cassettes import ComfytapeError, UnreachableError, UsageError
from comfytape_recorder.transport import Limits, NotConnectedError, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_cassettes import Exchange

__all__ = ["Deadline", "Sender", "UndeliveredError"]

PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses before the second and each further attempt, where the server names none."""
CONNECT_S, READ_S = 5.0, 10.0
SAID_LIMIT = 200


class UndeliveredError(ComfytapeError):
    """A receiver did not take what was sent."""

    exit_code: ClassVar[int] = 3


class Deadline:
    """A moment after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; negative when it has passed."""
        return self.ends - time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Wait, unless that would be too long; whether it was waited."""
        if seconds >= self.left:
            return False
        time.sleep(max(seconds, 0.0))
        return True


class Sender:
    """Sends requests until one is answered, or the deadline would pass."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.transport = Transport()

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", repeatable: bool = True
    ) -> Exchange:
        """The answer: 2xx.

        A 429 is waited for as long as it asks (``Retry-After``; GitHub says it with 403, too). After a 5xx, or without
        an answer, it is sent again only if it is ``repeatable``: it may have been taken.

        Raises:
            UndeliveredError: no such answer came in time, or one that no repetition will change.
            UsageError: the address is no http(s) URL, or a header cannot be sent.
        """
        for pause in (*PAUSES_S, None):
            exchange, said, again = self.attempt(method, url, headers, body)
            if exchange is not None and 200 <= exchange.response.status < 300:
                return exchange
            wait = retry_after(exchange) if exchange is not None else None
            limited = exchange is not None and is_limited(exchange)
            if pause is None or not (limited or again or (repeatable and is_passing(exchange))):
                break
            if not self.deadline.pause(pause if wait is None else wait):
                asked = f"; it asks to wait {wait:g} s, and {max(self.deadline.left, 0):.1f} s are left" if wait else ""
                raise UndeliveredError(f"{said}{asked}")
        raise UndeliveredError(said)

    def attempt(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Exchange | None, str, bool]:
        """One attempt: the answer or None, what is to be said of it, and whether it certainly did not arrive."""
        left = max(self.deadline.left, 0.1)
        limits = Limits(connect=min(CONNECT_S, left), read=min(READ_S, left), total=left)
        try:
            exchange = self.transport.send(method, url, headers=headers, body=body, limits=limits)
        except UnreachableError as error:
            # Without its cause, and only what stands behind the address: with a webhook, that is the secret.
            said = str(error).partition(" got no answer: ")[2] or "no answer"
            return None, said, isinstance(error, NotConnectedError)
        except UsageError:
            raise UsageError("its address or key cannot be sent", hint="expected https://…, without spaces") from None
        response = exchange.response
        body_said = " ".join(response.body.text().split())[:SAID_LIMIT]
        return exchange, f"it answered {response.status} {response.reason}: {body_said or 'an empty body'}", False

    def close(self) -> None:
        """Close idle connections."""
        self.transport.close()


def is_passing(exchange: Exchange | None) -> bool:
    """Whether the next attempt may go better: no answer, or the server's own fault."""
    return exchange is None or exchange.response.status >= 500


def is_limited(exchange: Exchange) -> bool:
    """Whether it asks to wait; GitHub's secondary rate limit may be a 403."""
    return exchange.response.status == 429 or (exchange.response.status == 403 and retry_after(exchange) is not None)


def retry_after(exchange: Exchange) -> float | None:
    """Seconds that the server asks to wait, as a number or a date (RFC 9110, 10.2.3); None where it does not."""
    asked = exchange.response.headers.get("retry-after")
    if asked.isdigit():
        return float(asked)
    try:
        return max((parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
