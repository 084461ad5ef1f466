"""Reading workflow files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_text", "read_workflow"]


def read_workflow(path: Path) -> dict[str, Any]:
    """A workflow file, parsed.

    Raises:
        UsageError: it is not a JSON object.
    """
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}", hint="export the workflow in API format") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} is not a workflow: expected an object of nodes, got {type(data).__name__}")
    return data


def read_text(path: Path) -> str:
    """A file as UTF-8 text.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}") from error
