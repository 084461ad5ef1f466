"""Where a cassette lives: a folder on this machine by default, any fsspec URL (``s3://…``) with its extra installed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_cassettes.body import content_name
from comfytape_cassettes.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Bodies", "Folder", "LocalFolder", "RemoteFolder", "folder_at", "sync_directory"]


class Folder(Protocol):
    """The few operations that a cassette needs of a place; names are relative, with ``/``."""

    @property
    def label(self) -> str:
        """The place as a person would name it."""

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: there is none of that name.
        """

    def write(self, name: str, data: bytes) -> None:
        """Replace a file as one step: a reader sees the old bytes or the new ones."""

    def names(self, under: str) -> set[str]:
        """Names of the files directly in a subfolder; empty when it does not exist."""

    def remove(self, names: Iterable[str]) -> None:
        """Delete files; those already gone are no error."""


class LocalFolder:
    """A folder on this machine, written with fsync and atomic renames."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def label(self) -> str:
        """The path."""
        return str(self.path)

    def read(self, name: str) -> bytes:
        """See ``Folder.read``."""
        return (self.path / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """See ``Folder.write``; on disk (fsync) before the rename, and the rename too."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # The process id keeps two writers apart; what a crash leaves is recognised by its suffix and swept.
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        sync_directory(target.parent)

    def names(self, under: str) -> set[str]:
        """See ``Folder.names``."""
        place = self.path / under
        return {entry.name for entry in os.scandir(place) if entry.is_file()} if place.is_dir() else set()

    def remove(self, names: Iterable[str]) -> None:
        """See ``Folder.remove``."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)


class RemoteFolder:
    """Any other place that fsspec reaches. One object is one write, which stores such as S3 make visible whole."""

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 - a local cassette must not pay for its import

        self.url = url.rstrip("/")
        try:
            self.files, self.root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise CassetteError(
                f"cannot open {url}: {error}",
                hint="install the extra that serves this kind of URL: pip install 'comfytape[s3]'",
            ) from error

    @property
    def label(self) -> str:
        """The URL."""
        return self.url

    def read(self, name: str) -> bytes:
        """See ``Folder.read``."""
        data: bytes = self.files.cat_file(f"{self.root}/{name}")
        return data

    def write(self, name: str, data: bytes) -> None:
        """See ``Folder.write``."""
        path = f"{self.root}/{name}"
        self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.files.pipe_file(path, data)

    def names(self, under: str) -> set[str]:
        """See ``Folder.names``."""
        try:
            listed: list[Any] = self.files.ls(f"{self.root}/{under}", detail=False)
        except FileNotFoundError:
            return set()
        return {str(path).rpartition("/")[2] for path in listed}

    def remove(self, names: Iterable[str]) -> None:
        """See ``Folder.remove``."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self.files.rm_file(f"{self.root}/{name}")


def folder_at(location: str | os.PathLike[str]) -> Folder:
    """The folder at a path or an fsspec URL."""
    text = os.fspath(location)
    return RemoteFolder(text) if "://" in text else LocalFolder(Path(text))


def sync_directory(path: Path) -> None:
    """Make a rename or a new name in ``path`` survive a power cut (POSIX; Windows has no such call)."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Bodies:
    """The ``bodies/`` of a cassette: files named by their content."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def read(self, name: str) -> bytes:
        """The bytes of one body file.

        Raises:
            CassetteError: the name is not one of ours, the file is missing, or its content does not match its name.
        """
        where = f"{self.folder.label}/bodies/{name}"
        # A name that is not a digest could climb out of the folder; content_name is the only spelling there is.
        digest, _, suffix = name.partition(".")
        if len(digest) != 32 or not digest.isalnum() or not suffix.isalnum():
            raise CassetteError(
                f"{name!r} is not the name of a body file: expected 32 hex digits and a suffix",
                hint="restore the cassette from git, or record it again",
            )
        try:
            data = self.folder.read(f"bodies/{name}")
        except FileNotFoundError as error:
            raise CassetteError(
                f"body file {where} is missing", hint="restore it from git, or record the cassette again"
            ) from error
        except OSError as error:
            raise CassetteError(f"body file {where} cannot be read: {error}") from error
        if content_name(data, suffix) != name:
            raise CassetteError(
                f"body file {where} does not match its name: its content was changed after recording",
                hint="restore it from git, or record the cassette again; a body file is never edited in place",
            )
        return data
