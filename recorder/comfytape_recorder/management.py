"""RunPod's management API as a client: REST v2 (GA 2026-08-18; v1 ended 2026-11-15), reads only.

Its ``/billing/endpoints`` is about Public Endpoints and answers 200 with nothing for a serverless endpoint; what an
endpoint cost is at ``/billing/serverless``. Endpoints come with their ``env``, whose values are secrets: the recording
masks them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from comfytape_cassettes import UnreachableError
from comfytape_contracts.diagnosis.management import EndpointConfig, GpuType, Volume, WorkerList, read_as
from comfytape_recorder.comfyui import json_of
from comfytape_recorder.transport import Limits, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfytape_cassettes import Exchange
    from comfytape_cassettes.recording import Recording
    from comfytape_contracts.wire import Wire

__all__ = ["BASE_URL_ENV", "DEFAULT_MANAGEMENT_URL", "ManagementClient", "management_url_of", "survey"]

BASE_URL_ENV = "RUNPOD_REST_V2_API_URL"
DEFAULT_MANAGEMENT_URL = "https://api.runpod.io/v2"
CATALOGUE = "catalog/gpus?include=AVAILABILITY&product=SERVERLESS"
SURVEY = Limits(connect=3.0, read=5.0, total=8.0)
JOB_API = "https://api.runpod.ai"

Document = TypeVar("Document", bound="Wire")


@dataclass(frozen=True, slots=True)
class ManagementClient:
    """Reads of one account. Every answer goes through the transport and so into its recording.

    A method returns None where the answer is no document of its kind (401, 404, another program); the recorded exchange
    says why. All raise ``UnreachableError`` where no answer comes.
    """

    transport: Transport
    key: str
    base_url: str = DEFAULT_MANAGEMENT_URL

    def endpoint(self, endpoint: str, *, limits: Limits | None = None) -> EndpointConfig | None:
        """The configuration of an endpoint."""
        return read_as(EndpointConfig, self.get(self.own_paths(endpoint)[0], limits))

    def workers(self, endpoint: str, *, limits: Limits | None = None) -> WorkerList | None:
        """The workers of an endpoint that are up or coming up."""
        return read_as(WorkerList, self.get(self.own_paths(endpoint)[1], limits))

    def volume(self, volume: str, *, limits: Limits | None = None) -> Volume | None:
        """A network volume: its size and data centre."""
        return read_as(Volume, self.get(f"network-volumes/{quote(volume, safe='')}", limits))

    def gpus(self, *, limits: Limits | None = None) -> list[GpuType]:
        """The cards of the serverless pools with list price and stock. ``product`` is mandatory beside ``include``."""
        data = self.get(CATALOGUE, limits)
        listed = data.get("gpus") if isinstance(data, dict) else None
        found = [read_as(GpuType, item) for item in (listed if isinstance(listed, list) else [])]
        return [gpu for gpu in found if gpu is not None]

    def get(self, path: str, limits: Limits | None) -> Any:
        """The JSON of a 200, or None."""
        return json_of(self.send(path, limits))

    def send(self, path: str, limits: Limits | None) -> Exchange:
        """One GET with the key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.transport.send("GET", f"{self.base_url}/{path}", headers=headers, limits=limits)

    @staticmethod
    def own_paths(endpoint: str) -> tuple[str, str]:
        """The paths of an endpoint and of its workers."""
        own = f"serverless/{quote(endpoint, safe='')}"
        return own, f"{own}/workers"


def survey(recording: Recording, endpoint: str, key: str, base_url: str) -> bool:
    """Record an endpoint's configuration, its workers with their cards, and the catalogue with its prices.

    Asked when the jobs are done, since only workers that are up are listed. It is an extra: what is not answered is not
    recorded, not even as a failed request, for it says nothing about the endpoint's promises. Whether all was answered.
    """
    transport = Transport(limits=SURVEY)
    client = ManagementClient(transport, key, base_url)
    try:
        for path in (*client.own_paths(endpoint), CATALOGUE):
            started = recording.now_ms()
            exchange = client.send(path, None)
            recording.add(replace(exchange, times=((started, exchange.elapsed_ms),)))
    except UnreachableError:
        return False
    finally:
        transport.close()
    return True


def management_url_of(environment: Mapping[str, str], base_url: str) -> str:
    """Where the management API is, or "" where that is not known.

    Beside RunPod's own job API it is RunPod's. Beside any other base URL nothing is asked unless the variable names it:
    a key for another server must not travel to RunPod, nor the other way round.
    """
    named = environment.get(BASE_URL_ENV, "").rstrip("/")
    if named:
        return named
    ours = base_url.startswith((f"{JOB_API}/", f"{DEFAULT_MANAGEMENT_URL.rpartition('/')[0]}/"))
    return DEFAULT_MANAGEMENT_URL if ours else ""
