"""Is the recording fresh enough?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_contracts.rules.recording import STALE

if TYPE_CHECKING:
    from datetime import datetime

    from comfytape_cassettes import Provenance
    from comfytape_contracts.checks.subject import Outcome, Subject

__all__ = ["check_recording"]


def check_recording(subject: Subject, provenance: Provenance, now: datetime) -> Outcome:
    """Hold ``max_age`` against the moment of recording."""
    outcome = subject.outcome()
    allowed = subject.model.max_age
    age = provenance.age_days(now)
    if age is not None:
        outcome.measurements["recording_age_days"] = round(age, 2)
    if allowed is None or age is None:
        return outcome
    findings = []
    if age > allowed:
        findings.append(
            STALE.finding(
                f"the recording is {age:.0f} days old, expected at most {allowed:g}",
                location=subject.in_contract("max_age"),
                expected=allowed,
                actual=round(age, 1),
            )
        )
    outcome.promise(f"the recording is at most {allowed:g} days old", findings, f"{age:.1f} days")
    # Freshness alone examines nothing of the endpoint.
    outcome.examined = 0
    return outcome
