"""HTML: one self-contained page for people. It needs the extra ``report`` and loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from comfytape.reporting import words
from comfytape.reporting.against import against
from comfytape.reporting.changes import by_pack
from comfytape.reporting.samples import samples_of
from comfytape_cassettes import Cassette, UsageError
from comfytape_cassettes.version import __version__
from comfytape_contracts.findings import Verdict
from comfytape_contracts.tape import Tape
from comfytape_contracts.timing import timings_of
from comfytape_contracts.timing_load import levels_of, moments_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape.reporting.against import Held
    from comfytape.reporting.changes import Pack
    from comfytape.reporting.destination import Destination
    from comfytape.reporting.samples import Sample
    from comfytape_contracts.verdicts import Report

__all__ = ["render", "write"]

TOLD = ("recorded_at", "recorded_by", "source", "contract", "recording")
"""Fields of the provenance that are shown as they are."""


def write(reports: Sequence[Report], destination: Destination) -> None:
    """Write one page.

    Raises:
        UsageError: the extra ``report`` is not installed, or the file cannot be written.
        CassetteError: a cassette is gone or damaged.
    """
    destination.put(render(reports))


@dataclass(frozen=True, slots=True)
class Section:
    """One contract, as the page shows it."""

    report: Report
    promises: Sequence[Held]
    samples: Sequence[Sample]
    plots: Mapping[str, str]

    @property
    def unseen(self) -> list[Held]:
        """Promises that could not be examined."""
        return [held for held in self.promises if held.line.verdict is Verdict.UNKNOWN]

    @property
    def packs(self) -> list[Pack]:
        """What changed in the endpoint since the recording that this one was checked against, by pack."""
        return by_pack(self.report.changes or ())

    @property
    def notes(self) -> list[str]:
        """What a reader must know about the recording."""
        return [str(note) for note in self.report.provenance.get("notes", ())]

    @property
    def provenance(self) -> list[tuple[str, str]]:
        """Where the recording comes from: (name, value)."""
        known = self.report.provenance
        told = [(name.replace("_", " "), str(known[name])) for name in TOLD if known.get(name)]
        return [*told, *((str(name), str(version)) for name, version in known.get("versions", {}).items())]


def render(reports: Sequence[Report], around: Sequence[tuple[str, str]] = ()) -> str:
    """One page over all reports; ``around`` are links (words, address) to pages beside it.

    Raises:
        UsageError: the extra ``report`` is not installed.
        CassetteError: a cassette is gone or damaged.
    """
    try:
        import jinja2  # noqa: PLC0415 - of the extra
        from markupsafe import Markup  # noqa: PLC0415

        from comfytape.reporting import plots  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"the HTML report needs {error.name}, which is not installed", hint="pip install 'comfytape[report]'"
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("comfytape.reporting", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The page's own style and script, and plots whose words an XML writer escaped: all else is foreign text.
    style, script = Markup(page("page.css")), Markup(page("page.js"))  # noqa: S704
    environment.globals |= {"words": words, "svg": Markup}
    return environment.get_template("page.html.j2").render(
        sections=[section(report, plots) for report in words.by_verdict(reports)],
        verdict=words.worst_verdict(reports),
        around=around,
        style=style,
        script=script,
        policy=f"default-src 'none'; img-src data:; style-src {digest(style)}; script-src {digest(script)}; "
        "base-uri 'none'; form-action 'none'",
        version=__version__,
    )


def section(report: Report, plots: Any) -> Section:
    """One contract with its jobs and plots."""
    promises, _ = against(report)
    # A result without provenance says that there was no recording to open.
    cassette = Cassette.open(report.cassette) if report.provenance else None
    samples = samples_of(cassette) if cassette else []
    tape = Tape(cassette) if cassette else None
    timings = timings_of(tape) if tape else []
    cold = [str(sample.number) for sample in samples if sample.cold]
    drawn = {
        "Each job" + (f" (cold: {', '.join(cold)})" if cold else ""): plots.per_sample(samples),
        "Cold against warm": plots.cold_against_warm(samples),
        "Distribution": plots.distribution(samples),
        "Jobs and workers over time": plots.over_time(moments_of(tape, timings)) if tape else "",
        "Throughput": plots.throughput(levels_of(timings)),
    }
    return Section(report, promises, samples, {title: svg for title, svg in drawn.items() if svg})


def page(name: str) -> str:
    """A file of the page."""
    return resources.files("comfytape.reporting").joinpath("page", name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """What Content-Security-Policy calls a text: should foreign text ever become a script, it would not run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
