"""The recordings of a site: from cassettes, each held to its contract, and from a history."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from comfytape.history import Run
from comfytape.history.sighting import in_order
from comfytape.reporting.site.memory import digest_of
from comfytape.settings import find_cassette, find_contract, names_in
from comfytape_cassettes import Cassette, UsageError
from comfytape_cassettes.index import INDEX
from comfytape_cassettes.version import __version__
from comfytape_contracts.checks import check
from comfytape_contracts.contract import Contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape.reporting.site.memory import Memory
    from comfytape.settings import Settings
    from comfytape_contracts.verdicts import Report

__all__ = ["Recorded", "Shelf", "named"]


@dataclass(frozen=True)
class Recorded:
    """One recording of a site.

    Attributes:
        run: what the check of it says.
        location: where the cassette is; "" where only the history knows of it.
        digest: over the cassette's index and the contract's files; over the run where there is no cassette.
        contract: the contract it is held to; None where only the history knows of it.
        fresh: the whole result, where this process has just checked it.
    """

    run: Run
    location: str
    digest: str
    contract: Contract | None
    fresh: Report | None = None

    @cached_property
    def slug(self) -> str:
        """A file name that sorts by time and that no other recording has."""
        moment = re.sub(r"[^0-9T]", "", self.run.recorded_at[:16]) or "undated"
        return f"{moment}-{digest_of(self.run.recording)[:8]}"

    @property
    def report(self) -> Report:
        """The whole result, as of the day of the recording; checked now if it was only remembered.

        Raises:
            CassetteError: the cassette is gone or damaged.
        """
        assert self.contract is not None
        return self.fresh or checked(self.contract, Cassette.open(self.location))


def checked(contract: Contract, cassette: Cassette) -> Report:
    """A check as of the moment of the recording: in a history nothing is too old."""
    try:
        moment = datetime.fromisoformat(cassette.provenance.recorded_at)
    except ValueError:
        moment = datetime.now(UTC)
    return check(contract, cassette, now=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


class Shelf:
    """Finds contracts and holds recordings to them; what was checked before is taken from memory."""

    def __init__(self, settings: Settings, memory: Memory, contract: str = "") -> None:
        self.settings, self.memory = settings, memory
        self.only = Contract.load(find_contract(contract, settings)) if contract else None
        self.contracts: dict[str, tuple[Contract, str]] = {}

    def recordings(self, cassettes: Iterable[str], runs: Iterable[Run]) -> list[Recorded]:
        """All recordings, the oldest first. Where a recording has a cassette and a run, the cassette speaks.

        Raises:
            UsageError: a cassette is not there, or it does not say which contract it belongs to.
            CassetteError: a cassette is damaged.
        """
        found: dict[tuple[str, str], Recorded] = {}
        for run in in_order(runs):
            if self.only is None or run.contract == self.only.name:
                found[run.contract, run.recording] = Recorded(run, "", run.key[:32], None)
        for name in cassettes:
            recorded = self.recorded(find_cassette(name, self.settings))
            found[recorded.run.contract, recorded.run.recording] = recorded
        by_run = {id(each.run): each for each in found.values()}
        return [by_run[id(run)] for run in in_order(each.run for each in found.values())]

    def recorded(self, location: str) -> Recorded:
        """One cassette, checked or remembered."""
        cassette = Cassette.open(location)
        contract, digest = self.contract_of(cassette)
        key = digest_of(__version__, cassette.name, cassette.folder.read(INDEX), digest)
        kept = self.memory.result(key)
        if kept is not None:
            return Recorded(Run.from_json(kept), location, key, contract)
        report = checked(contract, cassette)
        run = Run.of(report)
        self.memory.keep(key, run.to_json())
        return Recorded(run, location, key, contract, report)

    def contract_of(self, cassette: Cassette) -> tuple[Contract, str]:
        """The contract of a recording with a digest over its files.

        Raises:
            UsageError: the recording does not say which it is.
        """
        if self.only is not None:
            return self.loaded(self.only)
        names = names_in(self.settings.contracts, "contract.yaml")
        name = next((n for n in (cassette.provenance.contract, cassette.name) if n in names), None)
        if name is None:
            raise UsageError(
                f"{cassette.label} does not say which contract it belongs to",
                hint=f"name one with --contract; there are: {', '.join(names) or 'none'}",
            )
        if name not in self.contracts:
            self.contracts[name] = self.loaded(Contract.load(find_contract(name, self.settings)))
        return self.contracts[name]

    def loaded(self, contract: Contract) -> tuple[Contract, str]:
        """A contract with a digest over its folder."""
        if contract.name not in self.contracts:
            files = [path for path in sorted(contract.folder.iterdir()) if path.is_file()]
            parts = [part for path in files for part in (path.name.encode(), path.read_bytes())]
            self.contracts[contract.name] = contract, digest_of(*parts)
        return self.contracts[contract.name]


def named(recordings: Sequence[Recorded], name: str) -> Recorded:
    """The recording that a person means: by the path of its cassette, its name, or its date; the latest that fits.

    Raises:
        UsageError: there is none; the nearest name is suggested.
    """
    path = name.rstrip("/")
    found = (
        [each for each in recordings if each.location.rstrip("/") == path]
        or [each for each in recordings if name in (each.run.cassette, each.run.recording)]
        or [each for each in recordings if len(name) >= 4 and each.run.recorded_at.startswith(name)]
    )
    if found:
        return found[-1]
    known = list(dict.fromkeys(each.run.cassette for each in recordings))
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"none of these recordings is '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(known[:12])}{', …' * (len(known) > 12)}",
    )
