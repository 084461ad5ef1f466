"""What changed in an endpoint between two recordings, in lines by pack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from comfytape.drifting import compare_sources, read_workflow_file
from comfytape.sources import from_tape
from comfytape_contracts.findings import Severity
from comfytape_contracts.inventory import pack_of
from comfytape_contracts.verdicts import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from comfytape.sources import InventorySource
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.drift import Group
    from comfytape_contracts.tape import Tape

__all__ = ["Pack", "by_pack", "changes_of"]

BESIDE = "not in a node: server, models, answers, times"
"""Where changes are listed that belong to no node class."""


@dataclass(frozen=True, slots=True)
class Pack:
    """The changes of one pack, the worst first."""

    name: str
    changes: Sequence[Change]

    @property
    def serious(self) -> list[Change]:
        """Those that a contract's workflows may notice."""
        return [change for change in self.changes if change.severity is not Severity.INFO]

    @property
    def hints(self) -> list[str]:
        """What to do about them, each once."""
        return list(dict.fromkeys(change.hint for change in self.serious if change.hint))

    @property
    def small(self) -> list[Change]:
        """The others."""
        return [change for change in self.changes if change.severity is Severity.INFO]


def changes_of(contract: Contract, before: tuple[str, Tape], after: tuple[str, Tape]) -> list[Change] | None:
    """What changed, judged by the contract's workflows, the worst first; each side is a name with its tape.

    None where one of the two holds no inventory.
    """
    if before[1].inventory is None or after[1].inventory is None:
        return None
    old, new = from_tape(*before), from_tape(*after)
    paths = dict.fromkeys((contract.workflow_path, contract.samples_path))
    files = [read_workflow_file(str(path)) for path in paths]
    result = compare_sources(old, new, files, contract.model.severities)
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
