"""Nodes that no inventory has because they live in the browser, where JavaScript of a pack acts for them."""

from __future__ import annotations

import re

from comfytape_contracts.convert.graph import Kind, Node

__all__ = ["reason_for", "vanishes"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

_WIRED = {
    "SetNode": "KJNodes",
    "GetNode": "KJNodes",
    "EmitSetNode": "KJNodes",
    "easy setNode": "ComfyUI-Easy-Use",
    "easy getNode": "ComfyUI-Easy-Use",
    "Anything Everywhere": "cg-use-everywhere",
    "Anything Everywhere?": "cg-use-everywhere",
    "Anything Everywhere3": "cg-use-everywhere",
    "Prompts Everywhere": "cg-use-everywhere",
    "Seed Everywhere": "cg-use-everywhere",
    "Node Collector (rgthree)": "rgthree-comfy",
    "Reroute (rgthree)": "rgthree-comfy",
    "ReroutePrimitive|pysssss": "ComfyUI-Custom-Scripts",
}
"""Virtual classes that carry wires: only their pack's JavaScript knows where to."""

_SILENT = frozenset(
    {
        "Bookmark (rgthree)",
        "Fast Actions Button (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Muter (rgthree)",
        "Label (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Random Unmuter (rgthree)",
    }
)
"""Virtual classes that only label, or switch modes that the file has stored with each node already."""


def vanishes(node: Node) -> bool:
    """Whether an unknown node can be left out of the prompt as its own pack would."""
    return node.kind is Kind.UNKNOWN and node.type in _SILENT


def reason_for(node: Node) -> str:
    """Why an unknown node cannot be converted."""
    pack = _WIRED.get(node.type)
    if pack is not None:
        return f"its wires exist only in the browser, where the JavaScript of {pack} draws them"
    if node.type.startswith(("workflow/", "workflow>")):
        return "it is a group node of an old frontend; convert it to a subgraph in ComfyUI and save again"
    if _UUID.fullmatch(node.type):
        return "the file has no definition of this subgraph"
    return "the inventory has no such class, so the names of its widget values are unknown"
