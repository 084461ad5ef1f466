"""One check of one recording, as history keeps it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from comfytape.reporting.words import plain
from comfytape_cassettes import Cassette
from comfytape_cassettes.version import __version__
from comfytape_contracts.findings import Finding, Location, Severity, Verdict
from comfytape_contracts.routes import route_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape_contracts.verdicts import Report

__all__ = ["Run", "endpoint_of"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
VOLATILE = "recording_age_days"
"""A measurement that says when somebody looked, not what was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one check said of one recording.

    Attributes:
        contract: the contract's name.
        cassette: the recording's own name, without its folder.
        recording: the id of the recording; where it has none, its name and moment.
        recorded_at: ISO 8601, UTC; "" where the recording does not say.
        endpoint: host and endpoint id that were recorded; "" where the recording holds no call.
        plane: what it was recorded against, as in the provenance.
        verdict: PASS, FAIL or UNKNOWN.
        findings: what stood, the worst first.
        accepted: what the baseline covered.
        measurements: figures by name, as in the report.
        tool: the version of comfytape that checked.
        notes: sentences that a reader of the recording must know.
    """

    contract: str
    cassette: str
    recording: str
    recorded_at: str
    endpoint: str
    plane: str
    verdict: Verdict
    findings: Sequence[Finding]
    accepted: Sequence[Finding]
    measurements: Mapping[str, Any]
    tool: str
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, report: Report) -> Run:
        """The run that a report tells of.

        Raises:
            CassetteError: the cassette is gone or damaged.
        """
        cassette = Cassette.open(report.cassette)
        told = report.provenance
        recorded_at = str(told.get("recorded_at", ""))
        run = cls(
            contract=report.contract,
            cassette=cassette.name,
            recording=str(told.get("recording", "")) or f"{cassette.name} {recorded_at}",
            recorded_at=recorded_at,
            endpoint=endpoint_of(cassette),
            plane=str(told.get("plane", "")),
            verdict=report.verdict,
            findings=report.findings,
            accepted=report.accepted,
            measurements={name: value for name, value in report.measurements.items() if name != VOLATILE},
            tool=__version__,
            notes=[str(note) for note in told.get("notes", ())],
        )
        # Through JSON and back: a run is the same whether it was kept or has just been made.
        return cls.from_json(run.to_json())

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity, all three keys."""
        return {str(s): sum(f.severity is s for f in self.findings) for s in Severity}

    @property
    def key(self) -> str:
        """The same for the same result of the same recording: 64 hex digits. Words of messages do not enter."""
        standing = [sorted((f.fingerprint, str(f.severity)) for f in side) for side in (self.findings, self.accepted)]
        said = [self.contract, self.recording, self.verdict, standing, self.measurements, self.tool]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Everything, as strict JSON that any database takes."""
        data = {name: getattr(self, name) for name in self.__slots__}
        data |= {side: [f.to_json() for f in getattr(self, side)] for side in ("findings", "accepted")}
        data["measurements"] = dict(self.measurements)
        kept: dict[str, Any] = storable(plain(data))
        return kept

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Run:
        """Read back what ``to_json`` gave; keys that a later version added are passed over.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        known = {name: data[name] for name in cls.__slots__}
        known |= {side: tuple(finding_from(raw) for raw in data[side]) for side in ("findings", "accepted")}
        known |= {"verdict": Verdict(data["verdict"]), "notes": tuple(data["notes"])}
        return cls(**known | {"measurements": dict(data["measurements"])})


def finding_from(data: Mapping[str, Any]) -> Finding:
    """A finding out of the keys that ``--json`` prints."""
    known = {name: data[name] for name in Finding.__slots__}
    place = Location(**{name: data["location"][name] for name in Location.__slots__})
    return Finding(**known | {"severity": Severity(data["severity"]), "location": place})


def storable(value: Any) -> Any:
    """Without characters that a database refuses: PostgreSQL's text knows no NUL, and UTF-8 no half surrogate pair."""
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return value


def endpoint_of(cassette: Cassette) -> str:
    """Which endpoint was recorded: host and endpoint id of its first RunPod call, else ComfyUI's host; "" for none.

    A server on the same machine is ``loopback`` whatever its port, which differs from day to day.
    """
    hosts = []
    for exchange in cassette.exchanges:
        route, url = route_of(exchange.request.url), urlsplit(exchange.request.url)
        host = "loopback" if url.hostname in LOOPBACK else url.netloc.rpartition("@")[2]
        if route.endpoint:
            return f"{host}/{route.endpoint}"
        hosts.append(host)
    return hosts[0] if hosts else ""
