"""Combos that the server compares in another way than their options suggest: kept as knowledge, class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.knowledge import by_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape_contracts.inventory import InputSpec, NodeClass

__all__ = ["BY_ENDING", "UNCHECKED", "ends_like_an_option", "oddity_of"]

UNCHECKED = "unchecked"
"""Given as a tuple: the server looks at no option, and no list feeds it."""
BY_ENDING = "by-ending"
"""A list that also holds what its options end in (RES4LYF beta/rk_coefficients_beta.py DualFormatList)."""


def oddity_of(node_class: NodeClass, spec: InputSpec) -> str | None:
    """How this combo differs from others, or None."""
    for entry in by_class("odd_combos").get(node_class.name, ()):
        if spec.name in entry["inputs"] and entry["pack"] == node_class.pack:
            kind: str = entry["kind"]
            # A V3 combo keeps its options apart from its type, so a tuple is as good as a list there.
            return None if kind == UNCHECKED and not spec.is_v1_combo else kind
    return None


def ends_like_an_option(value: Any, options: Sequence[Any]) -> bool:
    """``res_2m`` is as good as ``multistep/res_2m``, and so is ``other/multistep/res_2m`` and ``other/2m``.

    Raises:
        TypeError: the value is no text; the list itself raises on it.
    """
    # Without a slash of its own the value must fill the whole last part; with one, any ending counts.
    ending = value.rsplit("/", 1)[-1] if isinstance(value, str) and "/" in value else "/" + value
    return any(isinstance(option, str) and option.endswith(ending) for option in options)
