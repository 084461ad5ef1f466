"""Where a cassette lives: a folder on this machine by default, any fsspec URL (``s3://…``) with its extra installed."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from comfytape_cassettes.body import REMEDY, content_name
from comfytape_cassettes.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Bodies", "Folder", "LocalFolder", "RemoteFolder", "folder_at", "is_ours", "sync_directory"]

PARTIAL = ".partial"
BODY_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]+")
AGAIN = "make room or choose another place, and run again; what a recording received before is kept for --resume"


class Folder(Protocol):
    """The few operations that a cassette needs of a place; names are relative, with ``/``."""

    @property
    def label(self) -> str:
        """The place as a person would name it."""

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: there is none of that name.
            CassetteError: it cannot be read.
        """

    def write(self, name: str, data: bytes) -> None:
        """Replace a file as one step: a reader sees the old bytes or the new ones.

        Raises:
            CassetteError: the place is full, gone or read-only.
        """

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
        path = self.path / name
        # Cassettes come in pull requests: a link in one must not show a file of the machine that checks it.
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path)):
            raise CassetteError(f"{path} is a link that leads out of the cassette; it is not followed", hint=REMEDY)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise CassetteError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error

    def write(self, name: str, data: bytes) -> None:
        """See ``Folder.write``; on disk (fsync) before the rename, and the rename too."""
        target = self.path / name
        # Two threads may place the same body at once. What a crash leaves is known by its suffix and swept.
        partial = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with removed_on_error(partial):
                with partial.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(target)
            sync_directory(target.parent)
        except OSError as error:
            raise CassetteError(f"cannot write {target}: {error.strerror}", hint=AGAIN) from error

    def holds(self, name: str, data: bytes) -> bool:
        """Whether a plain file of that name has exactly these bytes."""
        path = self.path / name
        return path.is_file() and not path.is_symlink() and path.read_bytes() == data

    def names(self, under: str) -> set[str]:
        """See ``Folder.names``."""
        place = self.path / under
        return {entry.name for entry in os.scandir(place) if not entry.is_dir()} if place.is_dir() else set()

    def remove(self, names: Iterable[str]) -> None:
        """See ``Folder.remove``."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)


@contextlib.contextmanager
def removed_on_error(path: Path) -> Iterator[None]:
    """Take a half-written file away, whatever stopped its writing."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


class RemoteFolder:
    """Any other place that fsspec reaches. One object is one write, which stores such as S3 make visible whole."""

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 - a local cassette must not pay for its import

        self.url = url.rstrip("/")
        try:
            # What another process wrote a moment ago must be seen, so no cached listings.
            self.files, self.root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError, OSError) as error:
            raise CassetteError(
                f"cannot open {url}: {error}",
                hint="s3:// needs an extra, pip install 'comfytape[s3]'; other kinds of URL the package that it names",
            ) from error

    @property
    def label(self) -> str:
        """The URL."""
        return self.url

    def read(self, name: str) -> bytes:
        """See ``Folder.read``."""
        with self.named_errors(f"{self.url}/{name} cannot be read"):
            data: bytes = self.files.cat_file(f"{self.root}/{name}")
            return data

    def write(self, name: str, data: bytes) -> None:
        """See ``Folder.write``."""
        path = f"{self.root}/{name}"
        with self.named_errors(f"cannot write {self.url}/{name}"):
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(path, data)

    def names(self, under: str) -> set[str]:
        """See ``Folder.names``."""
        with self.named_errors(f"{self.url} cannot be listed"):
            try:
                listed: list[Any] = self.files.ls(self.root if under == "." else f"{self.root}/{under}", detail=True)
            except FileNotFoundError:
                return set()
        return {str(entry["name"]).rpartition("/")[2] for entry in listed if entry["type"] == "file"}

    def remove(self, names: Iterable[str]) -> None:
        """See ``Folder.remove``."""
        for name in names:
            with self.named_errors(f"cannot delete {self.url}/{name}"), contextlib.suppress(FileNotFoundError):
                self.files.rm_file(f"{self.root}/{name}")

    @contextlib.contextmanager
    def named_errors(self, what: str) -> Iterator[None]:
        """Say what could not be done, for every error of the store but a missing file."""
        try:
            yield
        except FileNotFoundError:
            raise
        except store_errors() as error:
            raise CassetteError(
                f"{what}: {error}", hint="check the address, the credentials and the network"
            ) from error


def store_errors() -> tuple[type[Exception], ...]:
    """What a store raises: OSError, and of S3's library its own family, which missing credentials belong to."""
    aws = sys.modules.get("botocore.exceptions")
    return (OSError, aws.BotoCoreError) if aws else (OSError,)


def folder_at(location: str | os.PathLike[str]) -> Folder:
    """The folder at a path or an fsspec URL."""
    text = os.fspath(location).removeprefix("file://")
    return RemoteFolder(text) if "://" in text else LocalFolder(Path(text))


def sync_directory(path: Path) -> None:
    """Make a rename or a new name in ``path`` survive a power cut (POSIX; Windows has no such call)."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_ours(name: str) -> bool:
    """Whether a file is a body or the rest of one that was being written, so that nothing else is ever swept."""
    return name.endswith(PARTIAL) or BODY_NAME.fullmatch(name) is not None


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
        if not BODY_NAME.fullmatch(name):
            raise CassetteError(f"{name!r} is not the name of a body file: expected 32 hex digits and a suffix",
                                hint=REMEDY)  # fmt: skip
        try:
            data = self.folder.read(f"bodies/{name}")
        except FileNotFoundError as error:
            raise CassetteError(f"body file {where} is missing", hint=REMEDY) from error
        if content_name(data, name.partition(".")[2]) != name:
            raise CassetteError(
                f"body file {where} does not match its name: its content was changed after recording",
                hint=f"{REMEDY}; a body file is never edited in place",
            )
        return data
