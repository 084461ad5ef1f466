"""A cassette on disk: its index is read on opening, its bodies when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.folder import Bodies, Folder, folder_at
from comfytape_cassettes.index import INDEX, exchange_from, failure_from, parse_index, referenced
from comfytape_cassettes.journal import JOURNAL
from comfytape_cassettes.provenance import Provenance

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from comfytape_cassettes.exchange import Exchange, Failure

__all__ = ["Cassette"]


class Cassette:
    """Exchanges in the order they began, with provenance. Open one with ``Cassette.open``; it never changes."""

    def __init__(self, folder: Folder, index: Mapping[str, Any]) -> None:
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
        try:
            data = folder.read(INDEX)
        except FileNotFoundError as error:
            raise CassetteError(missing(folder)) from error
        except OSError as error:
            raise CassetteError(f"{folder.label}/{INDEX} cannot be read: {error}") from error
        return cls(folder, parse_index(data, f"{folder.label}/{INDEX}"))

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
        metadata = self.index.get("metadata")
        ours = metadata.get("comfytape") if isinstance(metadata, dict) else None
        return ours if isinstance(ours, dict) else {}

    @cached_property
    def provenance(self) -> Provenance:
        """When, by which version and against what it was recorded."""
        return Provenance.from_json(self.metadata)

    @cached_property
    def exchanges(self) -> Sequence[Exchange]:
        """All exchanges, in the order they began.

        Raises:
            CassetteError: an interaction of the index has the wrong shape; the message names file and exchange.
        """
        return tuple(
            exchange_from(interaction, self.bodies, f"{self.label}/{INDEX}, exchange {number}")
            for number, interaction in enumerate(self.index["interactions"], start=1)
        )

    @cached_property
    def failures(self) -> Sequence[Failure]:
        """Requests that got no response at all."""
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
        verified: set[str] = set()
        for number, exchange in enumerate(self.exchanges, start=1):
            for body in (exchange.request.body, exchange.response.body):
                for name in set(body.files()) - verified:
                    try:
                        self.bodies.read(name)
                    except CassetteError as error:
                        where = f"exchange {number}, {exchange.request.method} {exchange.request.url}"
                        raise CassetteError(f"{error} ({where})", hint=error.hint) from error
                    verified.add(name)

    def orphans(self) -> set[str]:
        """Names of files in ``bodies/`` that no exchange refers to."""
        return self.folder.names("bodies") - referenced(self.index["interactions"])


def missing(folder: Folder) -> str:
    """Why there is no index at that place, in words."""
    if JOURNAL in folder.names("."):
        return f"{folder.label} holds a recording that was cut off: finish it with 'comfytape record … --resume'"
    return f"there is no cassette at {folder.label}: expected {folder.label}/{INDEX}"
