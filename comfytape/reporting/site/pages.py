"""The pages as text. Each holds its style and loads nothing; links are relative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comfytape.reporting import words
from comfytape.reporting.formats.html import digest, page
from comfytape.reporting.site.trends import FIGURES, cell, image_cost, trends
from comfytape_cassettes import UsageError
from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape.history import Sighting
    from comfytape.reporting.site.build import Line
    from comfytape.reporting.site.comparison import Comparison
    from comfytape.reporting.site.recorded import Recorded

__all__ = ["Pages"]


@dataclass(frozen=True)
class Pages:
    """Renders pages."""

    environment: Any
    plots: Any
    svg: Any

    @classmethod
    def made(cls) -> Pages:
        """Ready to render.

        Raises:
            UsageError: the extra ``report`` is not installed.
        """
        try:
            import jinja2  # noqa: PLC0415 - of the extra
            from markupsafe import Markup  # noqa: PLC0415

            from comfytape.reporting import plots  # noqa: PLC0415
        except ImportError as error:
            raise UsageError(
                f"the site needs {error.name}, which is not installed", hint="pip install 'comfytape[report]'"
            ) from error
        own = jinja2.PackageLoader("comfytape.reporting.site")
        loader = jinja2.ChoiceLoader([own, jinja2.PackageLoader("comfytape.reporting", "page")])
        environment = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        # The site's own style: all else is foreign text.
        style = Markup(page("page.css") + own.get_source(environment, "site.css")[0])  # noqa: S704
        policy = f"default-src 'none'; img-src data:; style-src {digest(style)}; base-uri 'none'; form-action 'none'"
        environment.globals |= {"words": words, "figures": FIGURES, "cell": cell, "image_cost": image_cost}
        environment.globals |= {"style": style, "policy": policy, "version": __version__}
        return cls(environment, plots, Markup)

    def index(self, contracts: Mapping[str, Sequence[Line]]) -> str:
        """All contracts, each endpoint with its latest verdict."""
        return self.render("index.html.j2", "", contracts=contracts)

    def contract(self, name: str, lines: Sequence[Line], beside: Sequence[Comparison]) -> str:
        """One contract: trends and recordings of each endpoint."""
        drawn = {
            line.id: [(t, self.svg(s)) for t, s in trends([each.run for each in line.recordings], self.plots) if s]
            for line in lines
        }
        return self.render("contract.html.j2", "../", name=name, lines=lines, drawn=drawn, beside=beside)

    def findings(self, name: str, lines: Sequence[Line], seen: Sequence[Sequence[Sighting]]) -> str:
        """Since when: every finding and every change of one contract."""
        slugs = {each.run.recording: each.slug for line in lines for each in line.recordings}
        return self.render("findings.html.j2", "../", name=name, lines=lines, seen=seen, slugs=slugs)

    def compare(self, comparison: Comparison) -> str:
        """Two recordings side by side."""
        return self.render("compare.html.j2", "../", c=comparison)

    def run(self, each: Recorded, around: Sequence[tuple[str, str]]) -> str:
        """A recording of which only the history knows."""
        return self.render("run.html.j2", "../", each=each, around=around)

    def render(self, template: str, root: str, **values: Any) -> str:
        """A template; ``root`` is the way to the folder of the site."""
        text: str = self.environment.get_template(template).render(root=root, **values)
        return text
