"""Edge cases by name: texts and sizes at the limits of what an endpoint should take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.cases.fields import Place, prompts_in, sizes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_contracts.contract.cases import Size
    from comfytape_contracts.inventory import Inventory

__all__ = ["edge_values"]

LONG = " ".join(f"a lighthouse at dusk, wave {number}," for number in range(1, 301))
"""Some 9,000 characters: thirty times the 77 tokens that one pass of CLIP takes."""
UNICODE = (
    "café, naïve — 東京の夜景, Привет, مرحبا بالعالم, שלום, ไทย, e\u0301 "
    "\U0001f338\U0001f469\u200d\U0001f680 “quotes” \\ / \n\ttab"
)
"""Accents, scripts from both sides, a combining mark, joined emoji, quotation marks, a backslash, a line break."""
TEXTS = {"empty-prompt": "", "very-long-prompt": LONG, "unicode": UNICODE}

SMALLEST, STEP = 16, 8
"""Where the inventory does not say: ComfyUI's EmptyLatentImage takes 16 and more in steps of 8 (nodes.py)."""
LARGEST = 16384
"""ComfyUI's MAX_RESOLUTION (nodes.py)."""


def edge_values(edge: str, workflow: Mapping[str, Any], inventory: Inventory, largest: Size) -> dict[Place, Any]:
    """The inputs that an edge changes, with their values.

    Raises:
        UsageError: the workflow has no prompt, or no size, that could be found.
    """
    if edge in TEXTS:
        return dict.fromkeys(found_prompts(workflow, inventory, f"edge {edge}"), TEXTS[edge])
    values: dict[Place, Any] = {}
    for places in found_sizes(workflow, inventory, f"edge {edge}"):
        for place, bound in zip(places, largest, strict=True):
            least, most, step = limits(place, workflow, inventory)
            values[place] = least if edge == "minimal-size" else max(min(most, bound) // step * step, least)
    return values


def found_prompts(workflow: Mapping[str, Any], inventory: Inventory, wanted: str) -> list[Place]:
    """The prompts of a workflow.

    Raises:
        UsageError: it has none.
    """
    found = prompts_in(workflow, inventory)
    if not found:
        raise UsageError(
            f"{wanted}: no text of several lines that could be a prompt was found in the workflow",
            hint="name the input instead: set: {NODE: {INPUT: TEXT}}",
        )
    return found


def found_sizes(workflow: Mapping[str, Any], inventory: Inventory, wanted: str) -> list[tuple[Place, Place]]:
    """The widths and heights of a workflow.

    Raises:
        UsageError: it has none.
    """
    found = sizes_in(workflow, inventory)
    if not found:
        raise UsageError(
            f"{wanted}: no node with a width and a height was found in the workflow",
            hint="name the inputs instead: set: {NODE: {INPUT: PIXELS}}",
        )
    return found


def limits(place: Place, workflow: Mapping[str, Any], inventory: Inventory) -> tuple[int, int, int]:
    """Least, most and step of an input, as the inventory has them."""
    node_class = inventory.get(workflow[place[0]].get("class_type"))
    spec = node_class.inputs.get(place[1]) if node_class else None
    options = spec.options if spec else {}
    found = [options.get(key) for key in ("min", "max", "step")]
    least, most, step = (
        value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else usual
        for value, usual in zip(found, (SMALLEST, LARGEST, STEP), strict=True)
    )
    return least, most, step
