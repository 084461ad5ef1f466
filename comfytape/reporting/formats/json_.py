"""JSON: everything, for machines. Its schema is ``comfytape/reporting/schema/report.schema.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from comfytape.reporting.words import plain, worst_verdict
from comfytape_contracts.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.verdicts import Report

__all__ = ["render", "write"]


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write one object."""
    destination.put(render(reports))


def render(reports: Sequence[Report]) -> str:
    """One object; several results are merged, the single ones are under ``contracts``."""
    documents = [report.to_json() for report in reports]
    document = documents[0] if len(documents) == 1 else merged(reports, documents)
    return json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def merged(reports: Sequence[Report], documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several results as the one object that ``--json`` promises."""
    return {
        "tool": "comfytape",
        "format": 1,
        "verdict": str(worst_verdict(reports)),
        "counts": {str(s): sum(d["counts"][str(s)] for d in documents) for s in Severity},
        "findings": [finding for d in documents for finding in d["findings"]],
        "measurements": {report.contract: report.measurements for report in reports},
        "contracts": list(documents),
    }
