"""Real inventories and the made-up secrets that are planted in things."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data" / "redaction"


@pytest.fixture(params=["0.3.64", "0.10.0"])
def inventory(request) -> bytes:
    """The whole /object_info of a real ComfyUI, as it was received."""
    return lzma.decompress((DATA / f"object_info-{request.param}.json.xz").read_bytes())
