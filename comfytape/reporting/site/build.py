"""Building the site: which pages there are, and from what each is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from comfytape.history.sighting import sightings, together
from comfytape.reporting.formats import html
from comfytape.reporting.site.comparison import Comparison
from comfytape.reporting.site.memory import WITH, digest_of
from comfytape.reporting.site.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from comfytape.reporting.site.memory import Memory
    from comfytape.reporting.site.recorded import Recorded

__all__ = ["Line", "Site", "build_site", "lines_of"]


@dataclass(frozen=True)
class Line:
    """One contract at one endpoint: its recordings, the oldest first, and each compared with the one before."""

    contract: str
    endpoint: str
    recordings: Sequence[Recorded]
    steps: Sequence[Comparison]

    @property
    def last(self) -> Recorded:
        """The latest recording."""
        return self.recordings[-1]

    @property
    def id(self) -> str:
        """An anchor."""
        return f"e{digest_of(self.endpoint)[:8]}"


@dataclass(frozen=True)
class Site:
    """What was written."""

    recordings: int
    written: int
    kept: int


def lines_of(recordings: Sequence[Recorded], memory: Memory) -> list[Line]:
    """Recordings by contract and endpoint, in order, with what changed from one to the next."""
    found: dict[tuple[str, str], list[Recorded]] = {}
    for each in recordings:
        found.setdefault((each.run.contract, each.run.endpoint), []).append(each)
    return [
        Line(contract, endpoint, listed, [Comparison.of(old, new, memory) for old, new in pairwise(listed)])
        for (contract, endpoint), listed in sorted(found.items())
    ]


def build_site(
    recordings: Sequence[Recorded], memory: Memory, wished: Sequence[tuple[Recorded, Recorded]] = ()
) -> Site:
    """Write the pages; those whose recordings did not change are left as they are.

    ``wished`` are pairs to compare besides each recording with the one before, and the endpoints of a contract.

    Raises:
        UsageError: the extra ``report`` is not installed, or a page cannot be written.
        CassetteError: a cassette is gone or damaged.
    """
    pages = Pages.made()
    lines = lines_of(recordings, memory)
    contracts = {line.contract: [other for other in lines if other.contract == line.contract] for line in lines}
    beside = [Comparison.of(*pair, memory) for pair in (*wished, *endpoints(contracts.values()))]
    build = _Build(memory, pages)
    for line in lines:
        for number, each in enumerate(line.recordings):
            build.recording(line, number, each)
    for comparison in {c.name: c for c in (*(step for line in lines for step in line.steps), *beside)}.values():
        sides = comparison.before.digest + comparison.after.digest
        build.page(f"compare/{comparison.name}.html", sides, partial(pages.compare, comparison))
    for name, own in contracts.items():
        listed = [c for c in beside if c.after.run.contract == name]
        build.page(f"contracts/{name}.html", "", partial(pages.contract, name, own, listed))
        seen = together(sightings(each.run for line in own for each in line.recordings))
        build.page(f"contracts/{name}-findings.html", "", partial(pages.findings, name, own, seen))
    build.page("index.html", "", partial(pages.index, contracts))
    memory.save()
    return Site(len(recordings), build.written, build.kept)


def endpoints(contracts: Iterable[Sequence[Line]]) -> Iterator[tuple[Recorded, Recorded]]:
    """The latest recordings of a contract's endpoints, each beside that of the first endpoint."""
    for first, *others in contracts:
        yield from ((first.last, other.last) for other in others)


class _Build:
    """Writes what is not there yet."""

    def __init__(self, memory: Memory, pages: Pages) -> None:
        self.memory, self.pages = memory, pages
        self.written = self.kept = 0

    def page(self, name: str, made_from: str, text: Callable[[], str]) -> None:
        """One page; ``made_from`` "" is a page that is always made anew."""
        made_from = made_from and digest_of(WITH, made_from)
        if made_from and self.memory.has_page(name, made_from):
            self.kept += 1
            return
        self.memory.put_page(name, made_from, text())
        self.written += 1

    def recording(self, line: Line, number: int, each: Recorded) -> None:
        """The page of one recording, with links to those before and after it."""
        before = line.recordings[number - 1] if number else None
        after = line.recordings[number + 1] if number + 1 < len(line.recordings) else None
        around = [("All contracts", "../index.html"), (each.run.contract, f"../contracts/{each.run.contract}.html")]
        if before:
            around.append(("‹ the one before", f"{before.slug}.html"))
            around.append(("what changed since then", f"../compare/{before.slug}--{each.slug}.html"))
        if after:
            around.append(("the next one ›", f"{after.slug}.html"))
        made_from = digest_of(each.digest, *(part for pair in around for part in pair))

        def text() -> str:
            return html.render([each.report], around) if each.location else self.pages.run(each, around)

        self.page(f"recordings/{each.slug}.html", made_from, text)
