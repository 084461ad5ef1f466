"""What is new, worse or resolved, and who has to be told: values in, values out.

What each channel was told last is kept for itself. So a channel that failed is told next time, the others hear nothing
twice, and a channel that joins later hears of what is open.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta  # noqa: TC003 - pydantic reads the dataclasses at run time
from enum import StrEnum
from typing import TYPE_CHECKING

from comfytape.alerts.problem import Problem  # noqa: TC001 - pydantic reads the dataclasses at run time
from comfytape_contracts.findings import Severity  # noqa: TC001 - pydantic reads the dataclasses at run time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Change", "Kind", "Known", "Looked", "Stream", "Told", "changes_for", "fold", "forget", "note"]


class Kind(StrEnum):
    """What happened to a problem."""

    NEW = "new"
    WORSE = "worse"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a channel was told last about a problem."""

    at: datetime
    open: bool
    severity: Severity
    fingerprints: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A problem that is remembered.

    Attributes:
        problem: as it was seen last.
        opened: when it appeared; closed: when it was gone, None while it is there.
        reason: why it is gone, where that is not plain.
        returned: how often it came back since anybody was told.
        told: by channel, what it was told last.
        failed: by channel, since when an alert about it waits for a channel that works.
    """

    problem: Problem
    opened: datetime
    closed: datetime | None = None
    reason: str = ""
    returned: int = 0
    told: dict[str, Told] = field(default_factory=dict)
    failed: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is remembered of one contract: how many reports in a row were UNKNOWN, the problems, the GitHub issue."""

    unknown: int = 0
    known: tuple[Known, ...] = ()
    issue: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a report says of a contract.

    Attributes:
        problems: at or above the threshold.
        lesser: causes of what is below it.
        accepted: causes of what was accepted.
        unknown: whether something could not be examined; then nothing that is missing counts as resolved.
    """

    problems: Sequence[Problem]
    lesser: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing to tell."""

    kind: Kind
    known: Known
    remarks: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem:
        """The problem it is about."""
        return self.known.problem


def fold(stream: Stream, looked: Looked, *, unknown_after: int, now: datetime) -> Stream:
    """The stream with a report taken in."""
    inconclusive = looked.unknown or any(problem.inconclusive for problem in looked.problems)
    unknown = stream.unknown + 1 if inconclusive else 0
    before = {known.problem.cause: known for known in stream.known}
    after: dict[str, Known] = {}
    for problem in looked.problems:
        known = before.get(problem.cause)
        is_open = known is not None and known.closed is None
        if problem.inconclusive and unknown < unknown_after and not is_open:
            continue
        after[problem.cause] = seen(known, problem, now)
    for cause, known in before.items():
        if cause not in after:
            gone = known.closed is None and not looked.unknown
            after[cause] = replace(known, closed=now, reason=why_gone(cause, looked)) if gone else known
    return replace(stream, unknown=unknown, known=tuple(after.values()))


def seen(known: Known | None, problem: Problem, now: datetime) -> Known:
    """A problem that is there."""
    if known is None:
        return Known(problem=problem, opened=now)
    if known.closed is None:
        return replace(known, problem=problem)
    return replace(known, problem=problem, opened=now, closed=None, reason="", returned=known.returned + 1)


def why_gone(cause: str, looked: Looked) -> str:
    """Why a problem is no longer told."""
    if cause in looked.accepted:
        return "accepted"
    return "what is left is below the severity that is told" if cause in looked.lesser else ""


def changes_for(channel: str, stream: Stream, *, suppress: timedelta, now: datetime) -> list[Change]:
    """What a channel has to be told, what is open before what is resolved."""
    found = [change for known in stream.known if (change := change_of(known, channel, suppress, now)) is not None]
    return sorted(found, key=lambda change: (change.kind is Kind.RESOLVED, change.problem.severity.rank))


def change_of(known: Known, channel: str, suppress: timedelta, now: datetime) -> Change | None:
    """What a channel has to be told about one problem, or None."""
    told, problem = known.told.get(channel), known.problem
    remarks = [f"this alert waited since {stamp(known.failed[channel])}"] if channel in known.failed else []
    if known.closed is not None:
        if not (told and told.open) and channel not in known.failed:
            return None
        remarks += [known.reason] if known.reason else []
        return Change(kind=Kind.RESOLVED, known=known, remarks=tuple(remarks))
    if told is None or not told.open:
        if told is not None and now - told.at < suppress:
            return None
        remarks += [f"came back {times(known.returned)}"] if known.returned else []
        return Change(kind=Kind.NEW, known=known, remarks=tuple(remarks))
    if problem.severity.rank < told.severity.rank:
        remarks.append(f"was {told.severity}")
    elif problem.count > told.count:
        remarks.append(f"was {told.count}, is {problem.count}")
    elif new := set(problem.fingerprints) - set(told.fingerprints):
        remarks.append(f"{len(new)} more of the same cause")
    else:
        return None
    if more := [name for name in problem.nodes if name not in told.nodes]:
        remarks.append(f"new: {', '.join(more)}")
    return Change(kind=Kind.WORSE, known=known, remarks=tuple(remarks))


def note(stream: Stream, channel: str, changes: Iterable[Change], *, delivered: bool, now: datetime) -> Stream:
    """The stream with what a channel was told, or failed to be told."""
    causes = {change.problem.cause for change in changes}
    return replace(
        stream,
        known=tuple(
            (heard(known, channel, now) if delivered else unheard(known, channel, now))
            if known.problem.cause in causes
            else known
            for known in stream.known
        ),
    )


def heard(known: Known, channel: str, now: datetime) -> Known:
    """Told: while it stays open, what was told adds up, so that going back and forth is silent."""
    before, problem = known.told.get(channel), known.problem
    goes_on = before is not None and before.open and known.closed is None
    last = before if goes_on else None
    told = Told(
        at=now,
        open=known.closed is None,
        severity=problem.severity,
        fingerprints=tuple(sorted({*problem.fingerprints, *(last.fingerprints if last else ())})),
        nodes=tuple(dict.fromkeys([*(last.nodes if last else ()), *problem.nodes])),
        count=max(problem.count, last.count if last else 0),
    )
    failed = {name: since for name, since in known.failed.items() if name != channel}
    return replace(known, told={**known.told, channel: told}, failed=failed, returned=0)


def unheard(known: Known, channel: str, now: datetime) -> Known:
    """Not told: kept for the next time."""
    return replace(known, failed={**known.failed, channel: known.failed.get(channel, now)})


def forget(stream: Stream, channels: Iterable[str], *, suppress: timedelta, now: datetime) -> Stream:
    """Without channels that are no more, and without problems that are over, told, and can no longer flap."""
    names = set(channels)
    kept = []
    for known in stream.known:
        told = {name: each for name, each in known.told.items() if name in names}
        failed = {name: since for name, since in known.failed.items() if name in names}
        waits = bool(failed) or any(each.open for each in told.values())
        if known.closed is None or waits or any(now - each.at < suppress for each in told.values()):
            kept.append(replace(known, told=told, failed=failed))
    return replace(stream, known=tuple(kept))


def times(number: int) -> str:
    """``once`` or ``3 times``."""
    return "once" if number == 1 else f"{number} times"


def stamp(moment: datetime) -> str:
    """A moment for people."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
