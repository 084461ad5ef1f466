"""Jobs that complete with a result that is none."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from comfytape_replayer.scenarios.scenario import Scenario

__all__ = ["RESULTS", "blank", "corrupt"]

PNG = b"\x89PNG\r\n\x1a\n"


def without_output(document: dict[str, Any]) -> dict[str, Any]:
    """COMPLETED, and nothing beside it."""
    return {name: value for name, value in document.items() if name != "output"}


def corrupt(picture: bytes) -> bytes:
    """The first half of a picture."""
    return picture[: max(len(picture) // 2, 1)]


def blank(picture: bytes) -> bytes:
    """A black PNG of the size of the picture (of 64 × 64 where it is no PNG)."""
    size = struct.unpack(">II", picture[16:24]) if picture.startswith(PNG) and len(picture) >= 24 else (64, 64)
    width, height = (min(side, 8192) for side in size)
    rows = zlib.compress(b"\0" * ((width * 3 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


RESULTS = (
    Scenario(
        name="result-lost",
        imitates="COMPLETED without output: the worker's result was refused, for instance for its size (runpod-python "
        "issue 309; worker-comfyui issues 129, 167).",
        job=lambda play: play.with_end(without_output),
    ),
    Scenario(
        name="no-images",
        imitates="COMPLETED, and no image: only SaveImage's are collected (worker-comfyui issues 167, 232).",
        job=lambda play: play.with_end(
            lambda document: {**document, "output": {"status": "success_no_images", "images": []}}
        ),
    ),
    Scenario(
        name="corrupt-image",
        imitates="A picture that was cut short on its way.",
        job=lambda play: play.with_pictures(corrupt),
        picture=corrupt,
    ),
    Scenario(
        name="blank-image",
        imitates="A black picture, as a wrong text encoder, NaN in the VAE or a safety filter give it.",
        job=lambda play: play.with_pictures(blank),
        picture=blank,
    ),
)
