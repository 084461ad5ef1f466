"""Where a recording comes from: stated honestly wherever a person sees the cassette."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PLANES", "REPLAY_SERVER", "Provenance"]

PLANES = ("runpod-cloud", "loopback", "replay", "import")
"""What a recording was made against: RunPod itself, a server on the same machine, a replay, or another tool's file."""

REPLAY_SERVER = "comfytape-replay"
"""What a replay says in ``Server``: a recording that holds such an answer was made from a replay, wherever that ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """When, by which version and against what a cassette was recorded.

    Attributes:
        recording: an id that is new for every recording; ties a journal to its cassette.
        recorded_at: UTC, ISO 8601; the moment that offset 0 ms stands for.
        recorded_by: the program and version that wrote it.
        plane: one of ``PLANES``.
        source: what was recorded, in words: base URLs without secrets, or the imported file.
        contract: name of the contract it was recorded for, or "".
        versions: versions of the programs involved, by name.
        notes: sentences a reader must know, such as "random weights on a CPU".
        samples: what the recorder asked for: one entry a job, with ``case``, ``sample``, ``job``.
    """

    recording: str
    recorded_at: str
    recorded_by: str
    plane: str
    source: str = ""
    contract: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    samples: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The ``metadata.comfytape`` object of the index."""
        return {
            "recording": self.recording,
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "plane": self.plane,
            "source": self.source,
            "contract": self.contract,
            "versions": dict(sorted(self.versions.items())),
            "notes": list(self.notes),
            "samples": [dict(s) for s in self.samples],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Provenance:
        """Read back; a cassette written by another tool has none of it, so every field may be absent."""
        versions = data.get("versions")
        samples = data.get("samples")
        notes = data.get("notes")
        return cls(
            recording=str(data.get("recording", "")),
            recorded_at=str(data.get("recorded_at", "")),
            recorded_by=str(data.get("recorded_by", "another tool")),
            plane=str(data.get("plane", "import")),
            source=str(data.get("source", "")),
            contract=str(data.get("contract", "")),
            versions={str(k): str(v) for k, v in versions.items()} if isinstance(versions, dict) else {},
            notes=tuple(str(n) for n in notes) if isinstance(notes, list) else (),
            samples=tuple(s for s in samples if isinstance(s, dict)) if isinstance(samples, list) else (),
        )

    def age_days(self, now: datetime) -> float | None:
        """Days since the recording, or None when it does not say when it was made."""
        try:
            made = datetime.fromisoformat(self.recorded_at)
        except ValueError:
            return None
        return (now - (made if made.tzinfo else made.replace(tzinfo=UTC))).total_seconds() / 86400
