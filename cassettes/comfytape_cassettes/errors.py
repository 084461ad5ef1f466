"""What comfytape itself could not do.

    ComfytapeError                 exit code 2 unless a subclass says otherwise
    ├── UsageError                 a name, an option or a file the user gave does not fit
    ├── CassetteError              a cassette, journal or HAR cannot be read or written
    │   └── LeakError              a secret was found in what was about to be kept
    └── UnreachableError           an endpoint did not answer (exit code 3: unknown)

A promise that the endpoint broke is never an exception: it is a ``Finding``, which shares no base with these.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["CassetteError", "ComfytapeError", "LeakError", "UnreachableError", "UsageError"]


class ComfytapeError(Exception):
    """We could not do it. ``str()`` says what, where, expected and got; ``hint`` is the next thing to do."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ComfytapeError):
    """A name, an option or a file that the user gave does not fit."""


class CassetteError(ComfytapeError):
    """A cassette, journal or HAR cannot be read or written."""


class LeakError(CassetteError):
    """A secret was found in what was about to be kept."""


class UnreachableError(ComfytapeError):
    """An endpoint did not answer, so nothing can be said about it."""

    exit_code: ClassVar[int] = 3
