"""The digest: what was accepted and is still there, the first to expire first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a field of the dataclass
from typing import TYPE_CHECKING

from comfytape.alerts.problem import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from comfytape_contracts.baseline import Accepted, Baseline
    from comfytape_contracts.findings import Finding

__all__ = ["Reminder", "reminders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """An accepted finding that is still there, in words, and the last day on which it counts."""

    words: str
    expires: date | None


def reminders(
    accepted: Iterable[Finding], baseline: Baseline, today: date, clean: Callable[[str], str] = str
) -> list[Reminder]:
    """What was accepted and is still there, the first to expire first; what has no last day comes last."""
    entries = {entry.fingerprint: entry for entry in baseline.entries}
    found = {
        f.fingerprint: reminder(f, entries[f.fingerprint], today, clean) for f in accepted if f.fingerprint in entries
    }
    return sorted(found.values(), key=lambda each: (each.expires is None, each.expires or today))


def reminder(finding: Finding, entry: Accepted, today: date, clean: Callable[[str], str]) -> Reminder:
    """One of them in words."""
    if entry.expires is None:
        until = "no last day"
    else:
        left = (entry.expires - today).days
        until = f"until {entry.expires}, " + (f"{left} days left" if left >= 0 else f"over for {-left} days")
    who = f" by {entry.owner}" if entry.owner else ""
    since = f", since {entry.first_seen}" if entry.first_seen else ""
    words = f"ACCEPTED {finding.severity} {finding.rule} ({until}{since}{who}: {entry.reason}): {finding.message}"
    return Reminder(words=told(words, clean), expires=entry.expires)
