"""What is public is said, and there."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

PACKAGES = ["comfytape", "comfytape_cassettes", "comfytape_contracts", "comfytape_recorder", "comfytape_replayer"]

PATCHING = ("comfytape.load", "comfytape.load.user")
"""What imports Locust, which replaces sockets and threads of the whole process: looked at in a process of its own."""


def modules():
    for package in PACKAGES:
        root = importlib.import_module(package)
        yield package
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not module.name.endswith("__main__") and module.name not in PATCHING:
                yield module.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_every_public_name_is_there(name):
    """``__all__`` lists names that exist, each once; ruff holds their order."""
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    for public in names:
        assert getattr(module, public) is not None, public


@pytest.mark.parametrize("name", PATCHING)
def test_every_public_name_is_there_with_locust_too(name):
    """The same in a process that Locust may patch."""
    program = f"import {name} as module; print([getattr(module, public) for public in module.__all__])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "ContractUser" in found.stdout


def test_the_face_exports_what_its_homes_say():
    """Every lazy name of ``comfytape`` is listed, and nothing else is."""
    face = importlib.import_module("comfytape")
    assert set(face.__all__) == {*face.HOMES, "__version__"}
    assert dir(face) == face.__all__


def test_an_unknown_name_is_an_attribute_error():
    """A typo is an AttributeError, as for any module."""
    face = importlib.import_module("comfytape")
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = face.nosuch
