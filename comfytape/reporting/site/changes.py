"""What changed in an endpoint between two recordings of a site, remembered from one build to the next."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

from comfytape.reporting.changes import changes_of
from comfytape.reporting.site.memory import digest_of
from comfytape_cassettes import Cassette
from comfytape_cassettes.version import __version__
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import Change

if TYPE_CHECKING:
    from comfytape.reporting.site.memory import Memory
    from comfytape.reporting.site.recorded import Recorded

__all__ = ["changes_between"]


def changes_between(before: Recorded, after: Recorded, memory: Memory) -> list[Change] | None:
    """What changed, judged by the contract's workflows, the worst first; None where one of the two has no inventory.

    Raises:
        CassetteError: a cassette is gone or damaged.
    """
    if not before.location or not after.location:
        return None
    key = digest_of("changes", __version__, before.digest, after.digest)
    kept = memory.result(key)
    if kept is None:
        found = compared(before, after)
        kept = {"changes": None if found is None else [asdict(change) for change in found]}
        memory.keep(key, kept)
    return None if kept["changes"] is None else [Change.from_json(each) for each in kept["changes"]]


def compared(before: Recorded, after: Recorded) -> list[Change] | None:
    """The comparison itself."""
    assert after.contract is not None
    old, new = ((each.location, tape_of(each.location, each.digest)) for each in (before, after))
    return changes_of(after.contract, old, new)


@lru_cache(maxsize=2)
def tape_of(location: str, _digest: str) -> Tape:
    """A recording's tape. In a row of comparisons each is wanted twice, and its inventory takes long to read."""
    return Tape(Cassette.open(location))
