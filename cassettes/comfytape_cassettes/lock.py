"""Advisory locks that the operating system drops when their holder dies: one recorder a cassette, one writer a file."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comfytape_cassettes.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["lock_exclusively", "one_at_a_time"]


def lock_exclusively(handle: int, path: Path) -> None:
    """Lock an open file, or say who to wait for.

    Raises:
        CassetteError: another process holds it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - Windows alone has it

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - Windows has none

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CassetteError(
            f"another process is recording into {path.parent}",
            hint="wait for it, stop it, or record into another folder with --into",
        ) from error


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes a file of ``folder``: for reading it, changing it and writing it back.

    The folder itself is locked, so no lock file is left. Windows cannot lock a folder: there it is not waited for.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - Windows has none

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
