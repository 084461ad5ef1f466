"""The versions that matter in a bug report."""

from __future__ import annotations

import platform
from importlib import metadata

from packaging.requirements import Requirement

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
    """One line for comfytape, one for Python and the platform, one for the packages it stands on, one for extras."""
    return [
        f"comfytape {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        ", ".join(f"{name} {installed(name)}" for name in PACKAGES),
        "extras: " + "; ".join(f"{name}: {', '.join(found)}" for name, found in extras().items()),
    ]


def extras() -> dict[str, list[str]]:
    """What each extra brings, with its version; nothing where comfytape itself is not installed."""
    try:
        own = metadata.distribution("comfytape")
    except metadata.PackageNotFoundError:
        return {}
    required = [Requirement(text) for text in own.requires or ()]
    return {
        extra: [
            f"{need.name} {installed(need.name)}"
            for need in required
            if need.marker and need.marker.evaluate({"extra": extra}) and not need.marker.evaluate({"extra": ""})
        ]
        for extra in sorted(own.metadata.get_all("Provides-Extra") or ())
    }


def installed(name: str) -> str:
    """The installed version of a distribution, or the words that say it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
