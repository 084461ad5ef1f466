"""The bridge to vcrpy and pytest-recording: cassette folders play in them and are recorded by them.

The only module that imports ``vcr``. vcrpy's patching of http.client loses requests made from several threads, so what
records live endpoints is comfytape's own transport; a test suite that records through vcrpy gets what vcrpy saw.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister
from vcr.request import Request as VcrRequest

from comfytape_cassettes.cassette import Cassette
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.formats.vcr_document import polls_in_order
from comfytape_cassettes.formats.vcr_recording import Origin
from comfytape_cassettes.index import INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comfytape_cassettes.formats.vcr_recording import FolderRecorder

__all__ = ["CassettePersister", "pairs_of"]


def pairs_of(cassette: Cassette) -> tuple[list[VcrRequest], list[dict[str, Any]]]:
    """All requests and responses, every recorded poll on its own, in order of time.

    vcrpy plays each interaction once, so a client may poll as often as was recorded.

    Raises:
        CassetteError: an exchange or a body is missing or damaged, or under an encoding that cannot be undone.
    """
    requests, responses = [], []
    for poll, request, response in polls_in_order(cassette):
        asked = VcrRequest(request["method"], request["uri"], request["body"] or None, request["headers"])
        asked.origin = Origin(poll, cassette.label)
        requests.append(asked)
        responses.append(response)
    return requests, responses


class CassettePersister:
    """A vcrpy persister that also opens cassette folders, and leaves every other path to the one it wraps.

    ``find`` says which folder a path means, or None. What pytest-recording's own persister reads beside the test's
    cassette (``extra_paths``: the arguments of ``@pytest.mark.vcr``) may be folders too. Only with a ``recorder`` is
    anything ever written into a folder.
    """

    def __init__(
        self,
        inner: Any = FilesystemPersister,
        find: Callable[[str], Path | None] | None = None,
        recorder: FolderRecorder | None = None,
    ) -> None:
        self.inner = inner
        self.find = find or folder_of
        self.recorder = recorder

    @property
    def extra_paths(self) -> list[str]:
        """Cassettes that are played beside the test's own."""
        return [str(path) for path in getattr(self.inner, "extra_paths", ())]

    def target(self, cassette_path: str) -> Path | None:
        """The folder that a recording goes into: the one of that path, else the only other one that is played.

        ``@pytest.mark.vcr("NAME")`` names the cassette of a test that has no file of its own.
        """
        folder = self.find(cassette_path)
        extra = list(dict.fromkeys(self.extra_paths))
        if folder is None and self.recorder is not None and not self.recorder.has_own_file and len(extra) == 1:
            folder = self.find(extra[0])
        return folder

    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """Requests and responses, in pairs: pytest-recording 0.14 takes no third element.

        Raises:
            vcr's CassetteNotFoundError: nothing is there, or it is to be recorded anew.
            CassetteError: a folder is damaged. vcrpy would take "not found" for leave to ask the live server.
        """
        paths = dict.fromkeys((str(cassette_path), *self.extra_paths))
        anew = self.target(str(cassette_path)) if self.recorder is not None and self.recorder.anew else None
        requests: list[Any] = []
        responses: list[Any] = []
        for path in paths:
            folder = self.find(path)
            if folder is None:
                played = self.load_file(path, serializer)
            else:
                played = pairs_of(Cassette.open(folder)) if folder != anew and (folder / INDEX).is_file() else ([], [])
            requests += played[0]
            responses += played[1]
        if self.recorder is not None:
            self.recorder.loaded = len(requests)
        if not requests:
            raise CassetteNotFoundError(f"no cassette at {', '.join(paths)}")
        return requests, responses

    def load_file(self, path: str, serializer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """What stands in a cassette of one file, less the metadata that pytest-recording's persister dies of."""
        combined = hasattr(self.inner, "extra_paths")
        try:
            requests, responses, *_ = (FilesystemPersister if combined else self.inner).load_cassette(path, serializer)
        except CassetteNotFoundError:
            return (), ()
        return requests, responses

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:
        """Write where vcrpy would, or into the folder.

        Raises:
            CassetteError: the path is a cassette folder and nobody said that it may be recorded into; it cannot be
                written, or a secret would be kept.
        """
        folder = self.target(str(cassette_path))
        pairs = list(zip(cassette_dict["requests"], cassette_dict["responses"], strict=True))
        if folder is None:
            # What came from a folder stays there; pytest-recording would copy its extra cassettes into the file.
            own = [(request, response) for request, response in pairs if not hasattr(request, "origin")]
            kept = {"requests": [request for request, _ in own], "responses": [response for _, response in own]}
            self.inner.save_cassette(cassette_path, cassette_dict | kept, serializer)
        elif self.recorder is None:
            raise CassetteError(
                f"vcrpy went to the live server and wants to write into the cassette {folder}, which stays as it was",
                hint="play it with record mode 'none', or record it again with 'comfytape record'",
            )
        else:
            self.recorder.save(folder, pairs)


def folder_of(path: str) -> Path | None:
    """The cassette folder that a path means: the folder, its index, or either with the suffix that vcrpy appends."""
    named = Path(path)
    parent = [named.parent] if named.name == INDEX else []
    return next((folder for folder in (named, *parent, named.with_suffix("")) if (folder / INDEX).is_file()), None)
