"""What a rule is: data that ``comfytape explain`` prints and from which findings are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from comfytape_contracts.findings import Finding, Location, Severity, fingerprint_of

__all__ = ["Direction", "Rule"]

Direction = Literal["added", "removed", "tightened", "loosened", "changed", "state"]
"""Which way a change goes; ``state`` for rules that look at one thing, not at a before and an after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue.

    Attributes:
        id: kebab-case, unique, stable: baselines and contracts refer to it.
        family: the file it lives in: ``workflow``, ``class-drift``, ``input-drift``, ``job``, ``image``, ``budget`` …
        title: one line.
        looks_at: the thing examined, such as "a combo's options" or "``/status`` of a job".
        direction: added, removed, tightened, loosened, changed, or ``state``.
        action: what the rule does about it: "compare with the workflow's value", "count", …
        severity: default severity where a workflow uses the thing (or for ``state`` rules at all).
        severity_unused: default severity where no given workflow uses it; None for ``state`` rules.
        why: what happens on the endpoint, with the reason.
        source: where that fact comes from.
        todo: the next thing to do.
        before: an example that passes.
        after: the same example when the rule fires.
        mirror: the rule for the opposite direction, or None with the reason in ``mirror_waiver``.
        inconclusive: True where the finding means "could not be examined" and the verdict becomes UNKNOWN.
    """

    id: str
    family: str
    title: str
    looks_at: str
    direction: Direction
    action: str
    severity: Severity
    why: str
    source: str
    todo: str
    before: str
    after: str
    severity_unused: Severity | None = None
    mirror: str | None = None
    mirror_waiver: str = ""
    inconclusive: bool = False

    def finding(
        self,
        message: str,
        *,
        hint: str = "",
        severity: Severity | None = None,
        location: Location | None = None,
        expected: Any = None,
        actual: Any = None,
        server_error: str | None = None,
        identity: dict[str, Any] | None = None,
    ) -> Finding:
        """A finding of this rule.

        ``identity`` holds what tells this finding from another of the same rule at the same place, such as the
        offending value or the change's path, old and new. Leave out what varies between equal runs (seconds,
        counts, line numbers): an accepted finding must stay accepted.
        """
        where = location or Location()
        fields = {"node": where.node_id, "class": where.class_type, "input": where.input, **(identity or {})}
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            message=message,
            hint=hint or self.todo,
            fingerprint=fingerprint_of(self.id, fields),
            location=where,
            expected=expected,
            actual=actual,
            server_error=server_error,
        )
