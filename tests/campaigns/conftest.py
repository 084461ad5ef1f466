"""The programs of the campaigns, imported by path: they are no package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

CAMPAIGNS = Path(__file__).parents[2] / "benchmarks" / "campaigns"


@pytest.fixture(scope="session")
def program():
    """A function: the campaign of that name."""
    sys.path.append(str(CAMPAIGNS))
    yield importlib.import_module
    sys.path.remove(str(CAMPAIGNS))
