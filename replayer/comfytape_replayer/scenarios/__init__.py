"""Scenarios: named variations of what was recorded, each imitating something that happens on real endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape_replayer.scenarios.cast import Cast, Casting
from comfytape_replayer.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from comfytape_replayer.scenarios.catalogue import SCENARIOS

__all__ = ["SCENARIOS", "Cast", "Casting", "Scenario"]


def __getattr__(name: str) -> Any:
    """Import the catalogue when it is asked for: most servers play what was recorded."""
    if name == "SCENARIOS":
        from comfytape_replayer.scenarios.catalogue import SCENARIOS  # noqa: PLC0415 - see above

        return SCENARIOS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
