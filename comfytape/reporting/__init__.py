"""Reports: what a check found, in the format that a person or a machine wants. A format is a file in ``formats``."""

from __future__ import annotations

from comfytape.reporting.request import ReportRequest

__all__ = ["ReportRequest"]
