"""Holding findings against what a real server answered to the same workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Severity
from comfytape_contracts.workflow import Workflow

if TYPE_CHECKING:
    from comfytape_contracts.findings import Finding

__all__ = ["Answer", "Named", "by_order_alone", "disagreements"]

Named = tuple[str | None, str, str | None]
"""Node id, the server's error type, input name."""

_WHOLE_PROMPT = frozenset({"invalid_prompt", "missing_node_type", "no_prompt", "prompt_no_outputs"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``POST /prompt`` answered: the status and every error it named.

    Of the errors that refuse the whole prompt only the type is kept: the server stops at the first node. Of
    exceptions only node and type are kept: they name the input that led to the node, not the one at fault.
    """

    status: int
    named: frozenset[Named]

    @classmethod
    def of(cls, status: int, error: str | None, node_errors: Mapping[str, Any]) -> Answer:
        """From the top-level error's type and, by node id, pairs of error type and input name."""
        named: set[Named] = {
            (node_id, pair[0], None if pair[0].startswith("exception") else pair[1])
            for node_id, pairs in node_errors.items()
            for pair in pairs
        }
        if error in _WHOLE_PROMPT:
            named.add((None, error, None))
        return cls(status, frozenset(named))

    @classmethod
    def of_body(cls, status: int, body: Any) -> Answer:
        """From the parsed body of the answer; anything but an object names nothing."""
        if not isinstance(body, Mapping):
            return cls(status, frozenset())
        errors = {
            node_id: [(error["type"], error.get("extra_info", {}).get("input_name")) for error in entry["errors"]]
            for node_id, entry in body.get("node_errors", {}).items()
        }
        return cls.of(status, (body.get("error") or {}).get("type"), errors)


def disagreements(findings: Iterable[Finding], answer: Answer) -> list[str]:
    """How findings differ from the answer, in words; nothing where they agree.

    An error that says "fails late" is no word about ``POST /prompt`` and so never differs from it.
    """
    findings = list(findings)
    said = [finding for finding in findings if finding.severity == Severity.ERROR and not _is_late(finding)]
    found = []
    if answer.status != 200 and not any(finding.severity == Severity.ERROR for finding in findings):
        found.append(f"the server rejects it ({answer.status}), we do not")
    if answer.status == 200 and said:
        found.append(f"the server accepts it, we do not: {said[0].message}")
    ours = {_named(finding) for finding in findings if finding.server_error}
    for node_id, kind, name in sorted(answer.named - ours, key=str):
        found.append(f"only the server names {kind} at node {node_id}, input {name}")
    for node_id, kind, name in sorted(ours - answer.named, key=str):
        found.append(f"only we name {kind} at node {node_id}, input {name}")
    return found


def by_order_alone(graph: Any, findings: Iterable[Finding], answer: Answer, differences: Iterable[str]) -> bool:
    """Whether the server may have said as much in another run: no difference here is one between us and it.

    It takes outputs, and a node's inputs, in the order of a Python set, which changes with each start. Where its own
    check of a node raises, it forgets what it had not yet looked at: what stands behind the inputs that come later.
    Of an output that also feeds another, it depends on which comes first how the exception is called. And before
    0.20.0 a cycle lets it recurse until Python stops it: that may hit any node behind the cycle, and nodes of the
    cycle are checked again after their values have been converted once.
    """
    differences = list(differences)
    nodes = {_node_in(text) for text in differences}
    if len(nodes) == 1 and len(differences) == 2 and all("exception_during" in text for text in differences):
        return True
    if any(finding.rule == "dependency-cycle" and not finding.server_error for finding in findings):
        return not any(text.startswith("the server") for text in differences)
    crashed = [node_id for node_id, kind, _ in answer.named if node_id is not None and kind.startswith("exception")]
    behind = Workflow.from_graph(graph).upstream_of(crashed)
    return all(text.startswith("only we name") for text in differences) and nodes <= behind


def _node_in(difference: str) -> str:
    return difference.partition(" at node ")[2].rpartition(", input ")[0]


def _is_late(finding: Finding) -> bool:
    return finding.server_error is None and "fails late" in finding.message


def _named(finding: Finding) -> Named:
    kind = finding.server_error
    assert kind is not None
    if kind in _WHOLE_PROMPT:
        return (None, kind, None)
    where = finding.location
    return (where.node_id, kind, None if kind.startswith(("exception", "dependency_cycle")) else where.input)
