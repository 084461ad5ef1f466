"""Images as the contract has them."""

from __future__ import annotations

import base64
import io
import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from comfytape_cassettes import Body
from comfytape_cassettes.recording import Recording
from comfytape_contracts.checks import check
from comfytape_contracts.findings import Verdict
from comfytape_contracts.images import look_at
from comfytape_contracts.outputs import spelled_out
from comfytape_contracts.tape import Tape
from comfytape_contracts.verdicts import ExitCode


@pytest.fixture
def with_image(with_output):
    """The shipped recording in which a job brought these bytes."""

    def make(data, number=3, name="a_00001_.png"):
        images = [{"filename": name, "type": "base64", "data": base64.b64encode(data).decode()}]
        return with_output(number, output={"images": images})

    return make


def picture(image, kind="PNG", **options):
    """An image as a file's bytes."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(size=(128, 128), mode="RGB"):
    """An image that is not blank."""
    return Image.effect_noise(size, 80).convert(mode)


def test_a_truncated_image_is_unreadable(with_image, report, only):
    """The first half of a PNG decodes to nothing a user could see."""
    whole = picture(noise())
    finding = only(report(with_image(whole[: len(whole) // 2])), "image-unreadable")
    assert "job 3 (" in finding.message
    assert "a_00001_.png does not decode" in finding.message


def test_bytes_that_are_no_image_are_shown_by_their_beginning(with_image, report, only):
    """An HTML page in an image's place is recognised at a glance, with the same words each time."""
    assert (
        "is no image: it begins with b'<html>error"
        in only(report(with_image(b"<html>error</html>")), "image-unreadable").message
    )


def test_an_empty_image_says_so(with_image, report, only):
    """No bytes are no image."""
    assert "is no image: it is empty" in only(report(with_image(b"")), "image-unreadable").message


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1", "I;16"])
def test_an_image_of_one_colour_is_blank(with_image, report, only, mode):
    """Black in any of PNG's modes; transparency does not make it a picture."""
    blank = Image.new(mode, (128, 128))
    if mode == "LA":
        blank.putalpha(Image.effect_noise((128, 128), 80))
    assert "is of one colour" in only(report(with_image(picture(blank))), "image-blank").message


def test_a_blank_image_may_be_allowed(with_image, report):
    """A contract for masks says so."""
    assert report(with_image(picture(Image.new("RGB", (128, 128)))), outputs={"blank": True}).findings == []


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_another_format_is_named(with_image, report, only, kind):
    """A changed save node reaches users as another file."""
    finding = only(report(with_image(picture(noise(), kind), name=f"a.{kind}")), "image-shape")
    assert (finding.expected, finding.actual) == ("png", kind.lower())


@pytest.mark.parametrize(("size", "key"), [((64, 128), "width"), ((128, 256), "height")])
def test_another_size_is_named(with_image, report, only, size, key):
    """Width and height are compared one by one."""
    finding = only(report(with_image(picture(noise(size)))), "image-shape")
    assert f"{key} is" in finding.message
    assert finding.expected == 128


def test_a_cmyk_jpeg_is_looked_at(with_image, report):
    """CMYK decodes and is not taken for blank."""
    found = report(with_image(picture(noise(mode="CMYK"), "JPEG"), name="a.jpg"), outputs={"format": "jpeg"})
    assert {f.rule for f in found.findings} == {"image-shape"}  # the other three are PNG
    assert found.findings[0].message.startswith("3 images")


def test_equal_pixels_are_found_whatever_the_file(few, with_output, report, only):
    """Job 4 brings job 3's picture, stored with another compression: equal to the last pixel."""
    third = Tape(few).jobs[2].last.output["images"][0]["data"].read()
    stored = picture(Image.open(io.BytesIO(third)), compress_level=0)
    images = [{"filename": "b.png", "type": "base64", "data": base64.b64encode(stored).decode()}]
    finding = only(report(with_output(4, output={"images": images})), "image-repeated")
    assert "job 4 (" in finding.message
    assert "equal to the image of job 3 (" in finding.message


