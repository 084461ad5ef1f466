"""The versions registry: what a team's dependency management pins, in a file beside the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from comfytape_cassettes.errors import UsageError
from comfytape_contracts.contract.strict import STRICT
from comfytape_contracts.yaml_file import YamlFile, read_yaml

if TYPE_CHECKING:
    from comfytape_contracts.contract.load import Contract

__all__ = ["COMPONENTS", "PackPin", "PinnedVersions", "Registry", "allows"]

COMPONENTS = ("comfyui", "frontend", "python", "torch", "worker", "sdk")
"""What is pinned besides node packs. ``worker`` is worker-comfyui, ``sdk`` RunPod's Python SDK in it."""


def pin(value: str) -> str:
    """A version as it is, or a range as PEP 440 writes it; an empty one pins nothing."""
    expected = "expected a version such as '0.10.0', or a range such as '>=0.10,<0.11'"
    if not value.strip():
        raise ValueError(expected)
    try:
        Version(value)
    except InvalidVersion:
        try:
            SpecifierSet(value)
        except InvalidSpecifier as error:
            raise ValueError(expected) from error
    return value


Pin = Annotated[str, AfterValidator(pin)]


class PackPin(BaseModel):
    """A node pack: its version or commit, and the fingerprint of its node definitions."""

    model_config = STRICT

    version: Pin | None = None
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}$")] | None = None
    definitions: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None


class PinnedVersions(BaseModel):
    """The file, key by key; what it leaves out is not compared. Packs go by the name of their folder."""

    model_config = STRICT

    comfyui: Pin | None = None
    frontend: Pin | None = None
    python: Pin | None = None
    torch: Pin | None = None
    worker: Pin | None = None
    sdk: Pin | None = None
    packs: dict[str, PackPin] = {}


@dataclass(frozen=True, slots=True)
class Registry:
    """The pinned versions with the file that they stand in."""

    pinned: PinnedVersions
    file: YamlFile

    @classmethod
    def beside(cls, contract: Contract) -> Registry | None:
        """The registry that a contract names, or None where it names none.

        Raises:
            UsageError: it is not there, or does not say what a registry says; file, line and key are named.
        """
        name = contract.model.versions.registry
        if name is None:
            return None
        file = read_yaml(contract.beside(name))
        try:
            return cls(PinnedVersions.model_validate(file.data if file.data is not None else {}), file)
        except ValidationError as error:
            raise UsageError(
                "\n".join(words(file, item["loc"], item["msg"], item["input"]) for item in error.errors()),
                hint="see docs/dependencies.md; versions are texts: write '3.10' in quotes",
            ) from error

    def line(self, *keys: str) -> int | None:
        """The line of a key."""
        return self.file.line(keys)


def words(file: YamlFile, at: tuple[int | str, ...], said: str, got: object) -> str:
    """One error with file, line and key."""
    where = f"{file.path}:{file.line(tuple(at)) or 1}"
    return f"{where}: {'.'.join(map(str, at)) or 'the file'}: {said.removeprefix('Value error, ')}, got {got!r:.80}"


def allows(pinned: str, seen: str) -> bool:
    """Whether a version is the pinned one, or in the pinned range.

    A pin counts as far as it goes: 3.11 allows 3.11.9, and a local part such as torch's ``+cu128`` only counts where
    the pin has one.
    """
    try:
        found = Version(seen)
    except InvalidVersion:
        return pinned == seen
    try:
        exact = Version(pinned)
    except InvalidVersion:
        return SpecifierSet(pinned).contains(found, prereleases=True)
    if exact.local is not None:
        return exact == found
    parts = re.split(r"[.]", exact.base_version)
    longer = found.release[: len(parts)] == exact.release and len(found.release) > len(parts)
    return found.public == exact.public or (longer and not exact.is_prerelease)
