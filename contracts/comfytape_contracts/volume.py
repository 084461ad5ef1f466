"""What lies on a network volume: S3 listings (ListObjectsV2) as a recording holds them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit
from xml.parsers import expat

from comfytape_contracts.routes import route_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from comfytape_cassettes import Exchange
    from comfytape_contracts.tape import Recorded

__all__ = ["ListingError", "Page", "S3Object", "VolumeListing", "model_prefixes", "page_of", "parse_page"]

DEPTH_LIMIT = 16
"""Levels of elements; a listing has four."""

SIZE = re.compile("[0-9]{1,18}")
"""Bytes of an object; S3 takes 50 TB at most."""

COMFYUI_MODELS = ("ComfyUI/models/", "comfyui/models/", "runpod-slim/ComfyUI/models/", "workspace/ComfyUI/models/")
"""Where ComfyUI keeps models on pods: runpod/comfyui images have it at /workspace/runpod-slim/ComfyUI."""

MODEL_FOLDERS = frozenset({
    "audio_encoders", "checkpoints", "clip", "clip_vision", "configs", "controlnet", "diffusion_models", "embeddings",
    "gligen", "hypernetworks", "loras", "model_patches", "photomaker", "style_models", "text_encoders", "unet",
    "upscale_models", "vae", "vae_approx",
})  # fmt: skip
"""Names of ComfyUI's model folders (folder_paths.py), which people also make at the top of a volume."""


