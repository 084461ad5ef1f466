"""Scenarios: named variations of what was recorded, each imitating something that happens on real endpoints."""

from comfytape_replayer.scenarios.cast import Cast, Casting
from comfytape_replayer.scenarios.catalogue import SCENARIOS
from comfytape_replayer.scenarios.scenario import Scenario

__all__ = ["SCENARIOS", "Cast", "Casting", "Scenario"]
