"""The baseline: findings that people accepted, one by one, with a reason, in ``accepted.yaml`` beside the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import yaml

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.yaml_file import YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from comfytape_contracts.findings import Finding

__all__ = ["Accepted", "Baseline", "Split", "where_of"]

_HEADER = (
    "# Findings that were accepted, each with a reason. Written by `comfytape accept`; fields of your own are kept.\n"
)
_FIELDS = ("fingerprint", "rule", "where", "first_seen", "last_seen", "expires", "reason", "owner")
_NEEDED = ("fingerprint", "rule", "reason")


class _Plain(yaml.SafeDumper):
    """Writes equal values out each time: two entries of one day are no alias of each other."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        """Nothing is an alias."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One accepted finding.

    Attributes:
        fingerprint: 16 hex digits of the finding.
        rule: id of its rule.
        reason: why it is accepted; never empty.
        where: the place in words, for whoever reads the file.
        first_seen, last_seen: days on which it was seen first and last.
        expires: the last day on which it counts; None for ever.
        owner: who answers for it.
        extra: fields of the file that are not ours, kept as they are.
    """

    fingerprint: str
    rule: str
    reason: str
    where: str = ""
    first_seen: date | None = None
    last_seen: date | None = None
    expires: date | None = None
    owner: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def is_expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.expires is not None and self.expires < today

    def to_yaml(self) -> dict[str, Any]:
        """The entry as it stands in the file: our fields in their order, without empty ones, then the others."""
        ours = {name: getattr(self, name) for name in _FIELDS}
        return {name: value for name, value in ours.items() if value not in (None, "")} | dict(self.extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Findings held against a baseline.

    Attributes:
        standing: what nobody accepted, and what was accepted until a day that has passed.
        accepted: what the baseline covers.
        stale: entries that no finding has any more.
    """

    standing: Sequence[Finding]
    accepted: Sequence[Finding]
    stale: Sequence[Accepted]


@dataclass(frozen=True, slots=True)
class Baseline:
    """All accepted findings, sorted by rule, place and fingerprint. Immutable: every change gives a new one."""

    entries: tuple[Accepted, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Read a baseline; a file that is not there is an empty one.

        Raises:
            UsageError: the file is no baseline; the message names file and line.
        """
        if not path.exists():
            return cls()
        file = read_yaml(path)
        if file.data is None:
            return cls()
        if not isinstance(file.data, dict) or not isinstance(file.data.get("accepted") or [], list):
            raise UsageError(
                f"{path}:{file.line(()) or 1}: expected a list under the key 'accepted', got something else",
                hint="comfytape accept writes this file; see docs/drift.md for its form",
            )
        listed = file.data.get("accepted") or []
        entries = [_entry(file, number, raw) for number, raw in enumerate(listed)]
        _refuse_twins(file, entries)
        extra = {key: value for key, value in file.data.items() if key != "accepted"}
        return cls(_ordered(entries), extra)

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
        part = path.with_name(f".{path.name}.part")
        part.write_text(self.to_text(), encoding="utf-8", newline="\n")
        part.replace(path)

    def to_text(self) -> str:
        """The file's text: the same entries give the same bytes."""
        document = {**self.extra, "accepted": [entry.to_yaml() for entry in self.entries]}
        return _HEADER + yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)

    def split(self, findings: Iterable[Finding], today: date) -> Split:
        """Tell accepted findings from standing ones; an expired entry does not cover, and the finding says so."""
        known = {entry.fingerprint: entry for entry in self.entries}
        standing, accepted, seen = [], [], set()
        for finding in findings:
            entry = known.get(finding.fingerprint)
            seen.add(finding.fingerprint)
            if entry is None:
                standing.append(finding)
            elif entry.is_expired(today):
                standing.append(_expired(finding, entry))
            else:
                accepted.append(finding)
        stale = [entry for entry in self.entries if entry.fingerprint not in seen]
        return Split(standing=standing, accepted=accepted, stale=stale)

    def accepting(
        self,
        findings: Iterable[Finding],
        *,
        reason: str,
        today: date,
        expires: date | None = None,
        owner: str = "",
    ) -> Baseline:
        """With these findings accepted; one that was accepted before keeps its first day and its extra fields.

        Raises:
            UsageError: the reason is empty, or the last day has passed already.
        """
        if not reason.strip():
            raise UsageError("a finding is accepted with a reason", hint='say why: --reason "…"')
        if expires is not None and expires < today:
            raise UsageError(f"the last day {expires} has passed (today is {today})", hint="give a later --expires")
        known = {entry.fingerprint: entry for entry in self.entries}
        for finding in findings:
            before = known.get(finding.fingerprint)
            known[finding.fingerprint] = Accepted(
                fingerprint=finding.fingerprint,
                rule=finding.rule,
                reason=reason.strip(),
                where=where_of(finding),
                first_seen=before.first_seen if before and before.first_seen else today,
                last_seen=today,
                expires=expires,
                owner=owner or (before.owner if before else ""),
                extra=before.extra if before else {},
            )
        return replace(self, entries=_ordered(known.values()))

    def seen(self, findings: Iterable[Finding], today: date) -> Baseline:
        """With the last day of every entry that a finding still has set to today. For runs that pass, and no others."""
        present = {finding.fingerprint for finding in findings}
        return replace(
            self,
            entries=tuple(
                replace(entry, last_seen=today) if entry.fingerprint in present else entry for entry in self.entries
            ),
        )

    def without(self, entries: Iterable[Accepted]) -> Baseline:
        """Without these entries: pruning what is stale."""
        gone = {entry.fingerprint for entry in entries}
        return replace(self, entries=tuple(entry for entry in self.entries if entry.fingerprint not in gone))


