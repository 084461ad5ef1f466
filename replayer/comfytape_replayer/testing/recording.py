"""Our cassettes in pytest-recording: ``@pytest.mark.vcr("NAME")`` and ``default_cassette("NAME")`` find our folders.

They play with no configuration; ``--record-mode`` records into them, as pytest-recording's own modes do into files.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comfytape_cassettes import CassetteError
from comfytape_cassettes.formats.vcr_recording import FolderRecorder
from comfytape_cassettes.vcr_bridge import CassettePersister

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Folders", "foresee", "install"]

REWRITTEN: pytest.StashKey[set[Path]] = pytest.StashKey()
FORESEEN: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


class Folders(CassettePersister):
    """A vcrpy persister that knows our folders by name, in any of our places."""

    def __init__(self, inner: Any, places: Sequence[Path], recorder: FolderRecorder) -> None:
        super().__init__(inner, self.folder, recorder)
        self.places = places

    def folder(self, path: str) -> Path | None:
        """The cassette folder that a path means: there, or by its name in one of our places.

        An empty folder is one that is still to be recorded.
        """
        name = Path(path).name.removesuffix(".yaml").removesuffix(".json")
        beside = (Path(path), Path(path).with_name(name), *(place / name for place in self.places))
        known = next((place for place in beside if name and (place / "cassette.json").is_file()), None)
        return known or next((place for place in beside if name and is_empty(place)), None)


def is_empty(place: Path) -> bool:
    """Whether there is a folder with nothing in it, but for what git needs to keep it."""
    return place.is_dir() and all(entry.name == ".gitkeep" for entry in os.scandir(place))


def foresee(request: pytest.FixtureRequest) -> None:
    """Note what pytest-recording is about to do for a test; its hook does not say, and ``rewrite`` deletes."""
    markers = list(request.node.iter_markers(name="vcr"))
    if not markers:
        return
    merged = dict(request.getfixturevalue("vcr_config"))
    for marker in reversed(markers):
        merged |= marker.kwargs
    folder, name = request.getfixturevalue("vcr_cassette_dir"), request.getfixturevalue("default_cassette_name")
    request.config.stash[FORESEEN] = {
        "mode": merged.get("record_mode") or request.getfixturevalue("record_mode"),
        "own": Path(folder, f"{name}.{merged.get('serializer', 'yaml')}").is_file(),
        "test": request.node.nodeid,
    }


def install(config: pytest.Config, vcr: Any) -> None:
    """Put our persister around the one that pytest-recording has chosen.

    Raises:
        CassetteError: (by vcrpy, when it saves) a worker of xdist would record into a folder that others record into.
    """
    named = str(config.getoption("comfytape_cassettes") or config.getini("comfytape_cassettes"))
    foreseen = config.stash.get(FORESEEN, {})
    recorder = (SharedRecorder if hasattr(config, "workerinput") else FolderRecorder)(
        secrets=secret_values(config),
        anew=foreseen.get("mode") == "rewrite",
        has_own_file=bool(foreseen.get("own")),
        rewritten=config.stash.setdefault(REWRITTEN, set()),
        source=f"pytest {foreseen.get('test', '')}".strip(),
    )
    vcr.before_record_request = (*hooks(vcr.before_record_request), recorder.clock.request)
    vcr.before_record_response = (*hooks(vcr.before_record_response), recorder.clock.response)
    vcr.register_persister(Folders(vcr.persister, (Path(config.rootpath, named),), recorder))


class SharedRecorder(FolderRecorder):
    """In a worker of xdist: two that record into one folder would undo each other's work."""

    def save(self, folder: Path, pairs: Any) -> None:  # noqa: ARG002 - the signature of what it replaces
        """Refuse.

        Raises:
            CassetteError: always.
        """
        raise CassetteError(f"{folder} cannot be recorded by several workers at once", hint="record with -n0")


def secret_values(config: pytest.Config) -> list[str]:
    """Values that must not be kept: of RunPod's key, and of the variables that ``comfytape_secrets_env`` names."""
    names = ["RUNPOD_API_KEY", *str(config.getini("comfytape_secrets_env")).replace(",", " ").split()]
    return [value for name in names if (value := os.environ.get(name))]


def hooks(given: Any) -> tuple[Any, ...]:
    """vcrpy takes one function, several, or None."""
    if given is None:
        return ()
    return (given,) if callable(given) else tuple(given)
