"""Our cassettes in pytest-recording: ``@pytest.mark.vcr("NAME")`` and ``default_cassette("NAME")`` find our folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import Cassette
from comfytape_cassettes.vcr_bridge import CassettePersister, pairs_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

__all__ = ["Folders", "install"]


class Folders(CassettePersister):
    """A vcrpy persister that plays our folders beside the files of the one it wraps, extra cassettes included."""

    def __init__(self, inner: Any, places: Sequence[Path]) -> None:
        super().__init__(inner, self.folder)
        self.places = places

    def folder(self, path: str) -> Path | None:
        """The cassette folder that a path means: there, or by its name in one of our places."""
        name = Path(path).name.removesuffix(".yaml").removesuffix(".json")
        beside = (Path(path), Path(path).with_name(name), *(place / name for place in self.places))
        return next((place for place in beside if name and (place / "cassette.json").is_file()), None)

    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """Requests and responses of all folders and files that the test names.

        Raises:
            vcr's CassetteNotFoundError: nothing is there.
        """
        paths = [str(cassette_path), *getattr(self.inner, "extra_paths", ())]
        folders = [folder for path in paths if (folder := self.folder(path)) is not None]
        requests: list[Any] = []
        responses: list[Any] = []
        if not folders or any(Path(path).is_file() for path in paths):
            more = self.inner.load_cassette(cassette_path, serializer)
            requests += more[0]
            responses += more[1]
        for folder in folders:
            asked, answered = pairs_of(Cassette.open(folder))
            requests += asked
            responses += answered
        return requests, responses


def install(config: pytest.Config, vcr: Any) -> None:
    """Put our persister around the one that pytest-recording has chosen."""
    named = str(config.getoption("comfytape_cassettes") or config.getini("comfytape_cassettes"))
    vcr.register_persister(Folders(vcr.persister, (Path(config.rootpath, named),)))
