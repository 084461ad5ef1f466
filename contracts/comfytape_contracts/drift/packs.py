"""Who brought a change about. A pack edits other packs' nodes: RES4LYF adds 19 samplers to the core's KSampler."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from comfytape_contracts.drift.options import token
from comfytape_contracts.inventory import CORE, pack_of
from comfytape_contracts.inventory.canonical import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from comfytape_contracts.drift.change import ChangeRecord

__all__ = ["attribute", "import_failures", "packs_of"]

_MINGLED = ("option-removed", "option-added")

_FAILED = re.compile(r"\(IMPORT FAILED\):\s*(?P<path>\S.*?)\s*$", re.MULTILINE)
_CANNOT = re.compile(r"Cannot import (?P<path>.+?) module for custom nodes: (?P<why>.+?)\s*$", re.MULTILINE)


def attribute(records: Iterable[ChangeRecord], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ChangeRecord]:
    """The records, with ``cause`` where options of one pack's node come from another pack.

    Suspected are packs that came or went and, where nothing else of the core changed, packs that changed. The evidence:
    over a quarter of the options in question are also offered by nodes of the suspect, in the inventory that has it, as
    they are or below a prefix (RES4LYF offers its ``res_2m`` as ``multistep/res_2m``).
    """
    listed = list(records)
    mingled = [record for record in listed if record.rule in _MINGLED]
    others = [record for record in listed if record.rule not in _MINGLED]
    suspects = {record.pack for record in others if record.rule in ("pack-removed", "pack-added")}
    if all(record.pack != CORE for record in others):
        suspects |= {record.pack for record in others if record.pack is not None}
    if not mingled or not suspects:
        return listed
    there = _offers(old, {token(option) for record in mingled for option in record.old or ()}, suspects)
    here = _offers(new, {token(option) for record in mingled for option in record.new or ()}, suspects)
    return [
        replace(record, cause=_pack_offering(there if record.old else here, record))
        if record.rule in _MINGLED
        else record
        for record in listed
    ]


def packs_of(inventory: Mapping[str, Any]) -> dict[str, int]:
    """How many classes each pack provides, the core left out."""
    listed = (raw.get("python_module") for raw in inventory.values() if isinstance(raw, dict))
    modules = Counter(module for module in listed if _is_text(module))
    found: dict[str, int] = defaultdict(int)
    for module, count in modules.items():
        pack = pack_of(module)
        if pack is not None and pack != CORE:
            found[pack] += count
    return dict(found)


def import_failures(log: str) -> dict[str, str]:
    """Packs whose import failed, with the reason (empty where unknown), from ComfyUI's start-up log.

    ``Cannot import …/custom_nodes/NAME module for custom nodes: REASON`` and ``(IMPORT FAILED): …/custom_nodes/NAME``
    are what nodes.py load_custom_node and init_external_custom_nodes log, 0.3.30–0.33.0.
    """
    found = {_name(match["path"]): "" for match in _FAILED.finditer(log)}
    found.update({_name(match["path"]): match["why"] for match in _CANNOT.finditer(log)})
    return found


def _name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1].removesuffix(".py")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _pack_offering(offers: Mapping[str, set[Any]], record: ChangeRecord) -> str | None:
    """The one pack, other than the owner, whose nodes offer a good part of the record's options."""
    wanted = {token(option) for option in record.old or record.new}
    packs = [
        pack for pack, offered in offers.items() if pack != record.pack and 4 * len(wanted & offered) > len(wanted)
    ]
    return packs[0] if len(packs) == 1 else None


def _offers(inventory: Mapping[str, Any], wanted: set[Any], packs: set[str | None]) -> Mapping[str, set[Any]]:
    """Which of the wanted options the nodes of each of these packs offer.

    Packs repeat one long list in dozens of inputs, so each distinct list is looked through once.
    """
    found: dict[str, set[Any]] = defaultdict(set)
    known: dict[tuple[Any, ...], set[Any]] = {}
    for raw in inventory.values() if wanted else ():
        module = raw.get("python_module")
        if not isinstance(module, str) or pack_of(module) not in packs:
            continue
        for choices in _combos(raw):
            key = tuple(map(token, choices))
            if key not in known:
                known[key] = {
                    option.rsplit("/", 1)[-1] if isinstance(option, str) else option for option in key
                } & wanted
            if known[key]:
                found[pack_of(module) or ""] |= known[key]
    return found


def _combos(raw: Mapping[str, Any]) -> Iterator[list[Any]]:
    groups = raw.get("input")
    for group in groups.values() if isinstance(groups, dict) else ():
        for spec in group.values() if isinstance(group, dict) else ():
            if not isinstance(spec, list) or not spec:
                continue
            kind = spec[0]
            if isinstance(kind, list):
                yield kind
            elif kind == "COMBO" and len(spec) > 1:
                yield sequence(mapping(spec[1]).get("options"))
