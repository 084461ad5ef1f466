"""What a file of another tool says: exchanges with their times, and what the file could not tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import datetime

    from comfytape_cassettes.exchange import Exchange, Failure
    from comfytape_cassettes.provenance import Provenance

__all__ = ["ForeignTape", "is_loopback"]


@dataclass(frozen=True, slots=True)
class ForeignTape:
    """Exchanges and failures with times from ``began``.

    Attributes:
        creator: the program that wrote the file, in words.
        missing: bodies that were there on the wire and are not in the file; they are empty in the exchanges.
        notes: what readers of the cassette must know, such as times that had to be guessed.
        unkept: what the file holds and a cassette has no place for, each in a few words.
        provenance: where the recording comes from, in a file that comfytape wrote; else None.
    """

    exchanges: tuple[Exchange, ...]
    failures: tuple[Failure, ...]
    began: datetime
    creator: str
    missing: int = 0
    notes: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()
    provenance: Provenance | None = None

    @property
    def loopback(self) -> bool:
        """Whether every request went to this machine."""
        urls = [e.request.url for e in self.exchanges] + [f.url for f in self.failures]
        return all(is_loopback(urlsplit(url).hostname or "") for url in urls)

    @property
    def plane(self) -> str:
        """One of ``provenance.PLANES``: what our own file says, else what the addresses say."""
        if self.provenance is not None:
            return self.provenance.plane
        return "loopback" if self.loopback else "import"

    def after(self, began: datetime) -> ForeignTape:
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
