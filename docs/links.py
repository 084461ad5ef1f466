"""A hook of mkdocs: files that pages link to and that are no pages become part of the site, as text.

On a page `../benchmarks/drift.py` is right for who reads it in the repository; the site has no such folder. And the
example of a Markdown report is to be seen as it is written, not as a page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

LINK = re.compile(r"\]\((\.\./[^)#\s]+|examples/[^)#\s]+\.md)\)")
DOCS = Path(__file__).resolve().parent


def address(target: str) -> str:
    """Where such a file is on the site."""
    place = target.replace("../", "repository/", 1)
    return place if place.endswith(".json") else f"{place}.txt"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to."""
    targets = {target for file in files.documentation_pages() for target in LINK.findall(file.content_string)}
    for target in sorted(targets):
        files.append(File.generated(config, address(target), content=(DOCS / target).read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs' names
    """Point the links there."""
    return LINK.sub(lambda found: f"]({address(found[1])})", markdown)
