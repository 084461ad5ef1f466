"""Looking at bytes that claim to be an image: everything is said, nothing is raised, nothing explodes."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from comfytape_contracts.images import look_at

ROOT = Path(__file__).parents[2]


def picture(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, *chunks):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def test_a_recorded_image_is_described():
    """A real 128x128 PNG of the shipped recording."""
    path = next((ROOT / "cassettes" / "z-image-danrisi" / "bodies").glob("*.png"))
    look = look_at(path.read_bytes())
    assert (look.format, look.width, look.height, look.mode, look.blank, look.problem) == (
        "png",
        128,
        128,
        "RGB",
        False,
        "",
    )


def test_sixteen_bits_a_channel_are_not_blank():
    """A 16-bit gradient spans few levels of 65535 and is still seen; a flat one is blank."""
    gradient = Image.linear_gradient("L").convert("I").point(lambda v: v * 256).convert("I;16")
    look = look_at(picture(gradient))
    assert (look.mode, look.blank) == ("I;16", False)
    assert look_at(picture(Image.new("I;16", (64, 64), 40_000))).blank


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animated_image_is_judged_by_its_first_frame(kind):
    """ComfyUI writes animated GIF, WEBP and PNG; what opens first is what counts."""
    frames = [Image.effect_noise((32, 32), 60).convert("RGB") for _ in range(3)]
    look = look_at(picture(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert (look.format, look.width, look.blank, look.problem) == (kind.lower(), 32, False, "")


@pytest.mark.parametrize("size", [(60_000, 60_000), (20_000, 8_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size):
    """Gigapixels are refused before a pixel is decoded."""
    began = time.perf_counter()
    look = look_at(png(*size, chunk(b"IDAT", zlib.compress(b"\0" * 1000))))
    assert look.problem
    assert time.perf_counter() - began < 1


def test_a_bomb_in_the_metadata_is_refused():
    """A text chunk that unpacks to 8 MB is not unpacked."""
    text = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"a" * (8 << 20)))
    assert "Decompressed data too large" in look_at(png(1, 1, text)).problem


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PPM", "ICO"])
def test_formats_that_comfyui_does_not_write_are_no_images(kind):
    """Fewer decoders for hostile bytes to reach."""
    assert "is no image" in look_at(picture(Image.new("RGB", (16, 16)), kind)).problem


def test_equal_pixels_have_equal_digests_and_others_do_not():
    """The digest is over pixels, not over the file."""
    image = Image.effect_noise((32, 32), 60)
    assert look_at(picture(image, compress_level=0)).pixels == look_at(picture(image, compress_level=9)).pixels
    assert look_at(picture(image)).pixels != look_at(picture(image.rotate(90))).pixels


SEEDS = [
    picture(Image.effect_noise((24, 24), 60).convert("RGB"), kind, **options)
    for kind, options in [("PNG", {}), ("JPEG", {}), ("WEBP", {}), ("WEBP", {"lossless": True}), ("GIF", {})]
]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
@settings(max_examples=150, deadline=None)
def test_damaged_files_never_raise(seed, flips, cut):
    """Flipped bytes and cut ends lead to a description or a problem, in every format."""
    data = bytearray(seed)
    for place, value in flips:
        data[place % len(data)] = value
    look = look_at(bytes(data[: max(len(data) - cut, 0)]))
    assert look.problem or look.width