def where_of(finding: Finding) -> str:
    """The place of a finding in a few words, for people."""
    at = finding.location
    name = ".".join(part for part in (at.class_type, at.input) if part)
    node = f"node {at.node_id}" if at.node_id else ""
    return " ".join(part for part in (node, name) if part) or (at.file or "")


def _ordered(entries: Iterable[Accepted]) -> tuple[Accepted, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.rule, entry.where, entry.fingerprint)))


def _expired(finding: Finding, entry: Accepted) -> Finding:
    owner = f" by {entry.owner}" if entry.owner else ""
    note = (
        f"It was accepted{owner} until {entry.expires} ({entry.reason}); accept it again with a later --expires, or: "
    )
    return replace(finding, hint=note + finding.hint)


def _entry(file: YamlFile, number: int, raw: Any) -> Accepted:
    at = ("accepted", number)
    if not isinstance(raw, dict):
        raise _wrong(
            file, at, f"entry {number + 1} is no mapping of fields", "each entry has a fingerprint, a rule, a reason"
        )
    for name in _NEEDED:
        if not isinstance(raw.get(name), str | int | float) or not str(raw[name]).strip():
            raise _wrong(file, at, f"entry {number + 1} has no {name}", f"add `{name}: …` to it, or remove the entry")
    fingerprint = str(raw["fingerprint"])
    if not re.fullmatch(r"[0-9a-f]{16}", fingerprint):
        raise _wrong(
            file,
            (*at, "fingerprint"),
            f"fingerprint: expected 16 hex digits as text, got {fingerprint!r}",
            "copy it from the report; put it in quotes if it is all digits",
        )
    return Accepted(
        fingerprint=fingerprint,
        rule=str(raw["rule"]),
        reason=str(raw["reason"]),
        where=str(raw.get("where") or ""),
        first_seen=_day(file, (*at, "first_seen"), raw.get("first_seen")),
        last_seen=_day(file, (*at, "last_seen"), raw.get("last_seen")),
        expires=_day(file, (*at, "expires"), raw.get("expires")),
        owner=str(raw.get("owner") or ""),
        extra={str(key): value for key, value in raw.items() if key not in _FIELDS},
    )


def _day(file: YamlFile, at: tuple[Any, ...], value: Any) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(
            file, at, f"{at[-1]}: expected a day such as 2026-12-31, got {value!r}", "write YYYY-MM-DD"
        ) from None


def _refuse_twins(file: YamlFile, entries: Sequence[Accepted]) -> None:
    first: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if entry.fingerprint in first:
            twins = f"entries {first[entry.fingerprint] + 1} and {number + 1}"
            what = f"the fingerprint {entry.fingerprint} is there twice ({twins})"
            raise _wrong(file, ("accepted", number), what, "keep one of them")
        first[entry.fingerprint] = number


def _wrong(file: YamlFile, at: tuple[Any, ...], what: str, hint: str) -> UsageError:
    return UsageError(f"{file.path}:{file.line(at) or 1}: {what}", hint=hint)
