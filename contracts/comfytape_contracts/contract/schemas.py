"""The ``schemas`` of contract.yaml: JSON Schema documents that recorded answers must meet."""

from __future__ import annotations

from pydantic import BaseModel

from comfytape_contracts.contract.strict import STRICT

__all__ = ["Schemas"]


class Schemas(BaseModel):
    """Files beside the contract, each a JSON Schema (2020-12) of one kind of answer.

    ``status``: every ``/status``. ``health``: every ``/health``. ``object_info``: the inventory, whole or by class.
    ``output``: the ``output`` of every COMPLETED job.
    """

    model_config = STRICT

    status: str | None = None
    health: str | None = None
    object_info: str | None = None
    output: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """File names by what they describe."""
        return {kind: file for kind in ("status", "health", "object_info", "output") if (file := getattr(self, kind))}
