"""What is drawn over the recordings of one contract at one endpoint, and the figures under the lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comfytape.reporting.words import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape.history import Run

__all__ = ["FIGURES", "cell", "image_cost", "trends"]

FIGURES = (
    ("cold start", "cold_start_ms"),
    ("p50", "generation_median_ms"),
    ("p95", "generation_p95_ms"),
    ("success", "success_rate"),
)
"""Columns of the table: heading, and the measurement. The cost of an image, between its bounds, follows."""

DRAWN = (
    ("Cold start", "seconds", 1000, {"cold start": "cold_start_ms"}),
    ("Generation, p50 and p95", "seconds", 1000, {"p50": "generation_median_ms", "p95": "generation_p95_ms"}),
    ("Success rate", "%", 0.01, {"success": "success_rate"}),
    (
        "Cost of an image",
        "USD",
        1,
        {"at least": "cost_per_image_low_usd", "at most": "cost_per_image_high_usd"},
    ),
)
"""Plots: title, unit, what of the measurement makes one unit, and lines with their measurement."""


def trends(runs: Sequence[Run], plots: Any) -> Iterator[tuple[str, str]]:
    """(title, SVG) of everything of which two values are known. ``plots`` is ``comfytape.reporting.plots``."""
    labels = [run.recorded_at[:10] for run in runs]
    for title, unit, per, lines in DRAWN:
        series = {
            name: [value / per if (value := number(run, key)) is not None else None for run in runs]
            for name, key in lines.items()
        }
        known = [value for values in series.values() for value in values if value is not None]
        if known:
            words = (
                f"{title} in {len(runs)} recordings, {min(known):.4g} to {max(known):.4g} {unit}; figures in the table"
            )
            yield title, plots.trend(labels, series, unit, words)
    counts: dict[str, list[float | None]] = {
        f"{severity}s": [run.counts[severity] for run in runs] for severity in ("error", "warning")
    }
    words = f"Errors and warnings in {len(runs)} recordings; figures in the table"
    yield "Findings", plots.trend(labels, counts, "findings", words, whole=True)


def number(run: Run, name: str) -> float | None:
    """A measurement; None where it is not there, or not a number."""
    value = run.measurements.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def cell(run: Run, name: str) -> str:
    """A measurement with its unit, as the table has it."""
    return "–" if run.measurements.get(name) is None else figure(name, run.measurements[name])[1]


def image_cost(run: Run) -> str:
    """What an image cost, between its bounds, in US dollars."""
    low, high = number(run, "cost_per_image_low_usd"), number(run, "cost_per_image_high_usd")
    return "–" if low is None or high is None else f"{low:.4f}–{high:.4f}"
