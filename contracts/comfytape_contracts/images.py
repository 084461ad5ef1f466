"""Looking at images. The only module that imports Pillow.

Pillow decodes hostile bytes here, so size is checked from the header before any pixel is, and only the formats that
ComfyUI writes are tried.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

__all__ = ["PIXEL_LIMIT", "Look", "look_at", "reduced"]

PIXEL_LIMIT = 128 * 1024 * 1024
"""Pixels up to which an image is decoded: 16384 by 8192."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError)
FLAT = 2
"""Levels (of 255) by which every channel may vary in an image that counts as one colour."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an image is, or why it could not be decoded (``problem``).

    Attributes:
        blank: whether it is of one colour; ``black``: whether that colour is black.
        pixels: a digest of its decoded pixels.
        bits: bits of a channel in the file; Pillow decodes 16-bit colour PNGs to 8.
        frames: 1, or how many an animation has.
        carries: which of ``prompt`` and ``workflow`` its metadata hold, as ComfyUI's save nodes write them.
    """

    format: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    blank: bool = False
    pixels: str = ""
    problem: str = ""
    bits: int = 8
    frames: int = 1
    black: bool = False
    carries: tuple[str, ...] = ()


def look_at(data: bytes) -> Look:
    """Decode an image whole and describe it; ``pixels`` is a digest of its decoded pixels. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > PIXEL_LIMIT:
                    return Look(problem=f"{image.width}x{image.height} pixels are more than comfytape decodes")
                image.load()
                return described(image, data)
    except UnidentifiedImageError:
        return Look(problem=f"is no image: {beginning(data)}")
    except Image.DecompressionBombError as error:
        return Look(problem=f"refused as a decompression bomb: {error}")
    # Pillow's decoders raise all of these on damaged files.
    except (*DAMAGED, struct.error, zlib.error) as error:
        return Look(problem=f"does not decode as an image: {error}")


def beginning(data: bytes) -> str:
    """What bytes that are no image begin with, in words."""
    return f"it begins with {data[:12]!r}" if data else "it is empty"


def described(image: Image.Image, data: bytes) -> Look:
    """Facts about a decoded image."""
    visible = image.convert("RGB") if image.mode in ("1", "CMYK", "LA", "P", "PA") else image
    extrema = visible.getextrema()
    channels = extrema if isinstance(extrema[0], tuple) else (extrema,)
    spread = max(float(high) - float(low) for low, high in channels[:3])
    top = max(float(high) for _, high in channels[:3])
    scale = 65535 / 255 if visible.mode.startswith("I") else 1.0
    return Look(
        format=str(image.format or "").lower(),
        width=image.width,
        height=image.height,
        mode=image.mode,
        blank=spread <= FLAT * scale,
        pixels=hashlib.sha256(repr((image.size, image.mode)).encode() + image.tobytes()).hexdigest(),
        bits=data[24] if image.format == "PNG" else 8,
        frames=int(getattr(image, "n_frames", 1)),
        black=spread <= FLAT * scale and top <= FLAT * scale and visible.mode != "CMYK",
        carries=carried(image),
    )


def carried(image: Image.Image) -> tuple[str, ...]:
    """What ComfyUI's save nodes put of the graph into a file: PNG text chunks (nodes.py, SaveImage), EXIF of WEBP."""
    exif = [str(value).partition(":")[0] for value in image.getexif().values()] if image.format == "WEBP" else []
    return tuple(name for name in ("prompt", "workflow") if name in image.info or name in exif)


def reduced(data: bytes, side: int) -> bytes | None:
    """The image as a WEBP of at most ``side`` pixels a side, for showing; None where ``look_at`` sees a problem.

    Only pixels are kept: metadata, which may carry the whole prompt, is not.
    """
    if look_at(data).problem:
        return None
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        shown = image.convert("RGBA" if image.has_transparency_data else "RGB")
        shown.thumbnail((side, side))
        written = io.BytesIO()
        shown.save(written, "WEBP", quality=80)
    return written.getvalue()
