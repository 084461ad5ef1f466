"""The doctor's questions: asked at once, within one deadline, into a recording that the diagnosis then reads.

What is asked: ``/health``; the management API's endpoint, workers, catalogue and volumes; ComfyUI's system, queue
(twice if it is not empty), log, and the classes and folders that a contract needs; the listing of its network volume.
A job is sent only as a probe.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from comfytape_cassettes import CassetteError, Failure, UnreachableError, UsageError
from comfytape_contracts.diagnosis.evidence import PROBE_INPUT, Asked
from comfytape_contracts.seen_versions import MANAGER_ROUTES
from comfytape_contracts.wire import health_of
from comfytape_recorder.comfyui import ComfyUIClient, json_of
from comfytape_recorder.management import ManagementClient, management_url_of
from comfytape_recorder.runpod import QUICK, HiccupError, RunPodClient
from comfytape_recorder.target import plane_of, target_of
from comfytape_recorder.transport import Limits, Transport
from comfytape_recorder.volume import VolumeClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from comfytape_cassettes.recording import Recording
    from comfytape_contracts.contract import Endpoint
    from comfytape_contracts.diagnosis.management import EndpointConfig
    from comfytape_contracts.wire import Health
    from comfytape_recorder.target import Target
    from comfytape_recorder.volume import VolumePlace

__all__ = ["Doctor", "Patient", "patient_of", "probes_unasked"]

WATCH_S = 1.5
"""Seconds between two looks at a queue."""

ANSWER, LISTING = 4 << 20, 16 << 20
"""Bytes of an answer, and of one that lists: what a server may make the doctor read and search within seconds."""
LISTINGS = frozenset({"object_info", "queue", "internal/logs/raw", *MANAGER_ROUTES})
"""Each item of a queue holds its whole workflow, twice."""

LANES = 4
"""Threads that ask a ComfyUI for classes and folders."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom to ask. ``key`` of the target may be "", to hear what is said without one.

    ``whole`` asks for the whole ``/object_info`` and Manager's list, which pinned versions need, not for classes alone.
    """

    target: Target
    management_url: str
    variable: str = ""
    classes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    whole: bool = False
    volume: VolumePlace | None = None

    def of_dependencies(self) -> Patient:
        """The same without its endpoint: nodes, models, versions and the volume alone."""
        return replace(self, target=replace(self.target, endpoint=""), management_url="")

    def needing(self, classes: Iterable[str], folders: Iterable[str]) -> Patient:
        """The same, to be asked for node classes and model folders too."""
        return replace(self, classes=tuple(sorted(classes)), folders=tuple(sorted(folders)))

    def asked(self) -> Asked:
        """The same for the diagnosis."""
        return Asked(
            endpoint=self.target.endpoint,
            base_url=self.target.base_url,
            management_url=self.management_url,
            comfyui_url=self.target.comfyui_url,
            variable=self.variable,
        )


def patient_of(names: Endpoint, environment: Mapping[str, str], *, endpoint: str = "", comfyui: str = "") -> Patient:
    """Whom the options and the environment name; options win.

    Raises:
        UsageError: neither an endpoint nor a ComfyUI is named, or a URL is none.
    """
    variable = "--endpoint" if endpoint else next((n for n in names.id_env if environment.get(n)), "")
    settings = {**environment}
    if endpoint:
        settings |= dict.fromkeys(names.id_env, endpoint)
    if comfyui:
        settings[names.comfyui_env] = comfyui
    key = environment.get(names.key_env, "")
    # Recording without a key is a mistake; for the doctor it is a finding.
    target = replace(target_of(names, {**settings, names.key_env: key or "none"}), key=key)
    return Patient(target, management_url_of(environment, target.base_url), variable)


def probes_unasked(target: Target) -> bool:
    """Whether a probe is sent without being told to: to a server on this machine, where it bills nobody."""
    return bool(target.endpoint) and plane_of(replace(target, comfyui_url="")) == "loopback"


@dataclass
class Doctor:
    """One round of questions. ``ask`` returns when all are answered, or when time is up."""

    patient: Patient
    recording: Recording
    deadline_s: float
    probe: bool = False
    until: float = 0.0
    config: EndpointConfig | None = None
    configured: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.transport = Transport(self.recording)

    def ask(self) -> None:
        """Ask everything; what goes unanswered is kept as a failed request."""
        self.until = time.monotonic() + self.deadline_s
        lanes = [(url, threading.Thread(target=quietly, args=(lane,), daemon=True)) for url, lane in self.lanes()]
        for _, thread in lanes:
            thread.start()
        for _, thread in lanes:
            thread.join(max(self.left(), 0.0) + 0.1)
        late = [url for url, thread in lanes if thread.is_alive()]
        # A thread that still waits (a resolver takes no time limit) is left behind; it ends with the process.
        answered = {e.request.url for e in self.recording.exchanges()} if late else set()
        for url in late:
            if url not in answered:
                said = f"no answer before the deadline of {self.deadline_s:g} s"
                now = self.recording.now_ms()
                self.recording.fail(
                    Failure("GET", url, said, (max(now - self.deadline_s * 1000, 0.0), self.deadline_s * 1000))
                )
        self.transport.close()

    def lanes(self) -> list[tuple[str, Callable[[], object]]]:
        """What is asked side by side, each with the URL that it begins with."""
        lanes: list[tuple[str, Callable[[], object]]] = []
        target, management = self.patient.target, self.patient.management_url
        if target.endpoint:
            lanes.append((f"{target.base_url}/{quote(target.endpoint)}/health", self.ask_endpoint))
        if target.endpoint and management and target.key:
            client = ManagementClient(self.transport, target.key, management)
            own = f"{management}/serverless/{quote(target.endpoint, safe='')}"
            lanes += [
                (own, lambda: self.ask_configuration(client)),
                (f"{own}/workers", lambda: client.workers(target.endpoint, limits=self.limits())),
                (f"{management}/catalog/gpus", lambda: client.gpus(limits=self.limits())),
            ]
        else:
            self.configured.set()
        if target.comfyui_url:
            base = target.comfyui_url
            lanes += [
                (f"{base}/system_stats", lambda: self.get("system_stats")),
                (f"{base}/queue", self.watch_queue),
                (f"{base}/internal/logs/raw", lambda: self.get("internal/logs/raw")),
            ]
            routes = self.inventory_routes()
            lanes += [
                (f"{base}/{part[0]}", partial(self.get, *part))
                for part in (routes[lane::LANES] for lane in range(LANES))
                if part
            ]
        if self.patient.volume is not None:
            place = self.patient.volume
            lanes.append((f"{place.url}/{place.volume}?list-type=2", self.list_volume))
        return lanes

    def list_volume(self) -> None:
        """The model folders of the network volume."""
        if self.patient.volume is not None:
            VolumeClient(self.transport, self.patient.volume, self.limits).list_models()

    def inventory_routes(self) -> list[str]:
        """Single classes and folders: some 10 KB where the whole inventory is a megabyte."""
        classes = [f"object_info/{quote(name, safe='')}" for name in self.patient.classes]
        classes = ["object_info", *MANAGER_ROUTES] if self.patient.whole else classes
        folders = [quote(name, safe="") for name in self.patient.folders]
        return [*classes, *(f"models/{name}" for name in folders), *(f"experiment/models/{name}" for name in folders)]

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.until - time.monotonic()

    def limits(self, body: int = ANSWER) -> Limits:
        """What is left, as limits of one request, and the bytes that its answer may have.

        Raises:
            UnreachableError: nothing is left.
        """
        left = self.left()
        if left <= 0.05:
            raise UnreachableError("the time for all questions is over")
        return Limits(left, left, left, body)

    def get(self, *routes: str) -> object:
        """Ask ComfyUI for routes, one after the other; the last answer."""
        client = ComfyUIClient(self.transport, self.patient.target.comfyui_url)
        answer: object = None
        for route in routes:
            answer = client.get(route, limits=self.limits(LISTING if route in LISTINGS else ANSWER))
        return answer

    def watch_queue(self) -> None:
        """Look at ComfyUI's queue, and again if there is something in it: it must move."""
        said = self.get("queue")
        if isinstance(said, dict) and (said.get("queue_running") or said.get("queue_pending")):
            time.sleep(max(min(WATCH_S, self.left() - 0.5), 0.0))
            self.get("queue")

    def ask_configuration(self, client: ManagementClient) -> None:
        """The endpoint's configuration, then its volumes."""
        try:
            self.config = client.endpoint(self.patient.target.endpoint, limits=self.limits())
        finally:
            self.configured.set()
        for volume in self.config.volumes if self.config else ():
            client.volume(volume, limits=self.limits())

    def ask_endpoint(self) -> None:
        """``/health``, the probe where it is wanted and can be answered, and ``/health`` once more."""
        said = self.health()
        if said is None:
            return
        if self.probe and self.patient.target.key and self.may_answer():
            self.send_probe()
        elif said.jobs.in_queue:
            time.sleep(max(min(WATCH_S, self.left() - 0.5), 0.0))
            self.health()

    def health(self) -> Health | None:
        """One ``/health``, or None where the answer is none."""
        target = self.patient.target
        headers = {"Authorization": f"Bearer {target.key}"} if target.key else {}
        url = f"{target.base_url}/{quote(target.endpoint)}/health"
        return health_of(json_of(self.transport.send("GET", url, headers=headers, limits=self.limits())))

    def may_answer(self) -> bool:
        """Not where it is known that nobody would take the probe."""
        self.configured.wait(min(1.0, max(self.left(), 0.0)))
        return self.config is None or (self.config.type == "QUEUE" and self.config.workers.max > 0)

    def send_probe(self) -> None:
        """A job with an input that no handler takes; it is cancelled before time is up, and expires if that fails."""
        target = self.patient.target
        client = RunPodClient(
            self.transport, target.endpoint, target.key, target.base_url, limits=replace(QUICK, body=ANSWER)
        )
        ttl = int(self.deadline_s * 1000) + 10_000
        job = None
        try:
            job = client.run(PROBE_INPUT, policy={"executionTimeout": 10_000, "ttl": ttl})
            while not job.is_final and self.left() > 0.6:
                time.sleep(0.1)
                job = client.status(job.id)
        finally:
            try:
                # While it waits: workers that are throttled for its sake show only as long.
                self.health()
            finally:
                if job is not None and not job.is_final:
                    client.cancel(job.id)


def quietly(lane: Callable[[], object]) -> None:
    """Run a lane: what was answered is in the recording, and the diagnosis reads it there."""
    try:
        lane()
    except (HiccupError, UnreachableError, UsageError, CassetteError):
        # CassetteError: the recording ended while this thread still waited.
        return