class ListingError(ValueError):
    """A document that is no listing: what it is instead, in words."""

    def __init__(self, words: str, code: str = "") -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object: its key is the path below the mount, ``size`` its bytes."""

    key: str
    size: int

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.key.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Its folders without the name; "" at the top."""
        return self.key.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to ListObjectsV2. ``prefixes`` are folders, where a delimiter was asked for."""

    objects: tuple[S3Object, ...] = ()
    prefixes: tuple[str, ...] = ()
    truncated: bool = False
    next_token: str = ""


def parse_page(data: bytes) -> Page:
    """A ``ListBucketResult`` document.

    Document type declarations are refused, and with them entities: no listing has any.

    Raises:
        ListingError: it is something else; S3's own error code and message where it is one.
    """
    reader = Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except ListingError:
        raise
    # An encoding that Python does not know, or knows and cannot use here, is no ExpatError.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ListingError(f"not XML: {error}") from error
    if reader.root == "Error":
        code, message = reader.top.get("Code", ""), reader.top.get("Message", "")
        raise ListingError(f"{code}: {message}".strip(": "), code)
    if reader.root != "ListBucketResult":
        raise ListingError(f"expected a ListBucketResult, got {reader.root or 'nothing'}")
    # With encoding-type=url keys are spelled as in a form, so that XML can carry every name.
    decode = unquote_plus if reader.top.get("EncodingType") == "url" else str
    return Page(
        objects=tuple(
            S3Object(decode(item["Key"]), int(item["Size"]))
            for item in reader.items["Contents"]
            if item.get("Key") and SIZE.fullmatch(item.get("Size", ""))
        ),
        prefixes=tuple(decode(item.get("Prefix", "")) for item in reader.items["CommonPrefixes"]),
        truncated=reader.top.get("IsTruncated") == "true",
        next_token=reader.top.get("NextContinuationToken", ""),
    )


def refuse(*_: object) -> None:
    """No document type declaration, so no entities."""
    raise ListingError("a document type declaration, which no listing has")


@dataclass
class Reader:
    """Collects a listing: texts right below the root, and one dict for each of ``Contents`` and ``CommonPrefixes``."""

    root: str = ""
    top: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[dict[str, str]]] = field(default_factory=lambda: {"Contents": [], "CommonPrefixes": []})
    stack: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def start(self, name: str, _: Mapping[str, str]) -> None:
        """An element begins."""
        name = name.rpartition(":")[2]
        self.root = self.root or name
        self.stack.append(name)
        self.said.clear()
        if len(self.stack) > DEPTH_LIMIT:
            raise ListingError(f"nested over {DEPTH_LIMIT} levels deep")
        if len(self.stack) == 2 and name in self.items:
            self.items[name].append({})

    def text(self, data: str) -> None:
        """Text comes in pieces."""
        self.said.append(data)

    def end(self, _: str) -> None:
        """An element ends."""
        name, said = self.stack.pop(), "".join(self.said).strip("\n")
        self.said.clear()
        if len(self.stack) == 1 and name not in self.items:
            self.top[name] = said
        elif len(self.stack) == 2 and self.stack[1] in self.items:
            self.items[self.stack[1]][-1][name] = said


def model_prefixes(root: Iterable[str]) -> list[str]:
    """Which folders to list in full, from the folders at the top of a volume: those that may hold model files.

    A volume may hold a hundred thousand files of virtual environments and caches, which nobody wants to wait for.
    """
    there = list(root)
    found = [prefix for prefix in there if prefix.strip("/").lower() in {"models", *MODEL_FOLDERS}]
    return [*found, *(prefix for prefix in COMFYUI_MODELS if prefix.partition("/")[0] + "/" in there)]


def page_of(exchange: Exchange) -> Page:
    """The page in an answer.

    Raises:
        ListingError: it is none; with S3's words, or the status.
    """
    try:
        page = parse_page(exchange.response.content())
    except ListingError as error:
        if exchange.response.status == 200:
            raise
        words = str(error) if error.code else "no S3 error"
        raise ListingError(f"status {exchange.response.status}, {words}", error.code) from error
    if exchange.response.status != 200:
        raise ListingError(f"status {exchange.response.status} with a listing")
    return page


def prefix_of(url: str) -> str:
    """The folder that a URL lists; "" for the top."""
    return parse_qs(urlsplit(url).query).get("prefix", [""])[0]


@dataclass(frozen=True)
class VolumeListing:
    """All that a recording holds of one volume."""

    exchanges: Sequence[Exchange]
    failures: Sequence[tuple[str, str]] = ()

    @classmethod
    def of(cls, said: Recorded) -> VolumeListing | None:
        """The listing of a recording, or None where no volume was asked for."""
        asked = [e for e in said.exchanges if route_of(e.request.url).plane == "s3"]
        failed = [(f.url, f.error) for f in said.failures if route_of(f.url).plane == "s3"]
        return cls(asked, failed) if asked or failed else None

    @cached_property
    def url(self) -> str:
        """The URL that was asked first."""
        return self.exchanges[0].request.url if self.exchanges else self.failures[0][0]

    @property
    def server(self) -> str:
        """Scheme, host and port of the S3 API."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def volume(self) -> str:
        """The volume's id: S3's bucket."""
        return unquote(urlsplit(self.url).path.strip("/"))

    @cached_property
    def pages(self) -> Mapping[str, list[Page | ListingError]]:
        """The answers by prefix, in order; "" is the top of the volume."""
        found: dict[str, list[Page | ListingError]] = {}
        for exchange in self.exchanges:
            try:
                page: Page | ListingError = page_of(exchange)
            except ListingError as error:
                page = error
            found.setdefault(prefix_of(exchange.request.url), []).append(page)
        return found

    @cached_property
    def objects(self) -> Mapping[str, S3Object]:
        """Every file that was seen, by key; S3's entries for empty folders are left out."""
        pages = [page for pages in self.pages.values() for page in pages if isinstance(page, Page)]
        return {o.key: o for page in pages for o in page.objects if not o.key.endswith("/")}

    @cached_property
    def trouble(self) -> str:
        """Why the listing is not whole; "" where it is."""
        last = {prefix: pages[-1] for prefix, pages in self.pages.items()}
        refused = [page for page in last.values() if isinstance(page, ListingError)]
        if refused:
            return str(refused[0])
        unanswered = [said for url, said in self.failures if prefix_of(url) not in last]
        if unanswered:
            return unanswered[-1]
        cut = [prefix for prefix, page in last.items() if isinstance(page, Page) and page.truncated]
        if cut:
            return f"the listing of '{cut[0]}' goes on, but was not read to its end"
        top = last.get("")
        wanted = model_prefixes(top.prefixes) if isinstance(top, Page) else []
        unread = [prefix for prefix in wanted if prefix not in last]
        return f"'{unread[0]}' was not listed" if unread else ""

    @property
    def looked_in(self) -> Sequence[str]:
        """The folders that were listed in full."""
        return [prefix for prefix in self.pages if prefix]
