"""The exchanges of an index, each built when it is asked for: opening ten thousand costs no more than opening ten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, overload

from comfytape_cassettes.body import REMEDY
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.index import BOUNDARY, exchange_from

if TYPE_CHECKING:
    from comfytape_cassettes.body import BodySource
    from comfytape_cassettes.exchange import Exchange
    from comfytape_cassettes.index import Index

__all__ = ["Exchanges"]


class Exchanges(Sequence["Exchange"]):
    """A sequence that reads like a tuple. Each item raises CassetteError when its interaction is damaged."""

    def __init__(self, index: Index, source: BodySource, label: str) -> None:
        self.interactions = index.interactions
        self.first_line = index.first_line
        self.source = source
        self.label = label
        self.built: dict[int, Exchange] = {}

    def __len__(self) -> int:
        return len(self.interactions)

    @overload
    def __getitem__(self, at: int) -> Exchange: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Exchange, ...]: ...
    def __getitem__(self, at: int | slice) -> Exchange | tuple[Exchange, ...]:
        if isinstance(at, slice):
            return tuple(self[number] for number in range(*at.indices(len(self))))
        number = at + len(self) if at < 0 else at
        if not 0 <= number < len(self):
            raise IndexError(at)
        known = self.built.get(number)
        if known is None:
            where = f"{self.label}, exchange {number + 1}"
            known = self.built[number] = exchange_from(self.parsed(number, where), self.source, where)
        return known

    def parsed(self, number: int, where: str) -> Any:
        """One interaction as JSON."""
        text = self.interactions[number]
        if not isinstance(text, bytes):
            return text
        try:
            return json.loads(f"{{{text.decode('utf-8', 'surrogatepass')}}}")
        except RecursionError as error:
            raise CassetteError(f"{where} is nested too deeply", hint=REMEDY) from error
        except ValueError as error:
            whole = self.reformatted()
            if whole is None:
                line = self.first_line + sum(t.count(b"\n") + BOUNDARY.count(b"\n") for t in self.interactions[:number])
                what = (
                    f"line {line + error.lineno - 1}: {error.msg}" if isinstance(error, JSONDecodeError) else str(error)
                )
                raise CassetteError(f"{where} is not JSON ({what}): it was hand-edited", hint=REMEDY) from error
            self.interactions = whole
            return whole[number]

    def reformatted(self) -> list[Any] | None:
        """All interactions of an index that is JSON, but not in our layout after all; None when it is not JSON."""
        try:
            whole: list[Any] = json.loads(b"[{" + b"},{".join(self.interactions) + b"}]")
        except (ValueError, RecursionError):
            return None
        return whole
