"""The versions that matter in a bug report."""

from __future__ import annotations

import platform
from importlib import metadata

from comfytape_cassettes.version import __version__

__all__ = ["version_lines"]

PACKAGES = (
    "vcrpy",
    "requests",
    "pydantic",
    "deepdiff",
    "pillow",
    "click",
    "uvicorn",
    "pytest",
    "pytest-recording",
)


def version_lines() -> list[str]:
    """One line for comfytape, one for Python and the platform, one for the packages it stands on."""
    return [
        f"comfytape {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        ", ".join(f"{name} {installed(name)}" for name in PACKAGES),
    ]


def installed(name: str) -> str:
    """The installed version of a distribution, or the words that say it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
