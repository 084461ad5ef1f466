"""What ``--report FORMAT=PATH`` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comfytape.reporting.destination import Destination
from comfytape.reporting.formats import format_named, format_names
from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.formats import Format
    from comfytape_contracts.verdicts import Report

__all__ = ["ReportRequest"]


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """One report: in which format, and where it goes."""

    format: Format
    destination: Destination

    @classmethod
    def parse(cls, text: str) -> ReportRequest:
        """Read ``FORMAT=PATH``; ``-`` as the path is standard output.

        Raises:
            UsageError: it is spelled otherwise, the format does not exist, or the path is a folder.
        """
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise UsageError(
                f"--report expects FORMAT=PATH, got '{text}'",
                hint=f"for example --report html=report.html; formats: {', '.join(format_names())}",
            )
        if Path(path).is_dir():
            raise UsageError(f"--report {text}: {path} is a folder", hint="name a file in it")
        return cls(format_named(name), Destination(path))

    def write(self, reports: Sequence[Report]) -> None:
        """Write it.

        Raises:
            UsageError: the file cannot be written, or the format needs an extra that is not installed.
        """
        self.format.write(reports, self.destination)
