"""The journal: what was received, on disk the moment it arrived, one JSON document a line.

A line is either an interaction in the index's spelling, a failed request, or a mark of the recorder's own ("about to
submit sample 3"). Lines are written with one ``write`` call each, so a killed process loses none that it had written; a
background thread fsyncs, so a power cut loses at most the last few milliseconds of polls. What must not be lost at all
(a paid job) is written with ``durable=True``, which waits for the disk.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.lock import lock_exclusively

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JOURNAL", "Journal", "read_journal"]

JOURNAL = "journal.jsonl"


class Journal:
    """An append-only file, safe to use from several threads, locked against a second recorder."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal at ``path``.

        Raises:
            CassetteError: another process is recording here, or the place cannot be written.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.handle = open_locked(path)
        except OSError as error:
            raise CassetteError(
                f"cannot write {path}: {error.strerror}",
                hint="make room, or choose another folder with --into",
            ) from error
        self.writing = threading.Lock()
        self.dirty = threading.Event()
        self.closed = False
        self.sync_error: OSError | None = None
        self.syncer = threading.Thread(target=self.sync_in_background, name="journal-fsync", daemon=True)
        self.syncer.start()

    def append(self, document: dict[str, Any], *, durable: bool = False) -> None:
        """Write one line; with ``durable`` it is on disk when this returns.

        Raises:
            CassetteError: the disk is full or gone, or the recording was closed; what was written before stays whole.
        """
        line = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        try:
            with self.writing:
                self.write_line(line)
            if durable:
                os.fsync(self.handle)
            else:
                self.dirty.set()
        except OSError as error:
            raise CassetteError(
                f"cannot write {self.path}: {error.strerror}",
                hint="what was received before is kept; make room and continue with --resume",
            ) from error

    def write_line(self, line: bytes) -> None:
        """A whole line or none of it."""
        # After closing, the number of the handle may belong to another file of this process.
        if self.closed:
            raise CassetteError(f"{self.path} is closed: what came after the recording ended is not kept")
        if self.sync_error is not None:
            raise self.sync_error
        state = os.fstat(self.handle)
        if state.st_nlink == 0:
            raise CassetteError(
                f"{self.path} was deleted while it was being written",
                hint="what came before went with it; record again, and leave the folder alone meanwhile",
            )
        try:
            write_all(self.handle, line)
        except OSError:
            # Half a line would make the next one unreadable.
            os.ftruncate(self.handle, state.st_size)
            raise

    def empty(self) -> None:
        """Start the file over."""
        os.ftruncate(self.handle, 0)

    def drop_torn_line(self) -> None:
        """Cut off what a crash left of a line that was being written."""
        os.ftruncate(self.handle, self.path.read_bytes().rfind(b"\n") + 1)

    def sync_in_background(self) -> None:
        """fsync while there is something new; several lines share one call."""
        while True:
            self.dirty.wait()
            if self.closed:
                return
            self.dirty.clear()
            try:
                os.fsync(self.handle)
            except OSError as error:
                # The next append reports it to somebody who can act.
                self.sync_error = error
                return

    def close(self) -> None:
        """Flush to disk and release the lock.

        Raises:
            CassetteError: the last lines could not be brought to disk.
        """
        with self.writing:
            if self.closed:
                return
            self.closed = True
        self.dirty.set()
        self.syncer.join()
        try:
            os.fsync(self.handle)
        except OSError as error:
            raise CassetteError(
                f"cannot write {self.path}: {error.strerror}", hint="the last lines may be lost"
            ) from error
        finally:
            os.close(self.handle)


def open_locked(path: Path) -> int:
    """A handle on the file of that name, locked.

    Raises:
        OSError: it cannot be opened or created.
        CassetteError: another process holds it.
    """
    while True:
        # A link of that name in a folder that somebody sent would have another file written (no such flag on Windows).
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            lock_exclusively(handle, path)
            # The one who held it may have finished and deleted it since the name was looked up.
            if os.fstat(handle).st_nlink:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def write_all(handle: int, data: bytes) -> None:
    """``os.write`` may write less than asked for."""
    while data:
        data = data[os.write(handle, data) :]


def read_journal(path: Path) -> list[dict[str, Any]]:
    """All whole lines. A last line without its newline was torn by a crash and is left out.

    Raises:
        CassetteError: it is gone, or a line before the last is not a JSON object: the file was edited.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CassetteError(f"{path} cannot be read: {error.strerror}", hint="record again") from error
    whole = data[: data.rfind(b"\n") + 1]
    documents: list[dict[str, Any]] = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise CassetteError(
                f"{path}, line {number} is not a JSON object: the journal was edited or damaged",
                hint=f"delete line {number} and run again with --resume",
            )
        documents.append(document)
    return documents
