"""A recorded job as the states it went through, each with the answer that showed it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import Body, Headers, Response
from comfytape_replayer.said import Said

if TYPE_CHECKING:
    from comfytape_replayer.said import Pieces

__all__ = ["FINAL", "QUEUED", "State", "Timeline", "job_answer", "sketch"]

FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
"""States after which a job does not change (docs.runpod.io, job states)."""

QUEUED = "IN_QUEUE"


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One state of a job. ``at_ms`` counts from its submission; ``document`` is the parsed answer less its pictures."""

    at_ms: float
    status: str
    said: Said
    document: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether the job stays in it."""
        return self.status in FINAL

    @property
    def worker(self) -> str | None:
        """The worker that held the job, once one did."""
        worker = self.document.get("workerId")
        return worker if isinstance(worker, str) else None


Timeline = tuple[State, ...]
"""States in order. The first is what the submission was answered with, at 0 ms; polls show those after it."""


def sketch(response: Response) -> dict[str, Any]:
    """A JSON answer parsed with its lifted pictures left as names, so that looking costs little; {} for others."""
    spec, source = response.body.spec, response.body.source
    try:
        if isinstance(spec, dict) and spec.get("lifted") and source is not None:
            text = spec.get("string")
            parsed = json.loads(text if isinstance(text, str) else source.read(spec["file"].removeprefix("bodies/")))
        else:
            parsed = json.loads(response.content())
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def job_answer(document: dict[str, Any], pieces: Pieces, *, at_ms: float = 0.0) -> State:
    """A state that no exchange showed, spelled as RunPod spells it."""
    body = json.dumps(document).encode()
    response = Response(200, "OK", Headers((("Content-Type", "application/json"),)), Body.of(body))
    return State(at_ms, str(document.get("status", "")), Said(response, str(document["id"]), pieces), document)
