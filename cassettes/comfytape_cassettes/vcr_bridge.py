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
    from collections.abc import Callable, Iterator, Sequence

    from comfytape_cassettes.exchange import Exchange, Headers, Times

__all__ = ["CassettePersister", "pairs_of", "vcr_text"]

HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


def header_lists(headers: Headers) -> dict[str, list[str]]:
    """vcrpy's header shape, less what described a connection that is gone."""
    lists: dict[str, list[str]] = {}
    for name, value in headers.without(*HOP_BY_HOP).items:
        lists.setdefault(name, []).append(value)
    return lists


def pairs_of(cassette: Cassette) -> tuple[list[VcrRequest], list[dict[str, Any]]]:
    """All requests and responses, every recorded poll on its own, in order of time.

    vcrpy plays each interaction once, so a client may poll as often as was recorded.

    Raises:
        CassetteError: an exchange or a body is missing or damaged, or under an encoding that cannot be undone.
    """
    pairs = [(at, *pair) for exchange in cassette.exchanges for at, pair in polls_of(exchange)]
    pairs.sort(key=lambda poll: poll[0])
    return [request for _, request, _ in pairs], [response for _, _, response in pairs]


def polls_of(exchange: Exchange) -> Iterator[tuple[Times, tuple[VcrRequest, dict[str, Any]]]]:
    """vcrpy's request and response objects for each time an exchange happened; its bodies are read once.

    Responses go without their Content-Encoding: what vcrpy plays is never decoded (vcr/stubs/__init__.py,
    VCRHTTPResponse.read, 9.4), so a client would get compressed bytes for text.
    """
    request, response = exchange.request, exchange.response
    sent, received = request.body.raw() or None, response.content()
    headers = response.headers
    if headers.get("content-encoding"):
        headers = headers.without("content-encoding")
        headers = headers.with_("Content-Length", str(len(received))) if headers.get("content-length") else headers
    for times in exchange.times:
        yield (
            times,
            (
                VcrRequest(
                    request.method,
                    request.url,
                    sent,
                    {name: values[0] for name, values in header_lists(request.headers).items()},
                ),
                {
                    "status": {"code": response.status, "message": response.reason},
                    "headers": header_lists(headers),
                    "body": {"string": received},
                },
            ),
        )


def vcr_text(cassette: Cassette, *, as_json: bool) -> str:
    """The cassette as one plain vcrpy file, YAML or JSON.

    Raises:
        CassetteError: a body is missing or damaged, or JSON was asked for and a body is binary, which vcrpy's JSON
            cannot hold.
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
    """A vcrpy persister that also opens cassette folders, and leaves every other path to the one it wraps.

    ``find`` says which folder a path means, or None. What pytest-recording's own persister reads beside the test's
    cassette (``extra_paths``: the arguments of ``@pytest.mark.vcr``) may be folders too.
    """

    def __init__(self, inner: Any = FilesystemPersister, find: Callable[[str], Path | None] | None = None) -> None:
        self.inner = inner
        self.find = find or folder_of

    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
        """Requests and responses, in pairs: pytest-recording 0.14 takes no third element.

        Raises:
            vcr's CassetteNotFoundError: nothing is there.
            CassetteError: a folder is damaged. vcrpy would take "not found" for leave to ask the live server.
        """
        paths = dict.fromkeys(str(path) for path in (cassette_path, *getattr(self.inner, "extra_paths", ())))
        requests: list[Any] = []
        responses: list[Any] = []
        for path in paths:
            folder = self.find(path)
            played = pairs_of(Cassette.open(folder)) if folder else self.load_file(path, serializer)
            requests += played[0]
            responses += played[1]
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
        """Write where vcrpy would.

        Raises:
            CassetteError: the path is a cassette folder, which only a recorder writes.
        """
        folder = self.find(str(cassette_path))
        if folder is not None:
            raise CassetteError(
                f"vcrpy went to the live server and wants to write into the cassette {folder}, which stays as it was",
                hint="play it with record mode 'none', or record it again with 'comfytape record'",
            )
        self.inner.save_cassette(cassette_path, cassette_dict, serializer)


def folder_of(path: str) -> Path | None:
    """The cassette folder that a path means: the folder, its index, or either with the suffix that vcrpy appends."""
    named = Path(path)
    parent = [named.parent] if named.name == INDEX else []
    return next((folder for folder in (named, *parent, named.with_suffix("")) if (folder / INDEX).is_file()), None)
