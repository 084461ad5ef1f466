"""Why a UI workflow cannot be converted."""

from __future__ import annotations

from comfytape_cassettes.errors import UsageError

__all__ = ["ConversionError"]


class ConversionError(UsageError):
    """The frontend's prompt for this graph cannot be known from the file and the inventory.

    Attributes:
        node_id: the node, as the prompt would name it (``"57:3"`` inside a subgraph); ``""`` for the whole graph.
        class_type: the node's type as written in the file; ``""`` if it has none.
        reason: one sentence without the node, for reports that already name it.
    """

    def __init__(self, reason: str, *, node_id: str = "", class_type: str = "", hint: str = "") -> None:
        where = f"node {node_id} ({class_type or 'without a type'})" if node_id else "the workflow"
        super().__init__(f"cannot convert {where}: {reason}", hint=hint)
        self.node_id = node_id
        self.class_type = class_type
        self.reason = reason
