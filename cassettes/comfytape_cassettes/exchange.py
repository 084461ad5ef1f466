"""One request with its response and its timing, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape_cassettes.body import EMPTY, Body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Exchange", "Failure", "Headers", "Request", "Response", "Times"]

Times = tuple[float, float]
"""(started, elapsed): milliseconds from the start of the recording, and milliseconds until the last byte."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in the order they came; names keep their spelling and compare without case."""

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
        """From a mapping or from pairs."""
        listed = pairs.items() if hasattr(pairs, "items") else pairs
        return cls(tuple((str(name), str(value)) for name, value in listed))

    def get(self, name: str, default: str = "") -> str:
        """The first value under that name, or ``default``."""
        wanted = name.lower()
        return next((value for key, value in self.items if key.lower() == wanted), default)

    def without(self, *names: str) -> Headers:
        """The same fields less those named."""
        dropped = {name.lower() for name in names}
        return Headers(tuple(item for item in self.items if item[0].lower() not in dropped))

    def with_(self, name: str, value: str) -> Headers:
        """The same fields with ``name`` set to one value, at the end."""
        return Headers((*self.without(name).items, (name, value)))


@dataclass(frozen=True, slots=True)
class Request:
    """What the client sent; ``url`` is absolute."""

    method: str
    url: str
    headers: Headers = Headers()
    body: Body = EMPTY


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; ``body`` is the entity as received, still under any Content-Encoding it names."""

    status: int
    reason: str = ""
    headers: Headers = Headers()
    body: Body = EMPTY

    def content(self) -> bytes:
        """The body with its Content-Encoding undone.

        Raises:
            CassetteError: the body is missing, damaged, or does not decode.
        """
        return self.body.decoded(self.headers.get("content-encoding"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its response and when it happened.

    A poll that said the same again is not stored again: its times are added to the exchange that said it first.
    """

    request: Request
    response: Response
    times: tuple[Times, ...] = ((0.0, 0.0),)

    @property
    def started_ms(self) -> float:
        """Milliseconds from the start of the recording to when this was first asked."""
        return self.times[0][0]

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds that the first asking took."""
        return self.times[0][1]

    @property
    def last_ms(self) -> float:
        """Milliseconds from the start of the recording to the end of the last asking."""
        return max(started + elapsed for started, elapsed in self.times)


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no response: refused, reset, timed out. ``error`` says what happened, without secrets."""

    method: str
    url: str
    error: str
    times: Times
