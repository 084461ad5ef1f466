"""What several rooms' tests stand on: the real recordings, unpacked when asked for."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from comfytape.importing import import_hars

HARS = Path(__file__).parent / "data" / "har"


@pytest.fixture(scope="session")
def real_har(tmp_path_factory):
    """A function: the path of a real HAR file by its name, such as ``runpod-failures.har``; unpacked once."""
    folder = tmp_path_factory.mktemp("har")

    def unpacked(name: str) -> Path:
        path = folder / name
        if not path.exists():
            path.write_bytes(lzma.decompress((HARS / f"{name}.xz").read_bytes()))
        return path

    return unpacked


@pytest.fixture(scope="session")
def imported(real_har, tmp_path_factory):
    """A function: the cassette of a real HAR file, imported once. For reading only."""
    folder = tmp_path_factory.mktemp("imported")
    made = {}

    def cassette(name: str):
        if name not in made:
            made[name] = import_hars([real_har(name)], folder / name.removesuffix(".har"), [], [])
        return made[name]

    return cassette
