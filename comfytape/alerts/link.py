"""The address of the report that a message leads to."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

__all__ = ["link_of"]

GITHUB_RUN = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
"""Where a run and its artifacts are, by the variables that GitHub's runners set."""


def link_of(template: str | None, contract: str) -> str:
    """``report_url`` of the contract with its variables filled in, or the run of GitHub's Actions.

    "" where a variable is not set, so that nobody follows a link that leads nowhere.
    """
    values = {"contract": quote(contract, safe=""), **os.environ}
    names = re.findall(r"\{(\w+)\}", template or GITHUB_RUN)
    if any(not values.get(name) for name in names):
        return ""
    filled = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template or GITHUB_RUN)
    return filled if re.fullmatch(r"https?://[^\s<>\"]+", filled) else ""
