"""``matching`` of contract.yaml: what a replay must find equal that it otherwise takes for noise."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from comfytape_contracts.contract.strict import STRICT

__all__ = ["Matching"]


class Matching(BaseModel):
    """How a replay finds the recorded job of a request."""

    model_config = STRICT

    exact: list[Literal["filename_prefixes", "node_ids", "seeds", "titles"]] = Field(
        default=[], description="differences that count; without this they are noise"
    )
