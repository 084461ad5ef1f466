"""Jobs as the page shows them, read off real recordings."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from comfytape import Cassette
from comfytape.reporting.samples import picture, samples_of, settings
from comfytape_contracts.outputs import OutputImage

from .conftest import ROOT


@pytest.fixture(scope="module")
def danrisi_samples():
    return samples_of(Cassette.open(ROOT / "cassettes/z-image-danrisi"))


def drawn(source):
    """The picture behind a data: URL."""
    return Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/webp;base64,"))))


def test_each_job_tells_its_prompt_and_seed(danrisi_samples):
    """Eleven jobs, no two with the same seed."""
    told = [dict(sample.settings) for sample in danrisi_samples]
    assert told[1] == {"prompt": "an old fisherman mending nets at dusk", "seed": "12919"}
    assert len({each["seed"] for each in told}) == 11


def test_jobs_whose_worker_was_started_for_them_are_cold(danrisi_samples):
    """The first, as /health said before it, and the first on the second worker; times are in seconds."""
    assert [s.number for s in danrisi_samples if s.cold] == [1, 3]
    assert (danrisi_samples[0].waited, danrisi_samples[0].ran) == (1.839, 63.553)


def test_pixels_are_shown_and_metadata_is_not(danrisi_samples):
    """ComfyUI writes the whole prompt into a PNG; what is embedded has none of it."""
    shown = drawn(danrisi_samples[0].pictures[0].source)
    assert (shown.format, shown.size, shown.info.get("exif")) == ("WEBP", (128, 128), None)


def test_a_failed_job_tells_why_and_a_black_image_that_it_is_one(wrong):
    """Both are seen in the gallery, not in the findings alone."""
    samples = samples_of(Cassette.open(wrong.cassette))
    assert [s.status for s in samples] == ["FAILED"] * 7 + ["COMPLETED"]
    assert "Node Type: UNETLoader" in samples[0].errors[0]
    assert samples[-1].pictures[0].facts == "png 128x128, of one colour"


def test_a_large_image_is_shown_smaller_and_says_so():
    """The longer side is the limit; the facts are those of the recording."""
    large = io.BytesIO()
    Image.linear_gradient("L").resize((800, 400)).save(large, "PNG")
    shown = picture(OutputImage("x.png", data=large.getvalue()), 320)
    assert drawn(shown.source).size == (320, 160)
    assert shown.facts == "png 800x400, shown at 320 pixels"


def test_transparency_is_kept():
    """A cut-out stays one."""
    made = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(made, "PNG")
    assert drawn(picture(OutputImage("x.png", data=made.getvalue()), 320).source).mode == "RGBA"


@pytest.mark.parametrize(
    ("image", "facts"),
    [
        (OutputImage("a.png", url="https://bucket.example/a.png"), "at a URL; its bytes were not recorded"),
        (OutputImage("a.png", data=b"<html>"), "is no image"),
        (OutputImage("a.png", problem="its base64 does not decode"), "its base64 does not decode"),
    ],
)
def test_what_cannot_be_shown_says_why(image, facts):
    """Never a broken picture."""
    shown = picture(image, 320)
    assert facts in shown.facts
    assert shown.source == ""


def test_two_prompts_tell_their_nodes():
    """Positive and negative are told apart; links, empty texts and things that are no nodes are passed over."""
    workflow = {
        "1": {"inputs": {"text": "a cat"}},
        "2": {"inputs": {"text": "blurry", "seed": ["9", 0]}},
        "3": {"inputs": {"text": " ", "noise_seed": 7}},
        "4": {"inputs": None},
        "5": "no node",
    }
    assert list(settings(workflow)) == [("prompt, node 1", "a cat"), ("prompt, node 2", "blurry"), ("seed", "7")]
