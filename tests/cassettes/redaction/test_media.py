"""Metadata of images, videos and latents: ComfyUI writes the whole prompt there, with whatever stands in it."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from comfytape_cassettes.redaction import Redactor, Secrets

KEY = "rpa_" + "TESTKEY0123456789"
WORD = "hunter" + "2-hunter"
PROMPT = json.dumps({"4": {"class_type": "CLIPTextEncode", "inputs": {"text": f"a cat {KEY} {WORD}", "é": 1}}})
REDACTOR = Redactor(Secrets.of([WORD]))


def picture(**options):
    image = Image.effect_noise((64, 64), 90).convert("RGB")
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks):
    plain = picture(format="PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def exif():
    data = Image.Exif()
    data[0x0110] = "prompt:" + PROMPT
    data[0x010F] = "workflow:" + PROMPT
    return data.tobytes()


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def itxt(packed):
    text = zlib.compress(PROMPT.encode()) if packed else PROMPT.encode()
    return chunk(b"iTXt", b"prompt\x00" + bytes([packed, 0]) + b"en\x00prompt\x00" + text)


def with_text():
    info = PngInfo()
    info.add_text("prompt", PROMPT)
    return picture(format="PNG", pnginfo=info)


HEADER = json.dumps({"__metadata__": {"prompt": PROMPT}, "latent_tensor": {"dtype": "F32"}}).encode()
NOISE = bytes(range(256)) * 40

MEDIA = {
    "png tEXt": with_text(),
    "png zTXt": png(chunk(b"zTXt", b"prompt\x00\x00" + zlib.compress(PROMPT.encode()))),
    "png iTXt": png(itxt(False)),
    "png iTXt packed": png(itxt(True)),
    "png eXIf": png(chunk(b"eXIf", exif()[6:])),
    "png comf": png(chunk(b"comf", b"prompt\x00" + PROMPT.encode("latin-1"))),
    "png tail": png() + PROMPT.encode(),
    "webp": picture(format="WEBP", exif=exif()),
    "jpeg": picture(format="JPEG", exif=exif()),
    "jpeg comment": picture(format="JPEG", comment=PROMPT.encode()),
    "gif": picture(format="GIF", comment=PROMPT.encode()),
    "mp4": box(b"ftyp", b"isom") + box(b"mdat", NOISE) + box(b"moov", box(b"udta", box(b"meta", PROMPT.encode()))),
    "webm": b"\x1a\x45\xdf\xa3\x80" + PROMPT.encode() + b"\x1f\x43\xb6\x75" + b"\x50\x00" + NOISE[:4096],
    "latent": struct.pack("<Q", len(HEADER)) + HEADER + NOISE,
}


@pytest.mark.parametrize("wrapped", [False, True], ids=["file", "base64 in JSON"])
@pytest.mark.parametrize("kind", MEDIA)
def test_secrets_in_metadata_are_gone_and_the_picture_is_the_same(kind, wrapped):
    """Keys go by format, words by value; the prompt around them stays, and so does every pixel."""
    body = MEDIA[kind]
    if wrapped:
        body = b'{"output":{"images":[{"data":"' + base64.b64encode(body) + b'","type":"base64"}]}}'
    assert REDACTOR.scan(body)
    clean, changed = REDACTOR.body(body, "application/json" if wrapped else "")
    assert changed
    assert REDACTOR.scan(clean) == []
    assert REDACTOR.body(clean) == (clean, False)
    file = base64.b64decode(json.loads(clean)["output"]["images"][0]["data"]) if wrapped else clean
    assert KEY.encode() not in file
    assert WORD.encode() not in file
    if "zTXt" not in kind and "packed" not in kind:
        assert len(file) == len(MEDIA[kind])
        assert b"a cat REDACTED" in file


@pytest.mark.parametrize("kind", [kind for kind in MEDIA if kind.split()[0] in ("png", "webp", "jpeg", "gif")])
def test_a_cleaned_picture_still_opens_with_the_same_pixels(kind):
    """Lengths and checksums fit: Pillow reads it, strictly, to the last byte."""
    clean = REDACTOR.body(MEDIA[kind])[0]
    after, before = Image.open(io.BytesIO(clean)), Image.open(io.BytesIO(MEDIA[kind]))
    after.load()
    assert after.tobytes() == before.tobytes()
    if kind.startswith("png"):
        check = Image.open(io.BytesIO(clean))
        check.verify()


@pytest.mark.parametrize("kind", MEDIA)
def test_media_without_secrets_comes_through_unchanged(kind):
    """The prompt in the metadata is no secret by itself."""
    body = MEDIA[kind].replace(KEY.encode(), b"a red tabby").replace(WORD.encode(), b"w. whiskers!")
    redactor = Redactor(Secrets.of(["not in there " + "at all"]))
    if "zTXt" not in kind and "packed" not in kind:
        assert redactor.body(body) == (body, False)


@pytest.mark.parametrize("cut", [10, 40, 100, 200, -20, -5])
@pytest.mark.parametrize("kind", MEDIA)
def test_a_cut_off_file_is_cleaned_as_far_as_it_goes(kind, cut):
    """A download that broke keeps no key either, and does not raise."""
    clean = REDACTOR.body(MEDIA[kind][:cut])[0]
    assert KEY.encode() not in clean
    assert WORD.encode() not in clean
