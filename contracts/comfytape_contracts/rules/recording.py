"""Rules about the recording itself."""

from __future__ import annotations

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

STATE = "a baseline covers what is found or it does not; there is no before"

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

BASELINE_STALE = Rule(
    id="baseline-stale",
    family="recording",
    title="An accepted finding is no longer there",
    looks_at="the entries of accepted.yaml",
    direction="state",
    action="look for the finding that each covers",
    severity=Severity.INFO,
    why="What was accepted has been mended, or reads otherwise now. An entry that covers nothing hides the day on which "
    "the same fault comes back.",
    source="what users of contract tools ask for most: approvals one by one, with a reason, that do not rot",
    todo="Remove it: comfytape accept CONTRACT --prune.",
    before="budget-generation is accepted, and found",
    after="budget-generation is accepted, and generation is within budget",
    mirror_waiver=STATE,
)

RULES = (STALE, BASELINE_STALE)
