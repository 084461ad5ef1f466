"""Reading the JSON files beside this module."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["load"]


@cache
def load(name: str) -> Any:
    """The document ``knowledge/NAME.json``; read once. Do not change what it returns."""
    return json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
