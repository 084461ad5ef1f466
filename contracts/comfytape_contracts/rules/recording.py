"""Rules about the recording itself."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STALE = Rule(
    id="recording-stale",
    family="recording",
    title="The recording is older than the contract allows",
    looks_at="recorded_at in the provenance, against max_age",
    direction="state",
    action="compare with today",
    severity=Severity.WARNING,
    why="An endpoint changes under an unchanged recording: images are rebuilt, packs move on. An old tape proves what was "
    "true when it was made. A pull request only warns; a scheduled job raises this to error in the contract's severities.",
    source="what users of record-and-replay tools ask for most (vcr issue 734)",
    todo="Record again: comfytape record CONTRACT.",
    before="recorded 3 days ago, max_age 30d",
    after="recorded 45 days ago, max_age 30d",
    mirror_waiver="age only grows",
)

RULES = (STALE,)
