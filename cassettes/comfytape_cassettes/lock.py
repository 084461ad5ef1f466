"""One recorder a cassette: an advisory lock that the operating system drops when its holder dies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from comfytape_cassettes.errors import CassetteError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["lock_exclusively"]


def lock_exclusively(handle: int, path: Path) -> None:
    """Lock an open file, or say who to wait for.

    Raises:
        CassetteError: another process holds it.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CassetteError(
            f"another process is recording into {path.parent}",
            hint="wait for it, stop it, or record into another folder with --into",
        ) from error
