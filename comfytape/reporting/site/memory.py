"""What the last build of a site worked out, in ``site.json`` beside its pages: hundreds of recordings stay seconds.

Nothing in it decides what a page says: an entry is used where everything that it was made from has the same digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfytape.reporting.destination import Destination
from comfytape_cassettes.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Memory", "digest_of"]

FILE = "site.json"
FORMAT = 1


def digest_of(*parts: bytes | str) -> str:
    """32 hex digits over all parts."""
    hashed = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8) + data)
    return hashed.hexdigest()[:32]


@dataclass
class Memory:
    """Results by digest, and pages with the digest of what they were made from. ``folder`` None keeps nothing."""

    folder: Path | None
    results: dict[str, Any] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, folder: Path | None) -> Memory:
        """What the folder remembers; nothing where it is new, or its memory damaged or of another format."""
        try:
            data = json.loads((folder / FILE).read_text(encoding="utf-8")) if folder else {}
        except (OSError, ValueError, RecursionError):
            data = {}
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            return cls(folder)
        results, pages = data.get("results"), data.get("pages")
        return cls(
            folder,
            results if isinstance(results, dict) else {},
            {name: made for name, made in pages.items() if is_below(name)} if isinstance(pages, dict) else {},
        )

    def result(self, key: str) -> Any:
        """What was kept under a digest, or None."""
        self.used.add(key)
        return self.results.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        self.used.add(key)
        self.results[key] = value

    def has_page(self, name: str, made_from: str) -> bool:
        """Whether the page is there and was made from the same; it is then part of the site as it is."""
        assert self.folder is not None
        if self.pages.get(name) == made_from and (self.folder / name).is_file():
            self.written.add(name)
            return True
        return False

    def put_page(self, name: str, made_from: str, text: str) -> None:
        """Write a page.

        Raises:
            UsageError: it cannot be written.
        """
        assert self.folder is not None
        Destination(str(self.folder / name)).put(text)
        self.pages[name] = made_from
        self.written.add(name)

    def save(self) -> None:
        """Remember this build, and remove pages of the last one that no longer belong to the site.

        Raises:
            UsageError: the file cannot be written.
        """
        assert self.folder is not None
        for name in self.pages.keys() - self.written:
            (self.folder / name).unlink(missing_ok=True)
        data = {
            "tool": "comfytape",
            "format": FORMAT,
            "pages": {name: self.pages[name] for name in sorted(self.written)},
            "results": {key: self.results[key] for key in sorted(self.used & self.results.keys())},
        }
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        Destination(str(self.folder / FILE)).put(text)


def is_below(name: str) -> bool:
    """Whether a path stays in the folder: it may be removed one day."""
    return name.endswith(".html") and not Path(name).is_absolute() and ".." not in Path(name).parts


def sources() -> Iterator[bytes]:
    """What pages are made with: a page of another version of comfytape is made anew."""
    yield __version__.encode()
    for package in ("comfytape.reporting", "comfytape.reporting.formats", "comfytape.reporting.site"):
        for folder in ("", "page", "templates"):
            place = resources.files(package).joinpath(folder)
            if place.is_dir():
                yield from (
                    file.read_bytes() for file in sorted(place.iterdir(), key=lambda f: f.name) if file.is_file()
                )


WITH = digest_of(*sources())
"""A digest over comfytape's own files that make pages."""
