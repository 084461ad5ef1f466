"""Which pack provides a class or an option that the server lacks, and what that says about the cause."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import load
from comfytape_contracts.rules import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.inventory import Inventory
    from comfytape_contracts.lint.problem import Problem

__all__ = ["missing_packs", "pack_providing", "pack_status"]


def pack_providing(kind: str, name: Any) -> str | None:
    """The well-known pack that provides a class (``classes``) or a sampler or scheduler (``options``), or None."""
    return _by_name(kind).get(name) if isinstance(name, str) else None


def pack_status(class_type: Any, inventory: Inventory) -> tuple[str, str]:
    """An addition to the sentence about an unknown class, and the next thing to do; both empty where unknown."""
    pack = pack_providing("classes", class_type)
    if pack is None:
        return "", ""
    loaded = len(inventory.packs.get(pack, ()))
    if loaded:
        said = f"; {pack} provides it and is loaded with {loaded} classes, but not this one"
        return said, f"Install the version of {pack} that has this class."
    return f"; {pack} provides it and is not loaded", f"Install {pack}, or read its import error in the start-up log."


def missing_packs(problems: Iterable[Problem], inventory: Inventory) -> list[Finding]:
    """One finding a pack of which several classes are missing and none is loaded: the cause of the others."""
    by_pack: dict[str, set[str]] = defaultdict(set)
    errors: dict[str, str | None] = {}
    for problem in problems:
        if problem.rule == "unknown-class":
            pack = pack_providing("classes", problem.value)
            if pack is not None and pack not in inventory.packs:
                by_pack[pack].add(problem.value)
                errors[pack] = problem.server_error
    rule = catalogue()["pack-not-loaded"]
    return [
        rule.finding(
            f"{pack} is not loaded: {len(names)} of its classes are missing ({', '.join(sorted(names)[:4])}"
            f"{', …' if len(names) > 4 else ''}); its import failed, or it is not installed.",
            server_error=errors[pack],
            actual=sorted(names),
            identity={"pack": pack},
        )
        for pack, names in sorted(by_pack.items())
        if len(names) > 1
    ]


@cache
def _by_name(kind: str) -> Mapping[str, str]:
    """Earlier packs of the file win where two provide the same name."""
    found: dict[str, str] = {}
    for pack, entry in load("packs")["packs"].items():
        for name in entry.get(kind, ()):
            found.setdefault(name, pack)
    return found
