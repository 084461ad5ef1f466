"""A static site over many recordings: trends, comparisons, and since when something is as it is."""

from __future__ import annotations

from comfytape.reporting.site.build import Site, build_site

__all__ = ["Site", "build_site"]