def test_equal_images_may_be_allowed(few, with_output, report):
    """A contract whose samples do not differ says so."""
    output = spelled_out(Tape(few).jobs[2].last.output)
    assert report(with_output(4, output=output), outputs={"distinct": False}).findings == []


def test_an_image_at_a_url_is_not_green(few, rewritten, saying, report):
    """Images that went to a bucket were not looked at: a warning, and that promise is unknown, not kept."""

    def changed(exchange):
        if "/status/" not in exchange.request.url:
            return exchange
        said = exchange.response.body.json()
        for image in (said.get("output") or {}).get("images", ()):
            image |= {"type": "s3_url", "data": "https://bucket.example/a.png"}
        return saying(exchange, said)

    found = report(rewritten(changed, source=few))
    assert {(f.rule, str(f.severity)) for f in found.findings} == {("image-not-recorded", "warning")}
    line = next(line for line in found.lines if line.promise.startswith("images decode"))
    assert (line.verdict, line.evidence) == (Verdict.UNKNOWN, "no image on the tape")


def test_more_images_than_promised_are_welcome(with_output, report):
    """The contract asks for at least so many."""
    images = [
        {"filename": f"{n}.png", "type": "base64", "data": base64.b64encode(picture(noise())).decode()}
        for n in range(2)
    ]
    assert report(with_output(output={"images": images})).findings == []


def test_fewer_images_than_promised_are_not(few, report):
    """Two promised, one brought: every job is short, and none counts as a success."""
    found = report(few, outputs={"images": 2})
    assert [f.rule for f in found.findings].count("job-no-images") == 4
    assert found.exit_code is ExitCode.BROKEN


def test_black_is_called_what_nan_becomes(with_image, report, only):
    """A black picture is the usual end of NaNs in sampler or VAE; a white one is not."""
    assert (
        "black, which is what NaNs become"
        in only(report(with_image(picture(Image.new("RGB", (128, 128))))), "image-blank").message
    )


def test_white_is_only_of_one_colour(with_image, report, only):
    """No guess where there is no reason for one."""
    finding = only(report(with_image(picture(Image.new("RGB", (128, 128), "white")))), "image-blank")
    assert finding.message.endswith("is of one colour")


def test_a_name_that_says_another_format_is_told(with_image, report):
    """A WEBP called .png is served under the wrong type: a warning beside the wrong format."""
    found = report(with_image(picture(noise(), "WEBP")), outputs={"format": None})
    told = next(f for f in found.findings if f.rule == "image-extension")
    assert (told.expected, told.actual, told.severity) == ("png", "webp", "warning")
    assert "a_00001_.png is a webp file" in told.message


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "GIF"])
def test_an_animation_is_told_unless_it_is_meant(with_image, report, kind):
    """Three frames under the name of a still picture."""
    data = picture(noise(), kind, save_all=True, append_images=[noise(), noise()])
    found = report(with_image(data, name=f"a.{kind.lower()}"), outputs={"format": None})
    told = [f for f in found.findings if f.rule == "image-animated"]
    assert [(f.expected, f.actual) for f in told] == [(1, 3)]


def test_an_animation_may_be_meant(with_image, report):
    """A contract for animations says so."""
    data = picture(noise(), "WEBP", save_all=True, append_images=[noise(), noise()])
    assert report(with_image(data, name="a.webp"), outputs={"format": None, "animated": True}).findings == []


@pytest.mark.parametrize(("mode", "bits"), [("I;16", 16), ("L", 8)])
def test_bits_and_mode_are_compared(with_image, report, mode, bits):
    """16-bit grey where RGB of 8 bits was promised; each key is one finding."""
    image = Image.frombytes("I;16", (128, 128), bytes(range(256)) * 128) if mode == "I;16" else noise(mode="L")
    found = report(with_image(picture(image)), outputs={"mode": "RGB", "bits": 8})
    told = {(f.expected, f.actual) for f in found.findings if f.rule == "image-shape"}
    assert told == ({("RGB", mode), (8, bits)} if bits == 16 else {("RGB", mode)})


