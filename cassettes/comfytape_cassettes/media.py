"""What bytes are, by their first bytes, so that a body file gets a suffix people can open."""

from __future__ import annotations

__all__ = ["is_picture", "suffix_of"]

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (4, b"ftyp", "mp4"),
    (0, b"\x1aE\xdf\xa3", "webm"),
    (0, b"\x1f\x8b", "gz"),
)
PICTURES = {"png", "jpg", "gif", "webp", "mp4", "webm"}
TYPES = {
    "text/html": "html",
    "text/plain": "txt",
    "text/event-stream": "txt",
    "application/xml": "xml",
    "text/xml": "xml",
}


def signature_of(data: bytes) -> str | None:
    """The suffix that the first bytes call for, or None."""
    return next((suffix for at, magic, suffix in SIGNATURES if data[at : at + len(magic)] == magic), None)


def is_picture(data: bytes) -> bool:
    """Whether these bytes begin as a still or moving picture does."""
    return signature_of(data) in PICTURES


def suffix_of(data: bytes, content_type: str) -> str:
    """A file suffix without its dot: by the bytes, else by the content type, else ``bin``."""
    known = signature_of(data)
    if known:
        return known
    kind = content_type.partition(";")[0].strip().lower()
    if "json" in kind or (kind in ("", "application/x-www-form-urlencoded") and data.lstrip()[:1] in (b"{", b"[")):
        return "json"
    return TYPES.get(kind, "bin")
