"""Rules about cases: jobs whose outcome the contract names."""

from __future__ import annotations

from functools import partial

from comfytape_contracts.findings import Severity
from comfytape_contracts.rules.rule import Rule

__all__ = ["RULES"]

state = partial(
    Rule,
    family="case",
    direction="state",
    severity=Severity.ERROR,
    mirror_waiver="a case ends as it should or it does not; there is no before",
)

NOT_RECORDED = state(
    id="case-not-recorded",
    title="A case of the contract was never recorded",
    looks_at="the cases of the contract and the jobs of the recording",
    action="look for a job of each run",
    why="A case without a job says nothing. It was added after the recording, left out of it, or its submission got no "
    "answer. What was not examined is not green.",
    source="this project's rule that nothing examined is never green",
    todo="Record again: comfytape record CONTRACT.",
    before="a job for every run of every case",
    after="no job for case 'empty-prompt'",
    inconclusive=True,
)
CHANGED = state(
    id="case-changed",
    title="A case was recorded with another input than it has now",
    looks_at="a digest of what was submitted, which the recorder noted",
    action="compare with what the contract would submit",
    why="The contract's case, its workflow or an input image was edited after the recording: how the new one ends is not "
    "known.",
    source="this project's rule that nothing examined is never green",
    todo="Record again: comfytape record CONTRACT.",
    before="recorded with the prompt ''",
    after="the contract now says the prompt is ' '",
    inconclusive=True,
)
OUTCOME = state(
    id="case-outcome",
    title="A case did not end as expected",
    looks_at="how the job of each run ended",
    action="compare with the case's expects",
    why="A case that should succeed failed, one that should fail in a certain way succeeded or failed in another: the "
    "endpoint, or what the contract believes of it, is wrong.",
    source="the contract",
    todo="Read how it ended; then mend the endpoint, or the case's 'expects'.",
    before="expects node-missing, ended node-missing",
    after="expects node-missing, ended in success",
)
SLOW = state(
    id="budget-case",
    family="budget",
    title="A run of a case took longer than the case allows",
    looks_at="executionTime of the case's successful runs",
    action="compare with budgets.generation_s of the case",
    why="The contract's own budgets are about its samples; a case is held to its own.",
    source="the contract",
    todo="Compare with the recording in which it was met.",
    before="2 s where 5 s are allowed",
    after="9 s where 5 s are allowed",
)
GONE = state(
    id="case-gone",
    severity=Severity.INFO,
    title="A recorded case is not in the contract any more",
    looks_at="the recorder's notes on which job is whose",
    action="look for the case in the contract",
    why="Its jobs are counted neither as samples nor as a case.",
    source="the recording itself",
    todo="Nothing, if the case was removed on purpose; the next recording is without it.",
    before="case 'unicode' is in both",
    after="case 'unicode' is in the recording alone",
)

RULES = (NOT_RECORDED, CHANGED, OUTCOME, SLOW, GONE)
