"""A cassette as files of other tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from comfytape_cassettes.errors import UsageError
from comfytape_cassettes.folder import LocalFolder, is_ours
from comfytape_cassettes.formats.har_document import har_of
from comfytape_cassettes.formats.losses import losses

if TYPE_CHECKING:
    from pathlib import Path

    from comfytape_cassettes import Cassette

__all__ = ["SUFFIXES", "export_cassette"]

SUFFIXES = {"vcr": (".yaml", ".yml", ".json"), "har": (".har", ".json"), "wiremock": ()}
"""Formats, and the file suffixes that each may have; none stands for a folder."""


def export_cassette(cassette: Cassette, kind: str, output: Path) -> tuple[str, ...]:
    """Write ``cassette`` as ``kind`` (a key of ``SUFFIXES``); a file that is there is replaced as one step.

    Returns what the format cannot carry, in words.

    Raises:
        UsageError: the suffix does not fit the format.
        CassetteError: the cassette is damaged, the format cannot carry it, or the place cannot be written.
    """
    if kind == "wiremock":
        write_wiremock(cassette, output)
        return tuple(losses(cassette, kind))
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES[kind]:
        raise UsageError(
            f"{output} ends in {suffix or 'nothing'!r}; a {kind} file ends in {' or '.join(SUFFIXES[kind])}",
            hint=f"--output {output.with_suffix(SUFFIXES[kind][0])}",
        )
    if kind == "har":
        text = json.dumps(har_of(cassette), indent=1) + "\n"
    else:
        from comfytape_cassettes.formats.vcr_document import vcr_text  # noqa: PLC0415 - HAR needs no YAML

        text = vcr_text(cassette, as_json=suffix == ".json")
    LocalFolder(output.parent).write(output.name, text.encode())
    return tuple(losses(cassette, kind))


def write_wiremock(cassette: Cassette, root: Path) -> None:
    """Mappings and their files in WireMock's root folder, files first; what an older export left of them goes."""
    from comfytape_cassettes.formats.wiremock import wiremock_of  # noqa: PLC0415 - the other formats do without

    if root.suffix or root.is_file():
        raise UsageError(
            f"{root} is a file or named like one; WireMock's mappings are a folder",
            hint=f"--output {root.with_suffix('')}-wiremock",
        )
    made = wiremock_of(cassette)
    folder = LocalFolder(root)
    for name, data in made.files.items():
        folder.write(name, data)
    folder.write(*made.mappings)
    older = {f"{made.files_folder}/{name}" for name in folder.names(made.files_folder) if is_ours(name)}
    folder.remove(older - made.files.keys())
