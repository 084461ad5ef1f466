"""Listing a RunPod network volume through its S3 API: no GPU, no worker, and every answer recorded.

RunPod's quirks (docs.runpod.io, storage/s3-api): the bucket is the volume's id, the region its data centre; the first
listing of over 10,000 files computes checksums and is slow, and may give one continuation token twice; 502 happens.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_contracts.volume import ListingError, Page, model_prefixes, page_of
from comfytape_recorder.signature import Keys, canonical_query, signed_headers
from comfytape_recorder.target import is_url
from comfytape_recorder.transport import Limits, NotConnectedError, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfytape_cassettes.recording import Recording
    from comfytape_contracts.contract import Contract
    from comfytape_contracts.contract.volume import NetworkVolume

__all__ = ["VolumeClient", "VolumePlace", "list_volume", "place_of", "volume_secrets"]

SLOW = Limits(connect=10.0, read=60.0, total=120.0)
PAGE = 1000
"""Keys on a page: as many as S3 gives."""

PAGES = 60
"""Pages of one folder after which reading stops: nobody keeps 60,000 model files."""

TRIES = 4
PAUSE_S = 0.5
"""Before the second try; twice as long before each further one."""

AGAIN = frozenset({429, 500, 502, 503, 504})
PASSING = frozenset({"RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable"})


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """A volume that can be asked: S3 server, region, volume id and keys."""

    url: str
    region: str
    volume: str
    keys: Keys


def place_of(volume: NetworkVolume, environment: Mapping[str, str]) -> VolumePlace:
    """The volume that the environment describes.

    Raises:
        UsageError: a variable is not set, or holds something that cannot be asked.
    """

    def first(names: list[str], what: str) -> str:
        found = next((environment[name].strip() for name in names if environment.get(name, "").strip()), "")
        if not found:
            raise UsageError(
                f"the volume cannot be listed: {' or '.join(names)} is not set",
                hint=f"export {names[0]}=<{what}>; S3 keys are made in RunPod's console: Settings, S3 API keys",
            )
        if not (found.isascii() and found.isprintable()):
            raise UsageError(f"{names[0]} holds characters that no {what} has (a line break, a quotation mark?)")
        return found

    identity = first(volume.id_env, "id of the network volume")
    keys = Keys(first(volume.access_key_env, "S3 access key"), first(volume.secret_key_env, "S3 secret"))
    url = environment.get(volume.url_env, "").rstrip("/") or volume.url
    if not is_url(url):
        raise UsageError(f"{volume.url_env} is not a URL: {url!r}", hint="expected http(s)://HOST[:PORT]")
    return VolumePlace(url, volume.data_center, identity, keys)


def volume_secrets(volume: NetworkVolume | None) -> tuple[str, ...]:
    """The values that a recording of this volume must not hold."""
    names = [*volume.access_key_env, *volume.secret_key_env] if volume else []
    return tuple(value for name in names if (value := os.environ.get(name, "").strip()))


@dataclass(frozen=True, slots=True)
class VolumeClient:
    """Lists one volume. ``left`` gives the limits of the next request, and raises when time is up."""

    transport: Transport
    place: VolumePlace
    left: Callable[[], Limits] = lambda: SLOW
    pause_s: float = PAUSE_S

    def list_models(self) -> str:
        """List the top of the volume, then every folder that may hold models; why that stopped early, or "".

        Raises:
            UnreachableError: nothing answers, after some tries.
        """
        try:
            top = self.pages({"delimiter": "/"})
            for prefix in model_prefixes(p for page in top for p in page.prefixes):
                self.pages({"prefix": prefix})
        except ListingError as error:
            return str(error)
        return ""

    def pages(self, query: Mapping[str, str]) -> list[Page]:
        """All pages of one listing.

        Raises:
            ListingError: S3 refuses, or the listing does not go on.
            UnreachableError: nothing answers.
        """
        found: list[Page] = []
        token, repeated = "", 0
        while True:
            page = self.page({**query, **({"continuation-token": token} if token else {})})
            if page.truncated and page.next_token in ("", token):
                # RunPod computes checksums meanwhile and gives the same token twice: the page is asked for again.
                repeated += 1
                if repeated >= TRIES:
                    raise ListingError(f"the listing does not go on: the same continuation token {repeated} times")
                time.sleep(self.pause_s * 2 ** (repeated - 1))
                continue
            found.append(page)
            if not page.truncated:
                return found
            if len(found) >= PAGES:
                raise ListingError(f"over {PAGES * PAGE:,} files below '{query.get('prefix', '')}': reading stopped")
            token, repeated = page.next_token, 0

    def page(self, query: Mapping[str, str]) -> Page:
        """One page, with some tries where the trouble may pass.

        Raises:
            ListingError: the answer is no listing.
            UnreachableError: no answer came.
        """
        attempt = 1
        while True:
            try:
                return self.ask(query)
            except (ListingError, UnreachableError) as error:
                if attempt == TRIES or not may_pass(error):
                    raise
            time.sleep(self.pause_s * 2 ** (attempt - 1))
            attempt += 1

    def ask(self, query: Mapping[str, str]) -> Page:
        """One signed request (path style: RunPod's certificate covers one host)."""
        whole = {"list-type": "2", "max-keys": str(PAGE), "encoding-type": "url", **query}
        place = self.place
        url = f"{place.url}/{quote(place.volume, safe='-_.~')}?{canonical_query(whole)}"
        headers = signed_headers(url, place.keys, place.region, datetime.now(UTC))
        exchange = self.transport.send("GET", url, headers=headers, limits=self.left())
        try:
            return page_of(exchange)
        except ListingError as error:
            if exchange.response.status in AGAIN:
                raise ListingError(str(error), "ServiceUnavailable") from error
            raise


def may_pass(error: ListingError | UnreachableError) -> bool:
    """Whether another try may help: not where nothing listens, nor where S3 says no."""
    if isinstance(error, ListingError):
        return error.code in PASSING
    return not isinstance(error, NotConnectedError)


def list_volume(contract: Contract, recording: Recording) -> str:
    """Record the listing of the contract's volume; what went wrong in words, "" where nothing did or there is none.

    A listing that fails does not stop a recording: what was not seen is unknown to every check.
    """
    volume = contract.model.volume
    if volume is None:
        return ""
    transport = Transport(recording)
    try:
        return VolumeClient(transport, place_of(volume, os.environ)).list_models()
    except (UnreachableError, UsageError) as error:
        return str(error)
    finally:
        transport.close()
