"""History: what checks found over time, kept in a database or read off recordings."""

from __future__ import annotations

from comfytape.history.run import Run
from comfytape.history.sighting import Sighting, sightings

__all__ = ["Run", "Sighting", "sightings"]
