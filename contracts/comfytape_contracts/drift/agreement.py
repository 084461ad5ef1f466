"""Whether drift says of a workflow what a real server said: for tests, benchmarks, and whoever harvests cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from comfytape_contracts.findings import Finding

__all__ = ["Said", "disagreement"]


@dataclass(frozen=True, slots=True)
class Said:
    """What the newer server answered to a workflow that the older one took: HTTP status and its error types."""

    status: int
    types: frozenset[str]

    @classmethod
    def of_answer(cls, status: int, error: str | None, node_errors: Mapping[str, Iterable[Any]]) -> Said:
        """From ``error.type`` and, by node, the types in ``node_errors``; those of nodes say more than the envelope."""
        types = frozenset(str(kind) for kinds in node_errors.values() for kind in kinds)
        return cls(status, types or frozenset({error} if error else ()))


def disagreement(findings: Iterable[Finding], said: Said) -> str | None:
    """What differs between the errors of ``diff_inventories`` and the server, in words; None where nothing does.

    What fails late is no disagreement: the server's answer does not show it.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    types = frozenset(finding.server_error for finding in errors if finding.server_error)
    if said.status == 200:
        return f"the server takes it, we say {', '.join(sorted(types))}" if types else None
    if not types:
        late = " (only that it fails late)" if errors else ""
        return f"the server refuses it with {', '.join(sorted(said.types))}, we do not{late}"
    if types != said.types:
        return f"the server says {', '.join(sorted(said.types))}, we say {', '.join(sorted(types))}"
    return None
