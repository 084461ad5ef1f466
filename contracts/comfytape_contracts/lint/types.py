"""Whether an output may feed an input (ComfyUI comfy_execution/validation.py validate_node_input, 0.3.30–0.33.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfytape_contracts.lint.behaviour import Behaviour

__all__ = ["types_agree"]

_MATCH = "COMFY_MATCHTYPE_V3"


def types_agree(received: Any, wanted: Any, behaviour: Behaviour) -> bool:
    """Types are strings, comma unions, ``*``, or the list of options of an old-style combo.

    Lists agree only when equal, order included. ``*`` agrees with everything: packs have used a string class that
    is unequal to nothing for it long before the server itself learned it.
    """
    if received == wanted or "*" in (received, wanted) or _MATCH in (received, wanted):
        return True
    if isinstance(received, list) and wanted == "COMBO":
        return behaviour.list_feeds_combo
    if not isinstance(received, str) or not isinstance(wanted, str):
        return False
    ours = {part.strip() for part in received.split(",")}
    theirs = {part.strip() for part in wanted.split(",")}
    if behaviour.any_in_union and ("*" in ours or "*" in theirs):
        return True
    return bool(ours & theirs)
