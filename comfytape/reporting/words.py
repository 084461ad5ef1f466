"""The same words for the same thing in every report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Severity, Verdict
from comfytape_contracts.rules import catalogue
from comfytape_contracts.verdicts import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfytape_contracts.findings import Finding
    from comfytape_contracts.verdicts import Report

__all__ = [
    "Group",
    "by_verdict",
    "cost",
    "figures",
    "grouped",
    "held",
    "made",
    "node",
    "place",
    "plain",
    "plural",
    "serious_first",
    "summary",
    "worst_verdict",
]

EXIT_WORDS = {
    ExitCode.BROKEN: "a promise is broken (exit code 1)",
    ExitCode.UNKNOWN: "something could not be examined (exit code 3)",
    ExitCode.NOTHING: "nothing was examined (exit code 4)",
    ExitCode.BUDGET: "only a budget is exceeded (exit code 5)",
}
PLANES = {
    "loopback": "against a server on the same machine, not RunPod's cloud",
    "runpod-cloud": "against RunPod",
    "replay": "from a replay of an earlier recording, not from a live endpoint",
    "import": "imported from another tool's file",
}
VERDICTS = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)
"""The worst first."""
UNITS = {"_ms": "s", "_usd": "USD", "_rate": "%", "_days": "days"}
"""Endings of measurement names that carry a unit, and the unit that people read."""


def summary(report: Report) -> str:
    """One sentence that says what the verdict rests on."""
    words = f"{held(report)} of {len(report.lines)} promises hold"
    reason = EXIT_WORDS.get(report.exit_code)
    return f"{words}; {reason}" if reason else words


def held(report: Report) -> int:
    """How many promises hold."""
    return sum(line.verdict is Verdict.PASS for line in report.lines)


def worst_verdict(reports: Iterable[Report]) -> Verdict:
    """One verdict for several reports: FAIL before UNKNOWN before PASS; UNKNOWN for none."""
    seen = {report.verdict for report in reports}
    return next((verdict for verdict in VERDICTS if verdict in seen), Verdict.UNKNOWN)


def by_verdict(reports: Iterable[Report]) -> list[Report]:
    """Reports, what failed first, otherwise in their order."""
    return sorted(reports, key=lambda report: VERDICTS.index(report.verdict))


def made(provenance: Mapping[str, Any]) -> str:
    """When and against what the recording was made."""
    plane = str(provenance.get("plane", ""))
    when = str(provenance.get("recorded_at", ""))[:16] or "at an unknown time"
    return f"recorded {when} ({PLANES.get(plane, plane or 'against an unknown endpoint')})"


def place(finding: Finding) -> str:
    """``file:line`` of a finding that points into a file, else ""."""
    file, line = finding.location.file, finding.location.line
    if file is None:
        return ""
    return f"{file}:{line}" if line is not None else file


def node(finding: Finding) -> str:
    """``node 4 CLIPTextEncode.text``, as far as known, else ""."""
    at = finding.location
    name = ".".join(part for part in (at.class_type, at.input) if part)
    return " ".join(part for part in (f"node {at.node_id}" if at.node_id else "", name) if part)


def serious_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, the worst first; what is broken before what could not be examined; otherwise in their order."""
    rules = catalogue()
    return sorted(findings, key=lambda f: (f.severity.rank, f.rule in rules and rules[f.rule].inconclusive))


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one rule and severity, with their hints once each."""

    severity: Severity
    rule: str
    findings: Sequence[Finding]

    @property
    def title(self) -> str:
        """The rule in words."""
        known = catalogue().get(self.rule)
        return known.title if known else self.rule

    @property
    def hints(self) -> list[str]:
        """What to do, each once."""
        return list(dict.fromkeys(f.hint for f in self.findings if f.hint))


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Findings by severity and rule, the worst first."""
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in serious_first(findings):
        groups.setdefault((finding.severity, finding.rule), []).append(finding)
    return [Group(severity, rule, same) for (severity, rule), same in groups.items()]


def plural(counts: Mapping[str, int]) -> str:
    """``1 error, 2 warnings``; "no findings" where there are none."""
    parts = [f"{counts[s]} {s}{'s' if counts[s] != 1 else ''}" for s in map(str, Severity) if counts.get(s)]
    return ", ".join(parts) or "no findings"


def figures(measurements: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Measurements as (name in words, value with its unit), in their order; lists are for machines."""
    return [figure(name, value) for name, value in measurements.items() if not isinstance(value, list | dict)]


def cost(measurements: Mapping[str, Any]) -> str:
    """What an image and the whole recording cost, between their bounds; "" where no price is known."""
    parts = []
    for what, name in (("an image", "cost_per_image"), ("all jobs together", "cost")):
        low, high = (measurements.get(f"{name}_{bound}_usd") for bound in ("low", "high"))
        if low is not None and high is not None:
            parts.append(f"{what}: {low:.4f} to {high:.4f} USD")
    source = measurements.get("price_source")
    return "; ".join(parts) + (f"; price by {source}" if source else "") if parts else ""


def figure(name: str, value: Any) -> tuple[str, str]:
    """One measurement: ``cold_start_ms`` 30038 becomes ``cold start`` ``30.0 s``."""
    ending = next((e for e in UNITS if name.endswith(e)), "")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not ending or not number:
        return name.replace("_", " "), str(value)
    words = name.replace("_", " ") if ending == "_rate" else name.removesuffix(ending).replace("_", " ")
    scaled = {"_ms": value / 1000, "_rate": value * 100}.get(ending, value)
    digits = {"_ms": 1, "_usd": 4, "_rate": 1, "_days": 1}[ending]
    return words, f"{scaled:.{digits}f} {UNITS[ending]}"


def plain(value: Any) -> Any:
    """A JSON value that every reader takes: ComfyUI's answers may hold NaN and Infinity, which strict JSON lacks."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
