"""Which ComfyUI an inventory comes from. ``/object_info`` does not say, but what it holds gives a lower bound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from comfytape_contracts.inventory.node_class import CORE, pack_of
from comfytape_contracts.knowledge import load

if TYPE_CHECKING:
    from comfytape_contracts.inventory.inventory import Inventory

__all__ = ["Version", "estimate_version", "latest_version", "parse_version"]

Version = tuple[int, int, int]

_OLDEST: Version = (0, 3, 30)

_LOOKED_AT = 200
"""Classes whose keys are looked at: a server gives the same keys to all classes of a kind."""

_WHOLE_CORE = 250
"""Core classes that a whole inventory has at least; 0.3.30 without API nodes has 293."""

_KEYS: tuple[tuple[str, Version], ...] = (
    ("has_intermediate_output", (0, 19, 0)),
    ("essentials_category", (0, 15, 0)),
    ("is_input_list", (0, 12, 0)),
    ("dev_only", (0, 11, 1)),
    ("search_aliases", (0, 11, 0)),
    ("price_badge", (0, 10, 0)),
    ("output_matchtypes", (0, 4, 0)),
)
"""Keys of a class in ``/object_info``, and the release that brought each (git history of server.py and _io.py).

``price_badge`` came with 0.9.2; without API nodes nothing else tells that from 0.10.0, which is far commoner.
"""


def parse_version(text: str) -> Version | None:
    """``v0.3.64`` as (0, 3, 64); anything after the third number is ignored. None where there is no version."""
    match = re.match(r"v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", text.strip())
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def estimate_version(inventory: Inventory) -> Version:
    """The oldest release that could have said this: by its keys and by the newest core class it has.

    Exact to a few releases for a whole inventory; for a handful of classes it may be far too low.
    """
    return max(_by_classes(inventory), _by_keys(inventory))


def _by_classes(inventory: Inventory) -> Version:
    for version, names in _releases():
        if any(_is_core(inventory.raw.get(name)) for name in names):
            return version
    return _OLDEST


def _by_keys(inventory: Inventory) -> Version:
    found = _OLDEST
    for raw in islice(inventory.raw.values(), _LOOKED_AT):
        for key, version in _KEYS:
            if version <= found:
                break  # the newest comes first
            if isinstance(raw, Mapping) and key in raw:
                found = version
    return found


def _is_core(raw: Any) -> bool:
    return isinstance(raw, Mapping) and pack_of(raw.get("python_module")) == CORE


def latest_version(inventory: Inventory) -> Version | None:
    """The newest release that the inventory can come from, or None where too little of the core is there to tell.

    The first release after the estimate that brought core classes was not it, for none of them is there.
    """
    if len(inventory.packs.get(CORE, ())) < _WHOLE_CORE:
        return None
    estimate = estimate_version(inventory)
    later = min((version for version, _ in _releases() if version > estimate), default=None)
    return (later[0], later[1], later[2] - 1) if later else None


@cache
def _releases() -> tuple[tuple[Version, tuple[str, ...]], ...]:
    """Releases with the core classes each brought, the newest first."""
    found = []
    for text, names in load("core_classes")["releases"].items():
        version = parse_version(text)
        assert version is not None
        found.append((version, tuple(names)))
    return tuple(sorted(found, reverse=True))
