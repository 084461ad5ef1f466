"""A cassette on disk: its index is read on opening, its bodies when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.exchanges import Exchanges
from comfytape_cassettes.folder import Bodies, Folder, folder_at, is_ours
from comfytape_cassettes.index import INDEX, Index, failure_from, parse_index
from comfytape_cassettes.journal import JOURNAL
from comfytape_cassettes.provenance import Provenance

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from comfytape_cassettes.exchange import Exchange, Failure

__all__ = ["ATTRIBUTES", "Cassette"]

ATTRIBUTES = (".gitattributes", b"* -text\n")
"""Keeps git from rewriting line ends: a body that differs by one byte no longer matches its name."""


class Cassette:
    """Exchanges in the order they began, with provenance. Open one with ``Cassette.open``; it never changes."""

    def __init__(self, folder: Folder, index: Index) -> None:
        self.folder = folder
        self.index = index
        self.bodies = Bodies(folder)

    @classmethod
    def open(cls, location: str | os.PathLike[str]) -> Cassette:
        """Open the cassette in a folder or at an fsspec URL; only the index is read.

        Raises:
            CassetteError: there is none, or its index is damaged; the message names the file and what to do.
        """
        folder = folder_at(location)
        return cls(folder, parse_index(read_index(folder), f"{folder.label}/{INDEX}"))

    @property
    def label(self) -> str:
        """Where it is, as a person would name it."""
        return self.folder.label

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.label.rstrip("/").replace("\\", "/").rpartition("/")[2]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The ``metadata.comfytape`` object; empty for a cassette of another tool."""
        ours = self.index.metadata.get("comfytape")
        return ours if isinstance(ours, dict) else {}

    @cached_property
    def provenance(self) -> Provenance:
        """When, by which version and against what it was recorded."""
        return Provenance.from_json(self.metadata)

    @cached_property
    def exchanges(self) -> Sequence[Exchange]:
        """All exchanges, in the order they began, each built when it is asked for.

        Raises:
            CassetteError: (by the items) an interaction has the wrong shape; the message names file and exchange.
        """
        return Exchanges(self.index, self.bodies, f"{self.label}/{INDEX}")

    @cached_property
    def failures(self) -> Sequence[Failure]:
        """Requests that got no response at all.

        Raises:
            CassetteError: one has the wrong shape; the message names file and number.
        """
        listed = self.metadata.get("failures")
        return tuple(
            failure_from(item, f"{self.label}/{INDEX}, failed request {number}")
            for number, item in enumerate(listed if isinstance(listed, list) else [], start=1)
        )

    def verify(self) -> None:
        """Read every body once.

        Raises:
            CassetteError: one is missing, damaged or has the wrong shape; the message names file and exchange.
        """
        verified: set[tuple[str, ...]] = set()
        for exchange in self.exchanges:
            for body in (exchange.request.body, exchange.response.body):
                files = tuple(body.files())
                if files not in verified:
                    body.raw()
                    if isinstance(body.spec, dict) and "file" in body.spec:
                        verified.add(files)

    def referenced(self) -> set[str]:
        """Names of the body files that the exchanges need."""
        return {
            name for each in self.exchanges for body in (each.request.body, each.response.body) for name in body.files()
        }

    def orphans(self) -> set[str]:
        """Names of body files, whole or half written, that no exchange refers to."""
        return {name for name in self.folder.names("bodies") if is_ours(name)} - self.referenced()

    def copy_to(self, location: str | os.PathLike[str]) -> Cassette:
        """The same cassette in another folder or at an fsspec URL, bodies first: a reader there sees it whole or not.

        Raises:
            CassetteError: a body is missing or damaged, or the place cannot be written.
        """
        folder = folder_at(location)
        index = read_index(self.folder)
        for name in sorted(self.referenced()):
            folder.write(f"bodies/{name}", self.bodies.read(name))
        folder.write(*ATTRIBUTES)
        folder.write(INDEX, index)
        copied = Cassette.open(location)
        folder.remove(f"bodies/{name}" for name in sorted(copied.orphans()))
        return copied


def read_index(folder: Folder) -> bytes:
    """The bytes of the index, or why there is none."""
    try:
        return folder.read(INDEX)
    except FileNotFoundError as error:
        raise missing(folder) from error


def missing(folder: Folder) -> CassetteError:
    """Why there is no index at that place, and what to do."""
    if JOURNAL in folder.names("."):
        return CassetteError(
            f"{folder.label} holds a recording that was cut off",
            hint="finish it with 'comfytape record … --resume'; an import is simply run again",
        )
    return CassetteError(
        f"there is no cassette at {folder.label}: expected {folder.label}/{INDEX}",
        hint="'comfytape record' and 'comfytape import' make one",
    )
