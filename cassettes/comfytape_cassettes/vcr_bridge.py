"""The bridge to vcrpy and pytest-recording: our folders play in them, and a cassette goes out as their single file.

The only module that imports ``vcr``. vcrpy's own engine is not used for recording: its patching of http.client loses
requests made from several threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister
from vcr.request import Request as VcrRequest
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from comfytape_cassettes.cassette import Cassette
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.index import INDEX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comfytape_cassettes.exchange import Exchange, Headers

__all__ = ["CassettePersister", "pairs_of", "vcr_text"]

HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


def header_lists(headers: Headers) -> dict[str, list[str]]:
    """vcrpy's header shape, less what described a connection that is gone."""
    lists: dict[str, list[str]] = {}
    for name, value in headers.without(*HOP_BY_HOP).items:
        lists.setdefault(name, []).append(value)
    return lists


def pair_of(exchange: Exchange) -> tuple[VcrRequest, dict[str, Any]]:
    """vcrpy's request and response objects for one exchange."""
    request, response = exchange.request, exchange.response
    headers = {name: values[0] for name, values in header_lists(request.headers).items()}
    return (
        VcrRequest(request.method, request.url, request.body.raw() or None, headers),
        {
            "status": {"code": response.status, "message": response.reason},
            "headers": header_lists(response.headers),
            "body": {"string": response.body.raw()},
        },
    )


def pairs_of(cassette: Cassette) -> tuple[list[VcrRequest], list[dict[str, Any]]]:
    """All requests and responses, every recorded poll on its own, in order of time.

    vcrpy plays each interaction once, so a client may poll as often as was recorded.
    """
    polls = sorted(((at, e) for e in cassette.exchanges for at, _ in e.times), key=lambda poll: poll[0])
    pairs = [pair_of(exchange) for _, exchange in polls]
    return [request for request, _ in pairs], [response for _, response in pairs]


def vcr_text(cassette: Cassette, *, as_json: bool) -> str:
    """The cassette as one plain vcrpy file, YAML or JSON.

    Raises:
        CassetteError: JSON was asked for, and a body is binary, which vcrpy's JSON cannot hold.
    """
    requests, responses = pairs_of(cassette)
    try:
        text: str = serialize(
            {"requests": requests, "responses": responses}, jsonserializer if as_json else yamlserializer
        )
    except TypeError as error:
        raise CassetteError(
            f"{cassette.label} holds binary bodies, which vcrpy's JSON spelling cannot carry",
            hint="export to a file that ends in .yaml",
        ) from error
    return text


class CassettePersister:
    """A vcrpy persister that also opens cassette folders, and leaves every other path to the one it wraps."""

    def __init__(self, inner: Any = FilesystemPersister, find: Callable[[str], Path | None] | None = None) -> None:
        self.inner = inner
        self.find = find or folder_of

    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """Requests and responses, in pairs: pytest-recording 0.14 takes no third element.

        Raises:
            vcr's CassetteNotFoundError: nothing is there, or what is there is no cassette.
        """
        folder = self.find(str(cassette_path))
        if folder is None:
            requests, responses, *_ = self.inner.load_cassette(cassette_path, serializer)
            return requests, responses
        try:
            return pairs_of(Cassette.open(folder))
        except CassetteError as error:
            raise CassetteNotFoundError(str(error)) from error

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None:
        """Write where vcrpy would: a folder cassette is only ever written by a recorder."""
        if self.find(str(cassette_path)) is None:
            self.inner.save_cassette(cassette_path, cassette_dict, serializer)


def folder_of(path: str) -> Path | None:
    """The cassette folder that a path means: the folder itself or its index."""
    folder = Path(path)
    if folder.name == INDEX:
        folder = folder.parent
    return folder if (folder / INDEX).is_file() else None
