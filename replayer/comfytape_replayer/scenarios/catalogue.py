"""All scenarios by name."""

from __future__ import annotations

from comfytape_replayer.scenarios.failing import FAILING
from comfytape_replayer.scenarios.installations import INSTALLATIONS
from comfytape_replayer.scenarios.queueing import QUEUEING
from comfytape_replayer.scenarios.requests import REQUESTS
from comfytape_replayer.scenarios.results import RESULTS

__all__ = ["SCENARIOS"]

SCENARIOS = {s.name: s for s in (*QUEUEING, *FAILING, *RESULTS, *REQUESTS, *INSTALLATIONS)}
"""Every scenario that ``--scenario`` and the header ``X-Comfytape-Scenario`` take."""
