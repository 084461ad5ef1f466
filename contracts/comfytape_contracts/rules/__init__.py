"""The rule catalogue. A family is a module of this package whose ``RULES`` lists its rules; adding one is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from comfytape_contracts.rules.rule import Direction, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Direction", "Rule", "catalogue"]


@cache
def catalogue() -> Mapping[str, Rule]:
    """Every rule by id, ordered by family and id.

    Raises:
        ValueError: two families define the same id; a programming error, held by a test.
    """
    rules: dict[str, Rule] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        for rule in getattr(importlib.import_module(f"{__name__}.{module.name}"), "RULES", ()):
            if rule.id in rules:
                raise ValueError(f"rule {rule.id} is defined twice")
            rules[rule.id] = rule
    return MappingProxyType(dict(sorted(rules.items(), key=lambda item: (item[1].family, item[0]))))
