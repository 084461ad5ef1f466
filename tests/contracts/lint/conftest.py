"""Real inventories, and a workflow that runs on them."""

import copy
import json
import lzma
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data" / "lint"

GOOD = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 255}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


@pytest.fixture(scope="session")
def inventories():
    """By name of the harvest: the classes its cases use."""
    found = {}
    for path in DATA.glob("*.jsonl.xz"):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            found[path.name.removesuffix(".jsonl.xz")] = json.loads(next(lines))["inventory"]
    return found


@pytest.fixture(scope="session")
def old(inventories):
    """ComfyUI 0.3.64 with RES4LYF."""
    return inventories["0.3.64-aug"]


@pytest.fixture(scope="session")
def new(inventories):
    """ComfyUI 0.33.0 with RES4LYF."""
    return inventories["0.33.0-new"]


@pytest.fixture
def good():
    """A workflow that every release runs, to be broken at will."""
    return copy.deepcopy(GOOD)
