"""Timing plots as static SVG that takes its colours from the page around it. The only module that imports pygal."""

from __future__ import annotations

import math
import sys
from statistics import median
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape.reporting.samples import Sample
    from comfytape_contracts.timing_load import Level, Moment

__all__ = ["cold_against_warm", "distribution", "per_sample", "trend"]

# pygal leaves a finder for its map plugins behind, of a kind that Python 3.11 warns of at every later import.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

BINS = 6
HEIGHT, WIDTH = 290, 420
DROPPED = frozenset({"defs", "desc", "title"})
WAITED, RAN = "waited for a worker", "ran"


def per_sample(samples: Sequence[Sample]) -> str:
    """A bar a job: how long it waited, and on top of it how long it ran. "" where no time is known."""
    timed = [s for s in samples if s.ran is not None or s.waited is not None]
    if not timed:
        return ""
    chart = pygal.StackedBar(**look("per-sample", "seconds", "job"))
    # More labels than fit would lie over each other.
    every = len(timed) // 15 + 1
    chart.x_labels = [str(s.number) if n % every == 0 else "" for n, s in enumerate(timed)]
    chart.add(WAITED, [round(s.waited or 0, 3) for s in timed])
    chart.add(RAN, [round(s.ran or 0, 3) for s in timed])
    return static(chart, f"Seconds that each of {len(timed)} jobs waited and ran; the table below has the figures")


def cold_against_warm(samples: Sequence[Sample]) -> str:
    """Medians of jobs that met no worker beside those that met one. "" where one of the two was not seen."""
    timed = [s for s in samples if s.status == "COMPLETED" and s.ran is not None]
    # pygal puts the first bar at the bottom.
    sides = [[s for s in timed if s.cold is False], [s for s in timed if s.cold is True]]
    if not all(sides):
        return ""
    waited = [round(median(s.waited or 0 for s in side), 3) for side in sides]
    ran = [round(median(s.ran or 0 for s in side), 3) for side in sides]
    chart = pygal.HorizontalStackedBar(**look("cold-warm", "", "seconds, median"))
    chart.x_labels = [f"{len(side)} {name}" for name, side in zip(("warm", "cold"), sides, strict=True)]
    chart.add(WAITED, waited)
    chart.add(RAN, ran)
    return static(
        chart,
        f"Median seconds: cold jobs waited {waited[1]:.1f} and ran {ran[1]:.1f}, "
        f"warm jobs waited {waited[0]:.1f} and ran {ran[0]:.1f}",
    )


