"""What vcrpy recorded, into a cassette folder: redacted, scanned, in one atomic step, as comfytape's own recorder does.

Nothing here imports vcrpy: its requests and responses are read by their attributes (vcr/request.py, 9.4).
"""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape_cassettes.cassette import Cassette
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.formats.tape import is_loopback
from comfytape_cassettes.formats.vcr_file import DAMAGE, exchange_of
from comfytape_cassettes.index import INDEX
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from comfytape_cassettes.exchange import Exchange
    from comfytape_cassettes.provenance import Provenance

__all__ = ["Clock", "FolderRecorder", "Origin"]

RUNPOD = ("runpod.ai", "runpod.io", "runpod.net")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request that vcrpy plays comes from, so that it goes back as it was: vcrpy keeps no times."""

    poll: Exchange
    label: str

    def __deepcopy__(self, _: Any) -> Origin:
        return self


class Clock:
    """When each request was made: vcrpy does not say, but it calls these two for each that it records."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str], float] = {}
        self.latest: tuple[str, str] | None = None
        self.stamps: list[tuple[float, float]] = []
        """(seconds since the epoch, seconds it took), in the order in which vcrpy kept the answers."""

    def request(self, request: Any) -> Any:
        """vcrpy's ``before_record_request``: called first before the request goes out, last when it is kept."""
        self.latest = (request.method, request.uri)
        self.asked.setdefault(self.latest, time.time())
        return request

    def response(self, response: Any) -> Any:
        """vcrpy's ``before_record_response``: called as an answer is kept."""
        now = time.time()
        began = self.asked.pop(self.latest, now) if self.latest else now
        self.stamps.append((began, now - began))
        return response


class FolderRecorder:
    """Writes what one test recorded into a folder.

    Attributes:
        anew: whether the test records its cassette from nothing (pytest-recording's ``rewrite``).
        has_own_file: whether the test has a vcrpy file of its own, which then is what is recorded.
        loaded: how many requests were played from cassettes.
    """

    def __init__(
        self, *, secrets: Sequence[str], anew: bool, has_own_file: bool, rewritten: set[Path], source: str
    ) -> None:
        self.secrets = secrets
        self.anew = anew
        self.has_own_file = has_own_file
        self.rewritten = rewritten
        """Folders that this session has begun anew: the next test that records into one adds to it."""
        self.source = source
        self.clock = Clock()
        self.loaded = 0

    def save(self, folder: Path, pairs: Sequence[tuple[Any, dict[str, Any]]]) -> None:
        """Replace the cassette in ``folder`` by what it keeps and what is new.

        Raises:
            CassetteError: it cannot be written, or a secret would be kept; what was there stays.
        """
        before = Cassette.open(folder) if (folder / INDEX).is_file() else None
        kept = [r.origin.poll for r, _ in pairs if origin_of(r) == str(folder)]
        if self.anew and before is not None and folder in self.rewritten:
            kept = [replace(e, times=(times,)) for e in before.exchanges for times in e.times]
        fresh = [(request, response) for request, response in pairs if origin_of(request) is None]
        moments = self.moments(len(fresh))
        said = before.provenance if before is not None and kept else None
        began = moment_of(said) or datetime.fromtimestamp(min((m[0] for m in moments), default=time.time()), UTC)
        exchanges = [*kept, *dated(fresh, moments, began)]
        with closing(
            Recording.start(
                folder,
                plane=plane_of(exchanges, said),
                secrets=Secrets.of(self.secrets),
                source=said.source if said else self.source,
                contract=before.provenance.contract if before is not None else "",
                recorded_at=began.isoformat(timespec="milliseconds"),
                notes=notes_of(said),
                versions={**(said.versions if said else {}), "vcrpy": version("vcrpy")},
                recording=hashlib.sha256(f"pytest-recording {folder.name}".encode()).hexdigest()[:32],
            )
        ) as recording:
            # A key may be named in the last request and echoed in the first answer: learn from all before keeping any.
            for exchange in exchanges:
                recording.redactor.learn(exchange)
            for exchange in exchanges:
                recording.add(exchange)
            for failure in before.failures if before is not None and kept else ():
                recording.fail(failure)
            recording.finish(samples=said.samples if said else ())
        if self.anew:
            self.rewritten.add(folder)

    def moments(self, count: int) -> list[tuple[float, float]]:
        """(seconds since the epoch, seconds it took) of the last ``count`` answers that vcrpy kept."""
        stamps = self.clock.stamps[-count:] if count else []
        if len(stamps) < count:  # the suite has a before_record_response of its own, so the clock was not asked
            stamps = [(time.time(), 0.0)] * count
        # Playing a request starts the clock for its URL and never stops it.
        return [(began + took, 0.0) for began, took in stamps] if self.loaded else stamps


def origin_of(request: Any) -> str | None:
    """The folder that a request was played from, or None for one that was made."""
    origin = getattr(request, "origin", None)
    return origin.label if isinstance(origin, Origin) else None


def dated(
    fresh: Sequence[tuple[Any, dict[str, Any]]], moments: Sequence[tuple[float, float]], began: datetime
) -> Iterable[Exchange]:
    """New exchanges at their time."""
    for (request, response), (asked, took) in zip(fresh, moments, strict=True):
        try:
            exchange = exchange_of(mapping_of(request), response)
        except DAMAGE as error:
            raise CassetteError(
                f"vcrpy recorded {request.method} {request.uri} in a way that a cassette cannot keep: {error}",
                hint="keep the suite's before_record_… hooks from replacing bodies with other objects",
            ) from error
        started = (asked - began.timestamp()) * 1000
        yield replace(exchange, times=((round(max(started, 0.0), 3), round(max(took, 0.0) * 1000, 3)),))


def mapping_of(request: Any) -> dict[str, Any]:
    """A vcrpy request as its file spells it; a file or an iterator was read when it was sent."""
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    elif hasattr(body, "__next__"):
        body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    return {"method": request.method, "uri": request.uri, "headers": dict(request.headers), "body": body}


def moment_of(provenance: Provenance | None) -> datetime | None:
    """When a recording began, if it says so."""
    try:
        moment = datetime.fromisoformat(provenance.recorded_at) if provenance else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def plane_of(exchanges: Sequence[Exchange], said: Provenance | None) -> str:
    """What was recorded against; where an older recording is added to, both must agree."""
    hosts = [urlsplit(exchange.request.url).hostname or "" for exchange in exchanges]
    if said is not None:
        return said.plane
    if all(map(is_loopback, hosts)):
        return "loopback"
    return "runpod-cloud" if any(host.endswith(RUNPOD) for host in hosts) else "import"


def notes_of(said: Provenance | None) -> list[str]:
    """What readers of the cassette must know."""
    note = "Recorded by vcrpy under pytest-recording: requests without an answer, or of other threads, may be missing."
    return list(dict.fromkeys([*(said.notes if said else ()), note]))
