"""What changed in an endpoint between two recordings, in lines by pack."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from comfytape.drifting import compare_sources, read_workflow_file
from comfytape.reporting.site.memory import digest_of
from comfytape.sources import from_tape
from comfytape_cassettes import Cassette
from comfytape_cassettes.version import __version__
from comfytape_contracts.findings import Severity
from comfytape_contracts.inventory import pack_of
from comfytape_contracts.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfytape.reporting.site.memory import Memory
    from comfytape.reporting.site.recorded import Recorded
    from comfytape.sources import InventorySource
    from comfytape_contracts.drift import Group

__all__ = ["Change", "Pack", "by_pack", "changes_between"]

BESIDE = "not in a node: server, models, answers, times"
"""Where changes are listed that belong to no node class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a comparison: the changes that it speaks of have these fingerprints."""

    severity: Severity
    rule: str
    pack: str
    line: str
    hint: str
    fingerprints: Sequence[str]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Change:
        """Read back what ``dataclasses.asdict`` gave."""
        return cls(**{**data, "severity": Severity(data["severity"])})


@dataclass(frozen=True, slots=True)
class Pack:
    """The changes of one pack, the worst first."""

    name: str
    changes: Sequence[Change]


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
    sides = [tape_of(each.location, each.digest) for each in (before, after)]
    if any(tape.inventory is None for tape in sides):
        return None
    old, new = (from_tape(each.location, tape) for each, tape in zip((before, after), sides, strict=True))
    paths = dict.fromkeys((after.contract.workflow_path, after.contract.samples_path))
    files = [read_workflow_file(str(path)) for path in paths]
    result = compare_sources(old, new, files, after.contract.model.severities)
    return [
        Change(
            severity=group.severity,
            rule=group.findings[0].rule,
            pack=pack_in(group, old, new),
            line=group.line,
            hint=group.hint,
            fingerprints=[finding.fingerprint for finding in group.findings],
        )
        for group in result.groups
    ]


@lru_cache(maxsize=2)
def tape_of(location: str, _digest: str) -> Tape:
    """A recording's tape. In a row of comparisons each is wanted twice, and its inventory takes long to read."""
    return Tape(Cassette.open(location))


def pack_in(group: Group, *sides: InventorySource) -> str:
    """The pack of the class that the first finding is about; one about a whole pack lists its classes."""
    first = group.findings[0]
    listed = [each for each in (first.expected, first.actual) if isinstance(each, list)]
    for name in (first.location.class_type, *(str(name) for names in listed for name in names)):
        for side in sides:
            raw = side.object_info.get(name or "")
            if isinstance(raw, dict):
                return pack_of(raw.get("python_module")) or BESIDE
    return BESIDE


def by_pack(changes: Iterable[Change]) -> list[Pack]:
    """Changes by pack: the pack with the worst change first, then by name, what is in no pack last."""
    packs: dict[str, list[Change]] = {}
    for change in changes:
        packs.setdefault(change.pack, []).append(change)
    ordered = sorted(packs, key=lambda name: (name == BESIDE, min(c.severity.rank for c in packs[name]), name))
    return [Pack(name, packs[name]) for name in ordered]
