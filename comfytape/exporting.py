"""A cassette as one file for other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comfytape_cassettes.errors import UsageError
from comfytape_cassettes.folder import LocalFolder
from comfytape_cassettes.har import har_of

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_cassettes import Cassette

__all__ = ["SUFFIXES", "export_cassette"]

SUFFIXES = {"vcr": (".yaml", ".yml", ".json"), "har": (".har", ".json")}
"""Formats, and the file suffixes that each may have."""


def export_cassette(cassette: Cassette, kind: str, output: Path) -> None:
    """Write ``cassette`` as ``kind`` (a key of ``SUFFIXES``); a file that is there is replaced as one step.

    Raises:
        UsageError: the suffix does not fit the format.
        CassetteError: the cassette is damaged, the format cannot carry it, or the file cannot be written.
    """
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES[kind]:
        raise UsageError(
            f"{output} ends in {suffix or 'nothing'!r}; a {kind} file ends in {' or '.join(SUFFIXES[kind])}",
            hint=f"--output {output.with_suffix(SUFFIXES[kind][0])}",
        )
    if kind == "har":
        text = json.dumps(har_of(cassette), indent=1) + "\n"
    else:
        from comfytape_cassettes.vcr_bridge import vcr_text  # noqa: PLC0415 - HAR needs no vcrpy

        text = vcr_text(cassette, as_json=suffix == ".json")
    LocalFolder(output.parent).write(output.name, text.encode())