def distribution(samples: Sequence[Sample]) -> str:
    """How many warm jobs ran for how long. "" for fewer than three, of which there is nothing to distribute."""
    times = sorted(s.ran for s in samples if s.status == "COMPLETED" and s.ran is not None and not s.cold)
    if len(times) < 3:
        return ""
    low, step = times[0], (times[-1] - times[0]) / BINS or 1.0
    counts = [0] * BINS
    for time in times:
        counts[min(int((time - low) / step), BINS - 1)] += 1
    chart = pygal.Bar(**look("distribution", "warm jobs", "ran for this many seconds or more"), show_legend=False)
    chart.x_labels = [f"{low + step * n:.1f}" for n in range(BINS)]
    chart.y_labels = range(0, max(counts) + 1, max(counts) // 6 + 1)
    chart.value_formatter = "{:g}".format
    chart.add(RAN, counts)
    return static(
        chart, f"How many of {len(times)} warm jobs ran for how long: {times[0]:.1f} to {times[-1]:.1f} seconds"
    )


def trend(
    labels: Sequence[str], series: Mapping[str, Sequence[float | None]], unit: str, words: str, *, whole: bool = False
) -> str:
    """Lines over recordings, a gap where a value is not known; from 0, so that small changes look small.

    "" where fewer than two values are known. ``whole`` numbers get no fractions on their axis.
    """
    known = [value for values in series.values() for value in values if value is not None]
    if max((sum(v is not None for v in values) for values in series.values()), default=0) < 2:
        return ""
    chart = pygal.Line(
        **look("trend", unit, ""), allow_interruptions=True, dots_size=2.5 if len(labels) < 60 else 1, min_scale=3,
        range=(0, max(known) or 1), show_legend=len(series) > 1, truncate_label=-1,
    )  # fmt: skip
    every = -(-len(labels) // 3)
    chart.x_labels = [label if n % every == 0 else "" for n, label in enumerate(labels)]
    chart.value_formatter = "{:.0f}".format if whole else "{:.4g}".format
    if whole:
        chart.y_labels = range(0, int(max(known)) + 2, int(max(known)) // 5 + 1)
    for name, values in series.items():
        chart.add(name, [None if value is None else round(value, 6) for value in values])
    return static(chart, words)


def over_time(moments: Sequence[Moment]) -> str:
    """Jobs waiting, jobs executing and workers by ``/health``, as steps. "" where never two jobs were under way."""
    busiest = max((m.waiting + m.executing for m in moments), default=0)
    if busiest < 2:
        return ""
    chart = pygal.XY(**look("over-time", "", "seconds from the start"), show_dots=False)
    chart.y_labels = range(0, max(busiest, *(m.able or 0 for m in moments)) + 1, busiest // 6 + 1)
    chart.x_labels = ticks(max(m.at_ms for m in moments) / 1000)
    chart.add("jobs waiting", steps([(m.at_ms, m.waiting) for m in moments]))
    chart.add("jobs executing", steps([(m.at_ms, m.executing) for m in moments]))
    workers = [(m.at_ms, m.able) for m in moments if m.able is not None]
    if workers:
        chart.add("workers", steps(workers))
    most = max((n for _, n in workers), default=0)
    waiting = max(m.waiting for m in moments)
    return static(
        chart, f"Jobs and workers over time: at most {busiest} jobs under way, {waiting} waiting, {most} workers"
    )


def ticks(end: float) -> list[float]:
    """At most six round numbers from 0 to ``end``: more labels would lie over each other on a phone."""
    size = 10.0 ** math.floor(math.log10(end)) if end > 0 else 1.0
    step = next(size * part for part in (0.2, 0.5, 1, 2) if end / (size * part) <= 6)
    return [round(step * n, 6) for n in range(int(end / step) + 1)]


def steps(points: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """(ms, count) as the corners of a staircase over seconds; what stays the same takes no corner."""
    corners: list[tuple[float, int]] = []
    for at, count in points:
        if corners and corners[-1][1] == count:
            continue
        if corners:
            corners.append((round(at / 1000, 3), corners[-1][1]))
        corners.append((round(at / 1000, 3), count))
    return [*corners, (round(points[-1][0] / 1000, 3), points[-1][1])]


def throughput(levels: Sequence[Level]) -> str:
    """Images a minute against jobs at once. "" for fewer than two levels."""
    timed = [level for level in levels if level.images_per_minute is not None]
    if len(timed) < 2:
        return ""
    chart = pygal.Bar(**look("throughput", "images a minute", "jobs at once"), show_legend=False)
    chart.x_labels = [str(level.at_once) for level in timed]
    chart.add("images a minute", [round(level.images_per_minute or 0, 2) for level in timed])
    told = ", ".join(f"{level.images_per_minute:.1f} with {level.at_once}" for level in timed)
    return static(chart, f"Images a minute against jobs at once: {told}")


def look(name: str, y_title: str, x_title: str) -> dict[str, Any]:
    """What all plots share: nothing of pygal's own style and script, and letters that a phone can show."""
    sizes = dict.fromkeys(("label_font_size", "major_label_font_size", "legend_font_size", "title_font_size"), 14)
    return {
        "classes": ["plot", name],
        "css": [],
        "js": [],
        "style": Style(**sizes),
        "width": WIDTH,
        "height": HEIGHT,
        "margin": 6,
        "spacing": 8,
        "y_title": y_title or None,
        "x_title": x_title or None,
        "legend_at_bottom": True,
        "legend_box_size": 12,
    }


def static(chart: Any, words: str) -> str:
    """The plot as one picture called ``words``: no script, style, ids or comments; each bar tells its value."""
    root = chart.render_tree()
    for parent in list(root.iter()):
        value = next((child.text for child in parent if child.get("class") == "value"), None)
        for child in list(parent):
            overlay = "tooltip-overlay" in child.get("class", "")
            if child.tag is ET.Comment or child.tag in DROPPED or overlay:
                parent.remove(child)
        if value is not None:
            ET.SubElement(parent, "title").text = value
        parent.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", words)
    return str(ET.tostring(root, encoding="unicode"))
