"""Facts about the outside world, kept as data with their date and source."""

from comfytape_contracts.knowledge.load import load

__all__ = ["load"]
