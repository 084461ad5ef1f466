"""Two recordings side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape.reporting.changes import by_pack
from comfytape.reporting.site.changes import changes_between
from comfytape.reporting.words import UNITS, figure, serious_first
from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.changes import Pack
    from comfytape.reporting.site.memory import Memory
    from comfytape.reporting.site.recorded import Recorded
    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Change

__all__ = ["Comparison", "Measured"]

ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement on both sides, in words, and what lies between them; "" where nothing does."""

    name: str
    before: str
    after: str
    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that differs, and what is the same.

    Attributes:
        changes: of the endpoint itself, the worst first; None where one of the two holds no inventory.
    """

    before: Recorded
    after: Recorded
    changes: Sequence[Change] | None

    @classmethod
    def of(cls, before: Recorded, after: Recorded, memory: Memory) -> Comparison:
        """Compare two recordings.

        Raises:
            CassetteError: a cassette is gone or damaged.
        """
        return cls(before=before, after=after, changes=changes_between(before, after, memory))

    @property
    def name(self) -> str:
        """A file name that no other pair has."""
        return f"{self.before.slug}--{self.after.slug}"

    @property
    def measured(self) -> list[Measured]:
        """Every measurement that either side has."""
        old, new = self.before.run.measurements, self.after.run.measurements
        return [measured(name, old.get(name), new.get(name)) for name in {**old, **new}]

    @property
    def only_before(self) -> list[Finding]:
        """Findings that the second recording no longer has."""
        return only(self.before, self.after)

    @property
    def only_after(self) -> list[Finding]:
        """Findings that the first recording did not have."""
        return only(self.after, self.before)

    @property
    def both(self) -> list[Finding]:
        """Findings of the second recording that the first one had too."""
        new = {f.fingerprint for f in self.only_after}
        return serious_first(f for f in self.after.run.findings if f.fingerprint not in new)

    @property
    def serious(self) -> list[Change]:
        """The changes that a contract's workflows may notice."""
        return [change for change in self.changes or () if change.severity is not Severity.INFO]

    @property
    def packs(self) -> list[Pack]:
        """The changes by pack."""
        return by_pack(self.changes or ())


def only(one: Recorded, other: Recorded) -> list[Finding]:
    """Findings of one that the other has not, whether it accepts them or not."""
    there = {f.fingerprint for f in (*other.run.findings, *other.run.accepted)}
    return serious_first(f for f in one.run.findings if f.fingerprint not in there)


def measured(name: str, before: Any, after: Any) -> Measured:
    """One measurement: ``30.0 s`` beside ``36.4 s`` is ``+6.4 s (+21 %)``."""
    words, old = figure(name, before) if before is not None else (figure(name, 0)[0], ABSENT)
    new = figure(name, after)[1] if after is not None else ABSENT
    if before == after:
        return Measured(words, old, new, "")
    if before is None or after is None:
        return Measured(words, old, new, f"only in the {'second' if before is None else 'first'}")
    if not is_number(before) or not is_number(after):
        return Measured(words, old, new, "differs")
    has_unit = any(name.endswith(ending) for ending in UNITS)
    between = figure(name, after - before)[1] if has_unit else f"{after - before:g}"
    share = f" ({(after - before) / before * 100:+.0f} %)" if before and not name.endswith("_rate") else ""
    difference = f"{'+' if after > before else ''}{between}{share}"
    return Measured(words, old, new, difference.replace("-", "−"))


def is_number(value: Any) -> bool:
    """Whether two of them have a difference."""
    return isinstance(value, int | float) and not isinstance(value, bool)
