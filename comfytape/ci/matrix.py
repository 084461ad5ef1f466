"""The matrix of a workflow: contracts and endpoints, spread over runners."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["matrix"]

LIMIT = 256
"""Jobs that GitHub runs of one matrix in one workflow run (docs.github.com, "Usage limits" of Actions)."""
NAME = re.compile(r"[A-Za-z0-9_.~-]+")
"""What may stand in a list, a folder's name and an artifact's name alike."""


def matrix(
    contracts: Sequence[str], endpoints: Sequence[str] = (), runners: int = 1, budget_usd: float | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The value of ``strategy.matrix``: one entry a job, under ``include``.

    An entry has ``name`` (for artifacts), ``endpoint`` ("" where the environment decides), ``contracts`` (names with a
    space between) and ``budget`` (its even share in USD, "" for none). ``runners`` is how many jobs share the contracts
    of one endpoint: jobs that queue at the same endpoint measure each other's waiting, so the default is one.

    Raises:
        UsageError: nothing to run, a name that cannot stand in a list, or more jobs than GitHub takes.
    """
    if not contracts:
        raise UsageError("there is no contract to run", hint="draft one: comfytape init NAME --workflow FILE")
    for name in (*contracts, *endpoints):
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot stand in a matrix", hint="expected letters, digits and any of . _ ~ -")
    # Every nth contract: neighbours in the alphabet are often alike, and should not end up on one runner.
    shares = [share for i in range(runners) if (share := contracts[i::runners])]
    places = list(dict.fromkeys(endpoints)) or [""]
    if len(shares) * len(places) > LIMIT:
        raise UsageError(
            f"{len(shares) * len(places)} jobs, and GitHub runs at most {LIMIT} of one matrix",
            hint=f"--runners {max(LIMIT // len(places), 1)} puts more contracts on a runner",
        )
    cassettes = len(contracts) * len(places)
    return {
        "include": [
            {
                "name": f"{endpoint or 'endpoint'}-{number}",
                "endpoint": endpoint,
                "contracts": " ".join(share),
                "budget": "" if budget_usd is None else f"{budget_usd * len(share) / cassettes:.6f}",
            }
            for endpoint in places
            for number, share in enumerate(shares, start=1)
        ]
    }
