"""What a case may expect: success, or one of the failures that the rules tell apart, by name."""

from __future__ import annotations

import difflib

from comfytape_contracts.rules.failure import RULES as FAILURES

__all__ = ["OUTCOMES", "SUCCESS", "outcome_named", "outcome_words"]

SUCCESS = "success"

SPOKEN = {
    "input-rejected": "failure-input",
    "execution-error": "failure-execution",
    "time-out": "failure-platform-timeout",
    "result-lost": "job-result-lost",
    "no-images": "job-no-images",
    "partial-errors": "job-partial-errors",
    "wrong-handler": "handler-wrong",
}
"""Names that read better than the rule's id less its family."""

OUTCOMES = {
    SUCCESS: SUCCESS,
    **{rule.id.removeprefix("failure-"): rule.id for rule in FAILURES},
    **SPOKEN,
}
"""Every name that ``expects`` takes, with what it stands for: ``success`` or the id of a rule."""


def outcome_named(name: str) -> str:
    """``success``, or the id of the rule that a name stands for; ids stand for themselves.

    Raises:
        ValueError: there is no such outcome; the nearest name is suggested.
    """
    found = OUTCOMES.get(name) or (name if name in OUTCOMES.values() else None)
    if found is None:
        near = difflib.get_close_matches(name, OUTCOMES, n=1)
        known = f"did you mean '{near[0]}'?" if near else f"expected one of {', '.join(OUTCOMES)}"
        raise ValueError(f"no job ends as '{name}': {known}")
    return found


def outcome_words(outcome: str) -> str:
    """The name under which people know an outcome: ``node-missing`` for the rule ``failure-node-missing``."""
    spoken = {rule: name for name, rule in SPOKEN.items()}
    return spoken.get(outcome, outcome.removeprefix("failure-"))