def test_a_bomb_is_not_decoded(with_image, report, only):
    """A PNG of a few KB that says it is 30000x30000: refused by its header."""
    bomb = bytearray(picture(Image.new("1", (8, 8))))
    bomb[16:24] = (30000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    finding = only(report(with_image(bytes(bomb))), "image-unreadable")
    assert "30000x30000 pixels are more" in finding.message or "decompression bomb" in finding.message


def test_images_that_carry_their_prompt_are_one_note(danrisi, promise):
    """Eleven images, one info: whoever gets one can read the prompt."""
    found = check(promise(), danrisi)
    told = [f for f in found.findings if f.rule == "image-metadata"]
    assert [f.severity for f in told] == ["info"]
    assert "11 of 11 images, such as job 1 (" in told[0].message


def test_the_exif_of_a_webp_carries_it_too(with_image, report, few):
    """ComfyUI writes ``prompt:{…}`` into EXIF tag 0x0110."""
    exif = Image.Exif()
    exif[0x0110] = 'prompt:{"1": {}}'
    assert look_at(picture(noise(), "WEBP", exif=exif)).carries == ("prompt",)
    assert look_at(picture(noise(), "WEBP")).carries == ()


def test_a_save_node_without_an_image_is_named(few, rewritten, saying, report):
    """The workflow saves under two prefixes, and only one of them came."""
    first = Tape(few).jobs[0]

    def two(exchange):
        if exchange is first.submitted or exchange.request.url == first.submitted.request.url:
            body = exchange.request.body.json()
            body["input"]["workflow"]["99"] = {
                "class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "sub/face_%date%"}
            }  # fmt: skip
            return replace(exchange, request=replace(exchange.request, body=Body.of(json.dumps(body).encode())))
        return exchange

    told = [f for f in report(rewritten(two, source=few)).findings if f.rule == "image-node-missing"]
    assert len(told) == 4
    assert "none of them is of node 99, which saves 'face_…'" in told[0].message


def test_an_image_at_a_url_is_read_from_the_tape(few, rewritten, saying, report):
    """The recorder fetched it: the same picture is looked at; of one that answered 403 that is said."""
    jobs = Tape(few).jobs
    pictures = {job.id: job.last.output["images"][0]["data"].read() for job in jobs}

    def moved(exchange):
        if "/status/" not in exchange.request.url:
            return exchange
        said = exchange.response.body.json()
        for image in (said.get("output") or {}).get("images", ()):
            image |= {
                "type": "s3_url",
                "data": f"https://bucket.example/11-26/{said['id']}.png?X-Amz-Signature=REDACTED",
            }
        return saying(exchange, said)

    tape = rewritten(moved, source=few)
    asked = replace(
        tape.exchanges[0].request, url=f"https://bucket.example/11-26/{jobs[0].id}.png?X-Amz-Signature=other"
    )
    made = Recording.start(tape_folder(tape, "fetched"), plane="loopback", recorded_at=few.provenance.recorded_at)
    for exchange in tape.exchanges:
        made.add(exchange)
    made.add(saying(replace(tape.exchanges[0], request=asked), pictures[jobs[0].id]))
    gone = replace(asked, url=asked.url.replace(jobs[0].id, jobs[1].id))
    made.add(saying(replace(tape.exchanges[0], request=gone), b"<Error/>", status=403))
    found = report(made.finish())
    assert found.measurements["images"] == 1
    told = [f.message for f in found.findings if f.rule == "image-not-recorded"]
    assert ["its URL answered 403" in message for message in told] == [True, False, False]


def tape_folder(tape, name):
    """A folder beside that of a cassette."""
    return Path(tape.label).parent / name
