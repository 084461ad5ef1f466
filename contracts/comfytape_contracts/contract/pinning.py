"""Drafting a versions registry from what a recording shows, each line with where it was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comfytape_contracts.contract.registry import COMPONENTS
from comfytape_contracts.seen_versions import SeenVersions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from comfytape_contracts.tape import Tape

__all__ = ["REGISTRY_FILE", "draft_registry"]

REGISTRY_FILE = "versions.yaml"
HEAD = "# What is pinned, as a recording shows it. Keep it beside the lock files of your images."


def draft_registry(tape: Tape) -> str:
    """The text of a registry file; "" where the recording does not even tell ComfyUI's version."""
    seen = SeenVersions.of(tape)
    return "\n".join([HEAD, *drafted(seen), ""]) if "comfyui" in seen.parts else ""


def drafted(seen: SeenVersions) -> Iterator[str]:
    """Line by line; what was not seen is a comment."""
    for name in COMPONENTS:
        found = seen.parts.get(name)
        yield f"{name}: {json.dumps(found.version)}  # {found.where}" if found else f"# {name}: not seen"
    if seen.packs:
        yield "packs:"
    for name, pack in sorted(seen.packs.items()):
        facts = [(key, getattr(pack, key)) for key in ("version", "commit", "definitions")]
        # Manager calls a checkout 'nightly'; that pins nothing.
        pinned = ", ".join(f"{key}: {json.dumps(value)}" for key, value in facts if value and value != "nightly")
        if pack.enabled:
            yield f"  {json.dumps(name)}: {{{pinned}}}"
