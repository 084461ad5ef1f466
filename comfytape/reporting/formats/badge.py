"""A badge: SVG, or for a path that ends in ``.json`` the object that shields.io's endpoint badge reads.

Object: shields.io/badges/endpoint-badge. Look and widths: the flat style that such badges share.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from comfytape.reporting.words import held, worst_verdict
from comfytape_contracts.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from comfytape.reporting.destination import Destination
    from comfytape_contracts.verdicts import Report

__all__ = ["endpoint", "svg", "write"]

COLOURS = {Verdict.PASS: "#1f7a3a", Verdict.FAIL: "#b3261e", Verdict.UNKNOWN: "#7a5c00"}
"""Dark enough for white text (4.5:1, WCAG 2.2)."""
GREY = "#444"
NARROW, WIDE = frozenset("fijlrt .,:;'|!()1"), frozenset("mwMW@%")
PADDING = 6


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write the badge."""
    destination.put(endpoint(reports) if destination.suffix == ".json" else svg(reports))


def words(reports: Sequence[Report]) -> tuple[str, str]:
    """The left and the right half."""
    label = reports[0].contract if len(reports) == 1 and reports[0].contract else "comfytape"
    promises = sum(len(report.lines) for report in reports)
    verdict = worst_verdict(reports)
    return label, f"{verdict} {sum(map(held, reports))}/{promises}" if promises else str(verdict)


def endpoint(reports: Sequence[Report]) -> str:
    """What ``https://img.shields.io/endpoint?url=…`` reads."""
    label, message = words(reports)
    verdict = worst_verdict(reports)
    badge = {"schemaVersion": 1, "label": label, "message": message, "color": COLOURS[verdict].removeprefix("#")}
    return json.dumps(badge | {"isError": verdict is not Verdict.PASS}, ensure_ascii=False) + "\n"


def svg(reports: Sequence[Report]) -> str:
    """A picture of 20 pixels' height."""
    label, message = words(reports)
    left, right = width(label), width(message)
    whole, title = left + right, f"{label}: {message}"
    halves = "".join(
        f'<text x="{x}" y="14" textLength="{room - 2 * PADDING}">{escape(text)}</text>'
        for x, room, text in ((left / 2, left, label), (left + right / 2, right, message))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label={quoteattr(title)}>'
        f'<title>{escape(title)}</title><clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{GREY}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{COLOURS[worst_verdict(reports)]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{halves}</g></svg>\n"
    )


def width(text: str) -> int:
    """About the pixels of a text in 11-pixel Verdana, with padding; ``textLength`` makes the text keep to it."""
    return round(sum(4 if c in NARROW else 10 if c in WIDE else 7 for c in text)) + 2 * PADDING
