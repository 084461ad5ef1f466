"""Findings and verdicts: what a rule saw, and what follows from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

__all__ = ["Finding", "Location", "Severity", "Verdict", "fingerprint_of"]


class Severity(StrEnum):
    """How much a finding matters; each compares equal to its string."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for an error, 1 for a warning, 2 for an info: sorts the worst first."""
        return list(Severity).index(self)


class Verdict(StrEnum):
    """PASS, FAIL or UNKNOWN. UNKNOWN also stands for "nothing was examined"."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a finding points: a file and line, and inside a workflow the node and input.

    ``file`` is as the user named it, ``line`` counts from 1. What is not known is None.
    """

    file: str | None = None
    line: int | None = None
    node_id: str | None = None
    class_type: str | None = None
    input: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The five keys, always all of them."""
        return {
            "file": self.file,
            "line": self.line,
            "node_id": self.node_id,
            "class_type": self.class_type,
            "input": self.input,
        }


def fingerprint_of(rule: str, identity: dict[str, Any]) -> str:
    """16 hex digits over structured fields; the words of a message never enter, so they may be improved freely."""
    canonical = json.dumps([rule, identity], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rule saw.

    Attributes:
        rule: id of the rule, as ``comfytape explain`` lists it.
        severity: error, warning or info.
        message: what, where, expected and got, in one or two sentences.
        hint: the next thing to do.
        fingerprint: 16 hex digits that stay the same while the finding does.
        location: file, line, node id, class and input, as far as known.
        expected: what would have been right (JSON value or None).
        actual: what was there (JSON value or None).
        server_error: ComfyUI's own error type (``value_not_in_list``) where ``POST /prompt`` itself would reject.
    """

    rule: str
    severity: Severity
    message: str
    hint: str = ""
    fingerprint: str = ""
    location: Location = field(default_factory=Location)
    expected: Any = None
    actual: Any = None
    server_error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys that ``--json`` prints, in their fixed order."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
            "fingerprint": self.fingerprint,
            "location": self.location.to_json(),
            "expected": self.expected,
            "actual": self.actual,
            "server_error": self.server_error,
        }

    def at(self, *, file: str | None, line: int | None = None) -> Finding:
        """The same finding, pointing into a file."""
        return replace(self, location=replace(self.location, file=file, line=line))
