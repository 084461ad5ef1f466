"""Facts about the outside world, kept as data with their date and source."""

from comfytape_contracts.knowledge.load import by_class, load

__all__ = ["by_class", "load"]
