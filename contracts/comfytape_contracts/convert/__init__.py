"""UI workflows to API format, as ComfyUI's own frontend does it.

The frontend keeps a graph in memory, lets widgets and links act on it while a file is loaded, and then writes what
is there. The same steps are taken here in the same order::

    record ──► loading (construction, restoring, dynamic, instance, primitive, reroute) ──► prompt (resolution, text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_contracts.convert.failure import ConversionError
from comfytape_contracts.convert.loading import load
from comfytape_contracts.convert.prompt import write_prompt
from comfytape_contracts.convert.record import read_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConversionError", "convert_workflow"]


def convert_workflow(ui: Mapping[str, Any], inventory: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a UI (litegraph) workflow to API format, node for node and value for value.

    Args:
        ui: the parsed file that ComfyUI's 'Save' writes: ``{"nodes": [...], "links": [...], ...}``. Not changed.
        inventory: the parsed ``/object_info`` of the server for which the prompt is meant.

    Returns:
        ``{node id: {"inputs": {...}, "class_type": str, "_meta": {"title": str}}}``. Ids of nodes inside subgraphs
        are paths such as ``"57:3"``. Numbers are written as JavaScript writes them (``1.0`` becomes ``1``).

    Raises:
        ConversionError: names the node and the reason, where the prompt cannot be known from these two alone.
    """
    return write_prompt(load(read_workflow(ui), inventory))
