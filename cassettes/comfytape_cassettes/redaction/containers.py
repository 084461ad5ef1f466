"""Which parts of media and model files hold words, so that pixels, sound and weights are neither read nor changed.

WEBP: RIFF chunks (developers.google.com/speed/webp/docs/riff_container); JPEG: segments before the scan (ITU T.81 B.1);
GIF: all but the picture blocks (GIF89a section 18 on); MP4: ISO 14496-12 boxes but ``mdat``; WEBM: RFC 8794 elements
but Clusters; ``.latent`` and ``.safetensors``: the JSON header (huggingface.co/docs/safetensors).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comfytape_cassettes.redaction.png import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_container", "wordy_spans"]

Span = tuple[int, int]

_WEBP_PICTURE = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
_EBML = b"\x1a\x45\xdf\xa3"
_CLUSTER = b"\x1f\x43\xb6\x75"


def is_container(data: bytes) -> bool:
    """Whether ``data`` begins as PNG or as one of the formats that ``wordy_spans`` knows."""
    return data.startswith(SIGNATURE) or _reader(data) is not None


def wordy_spans(data: bytes) -> list[Span] | None:
    """Spans of ``data`` that are not media payload, or None if it is none of these formats."""
    payload = _reader(data)
    if payload is None:
        return None
    spans, done = [], 0
    for start, end in payload:
        if start > done:
            spans.append((done, start))
        done = max(done, min(end, len(data)))
    if done < len(data):
        spans.append((done, len(data)))
    return spans


def _reader(data: bytes) -> Iterator[Span] | None:
    """The payload spans of ``data`` in order, or None."""
    if data[:4] == b"RIFF" and len(data) >= 12:
        return _riff(data)
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip"):
        return _mp4(data)
    if data[:4] == _EBML:
        return _webm(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _gif(data)
    if data[8:9] == b"{" and 2 <= (length := int.from_bytes(data[:8], "little")) <= len(data) - 8:
        return iter([(8 + length, len(data))])
    return None


def _riff(data: bytes) -> Iterator[Span]:
    position = 12
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] in _WEBP_PICTURE or data[position : position + 4] == b"data":
            yield position + 8, position + 8 + length
        position += 8 + length + length % 2


def _jpeg(data: bytes) -> Iterator[Span]:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xDA:
            end = data.rfind(b"\xff\xd9")
            yield position, len(data) if end < position else end
            return
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")


def _mp4(data: bytes) -> Iterator[Span]:
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        head = 8
        if length == 1:
            length, head = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        elif length == 0:
            length = len(data) - position
        if length < head:
            return
        if data[position + 4 : position + 8] == b"mdat":
            yield position + head, position + length
        position += length


def _webm(data: bytes) -> Iterator[Span]:
    """Clusters by their id and size; one of unknown size (all ones) lasts until the next cluster."""
    position = data.find(_CLUSTER)
    while position >= 0:
        first = data[position + 4 : position + 5]
        width = 9 - first[0].bit_length() if first and first[0] else 0
        size = int.from_bytes(data[position + 4 : position + 4 + width], "big") & ((1 << 7 * width) - 1)
        if not width or size == (1 << 7 * width) - 1:
            position = data.find(_CLUSTER, position + 4)
            continue
        start = position + 4 + width
        yield start, start + size
        position = data.find(_CLUSTER, min(start + size, len(data)))


def _gif(data: bytes) -> Iterator[Span]:
    position = 13 + (3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 0x80 else 0)
    while position < len(data):
        if data[position] == 0x21:
            position = _gif_blocks(data, position + 2)
        elif data[position] == 0x2C and position + 10 < len(data):
            flags = data[position + 9]
            start = position + 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            position = _gif_blocks(data, start)
            yield start, position
        else:
            return


def _gif_blocks(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position + 1
