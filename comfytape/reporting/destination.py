"""Where a report goes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from comfytape_cassettes import UsageError

__all__ = ["Destination"]

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Destination:
    """A file, or standard output for ``-``."""

    path: str

    @property
    def is_stdout(self) -> bool:
        """Whether it is standard output."""
        return self.path == STDOUT

    @property
    def suffix(self) -> str:
        """The file name's ending in small letters, with its dot; "" where there is none."""
        return Path(self.path).suffix.lower()

    def put(self, text: str) -> None:
        """Write the whole report, as UTF-8; a reader of the file sees the old text or the new one.

        Raises:
            UsageError: the file cannot be written.
        """
        # Text out of foreign JSON may hold half a surrogate pair, which UTF-8 has no bytes for.
        data = text.encode("utf-8", "replace")
        if self.is_stdout:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
            return
        path = Path(self.path)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                f"the report cannot be written to {path}: {error.strerror}",
                hint="name a file in a folder you may write",
            ) from error

    def add(self, text: str) -> None:
        """Write at the end of the file, which others may have begun.

        Raises:
            UsageError: the file cannot be written.
        """
        try:
            with Path(self.path).open("ab") as file:
                file.write(text.encode("utf-8", "replace"))
        except OSError as error:
            raise UsageError(f"{self.path} cannot be added to: {error.strerror}") from error
