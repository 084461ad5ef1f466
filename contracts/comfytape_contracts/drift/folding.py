"""One cause, one record: a prefix renamed in hundreds of classes, a pack whose folder was renamed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.change import ChangeRecord
from comfytape_contracts.drift.packs import packs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["fold"]

_FEWEST = 3
"""Equal renames of a prefix from which on they are one."""


def fold(records: Iterable[ChangeRecord], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ChangeRecord]:
    """The records with those of one cause made one, which stands where the first of them stood.

    Its path is ``("*", key)``, its old and new are the prefixes.
    """
    kept: list[ChangeRecord] = []
    prefixes: dict[tuple[str, str, Any, Any, str | None], list[int]] = defaultdict(list)
    for record in records:
        if record.rule == "class-provider-changed":
            prefixes["pack-renamed", "python_module", record.old, record.new, record.pack].append(len(kept))
        elif record.rule == "class-text-changed" and isinstance(record.old, str) and isinstance(record.new, str):
            ours, theirs = _heads(record.old, record.new)
            prefixes["class-texts-renamed", record.path[-1], ours, theirs, record.pack].append(len(kept))
        kept.append(record)
    dropped: set[int] = set()
    for (rule, key, ours, theirs, pack), places in prefixes.items():
        if len(places) < _FEWEST or (rule == "pack-renamed" and not _moved_whole(ours, theirs, old, new)):
            continue
        names = sorted(str(kept[place].class_type) for place in places)
        kept[places[0]] = ChangeRecord(rule, ("*", key), {"prefix": ours, "classes": names}, {"prefix": theirs}, pack)
        dropped.update(places[1:])
    return [record for place, record in enumerate(kept) if place not in dropped]


def _heads(old: str, new: str) -> tuple[str, str]:
    """What is left of two paths when their equal ends are taken off."""
    ours, theirs = old.split("/"), new.split("/")
    while len(ours) > 1 and len(theirs) > 1 and ours[-1] == theirs[-1]:
        ours.pop()
        theirs.pop()
    return "/".join(ours), "/".join(theirs)


def _moved_whole(before: Any, after: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a pack left its old name altogether and the new one is new: its folder was renamed."""
    ours, theirs = packs_of(old), packs_of(new)
    return before in ours and before not in theirs and after in theirs and after not in ours
