"""The formats, found by file name.

A format is a module with a function ``write(reports, destination)``, which writes a sequence of
``comfytape_contracts.verdicts.Report`` to a ``comfytape.reporting.destination.Destination``.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.verdicts import Report

__all__ = ["Format", "format_named", "format_names"]


class Format(Protocol):
    """What the module of a format offers."""

    def write(self, reports: Sequence[Report], destination: Destination) -> None:
        """Write the reports.

        Raises:
            UsageError: the destination cannot be written, or an extra is not installed.
        """


def format_names() -> list[str]:
    """All formats in alphabetical order, read from the file names."""
    return sorted(module.name.removesuffix("_") for module in pkgutil.iter_modules(__path__))


def format_named(name: str) -> Format:
    """Import the one format that is asked for: only ``html`` pays for its plots.

    Raises:
        UsageError: there is none of that name; the nearest is suggested.
    """
    names = format_names()
    if name not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1)
        raise UsageError(
            f"there is no report format '{name}'",
            hint=f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names)}",
        )
    # A module `json` beside others would hide Python's own from its readers, so its file is `json_`.
    suffix = "_" if name == "json" else ""
    return cast("Format", importlib.import_module(f"{__name__}.{name}{suffix}"))
