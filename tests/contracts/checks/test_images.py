"""Images as the contract has them."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from comfytape_contracts.findings import Verdict
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
    third = Tape(few).jobs[2].last.output["images"][0]["data"]
    stored = picture(Image.open(io.BytesIO(base64.b64decode(third))), compress_level=0)
    images = [{"filename": "b.png", "type": "base64", "data": base64.b64encode(stored).decode()}]
    finding = only(report(with_output(4, output={"images": images})), "image-repeated")
    assert "job 4 (" in finding.message
    assert "equal to the image of job 3 (" in finding.message


def test_equal_images_may_be_allowed(few, with_output, report):
    """A contract whose samples do not differ says so."""
    output = Tape(few).jobs[2].last.output
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
