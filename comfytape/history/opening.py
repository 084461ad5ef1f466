"""The history that a command line names, where the extra for it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from comfytape.history.database import History

__all__ = ["open_history"]


def open_history(text: str) -> History:
    """The history at a path or URL; it is first touched when it is used.

    Raises:
        UsageError: it is no address of a history, or the extra ``history`` is not installed.
    """
    try:
        from comfytape.history.database import History  # noqa: PLC0415 - of the extra
    except ImportError as error:
        raise UsageError(
            f"--history needs {error.name}, which is not installed", hint="pip install 'comfytape[history]'"
        ) from error
    return History.at(text)
