"""Pictures of a recorded answer stay in their files until somebody looks at them, and nobody can tell otherwise."""

from __future__ import annotations

import base64
import gzip
import io
import json

import pytest
from PIL import Image

from comfytape_cassettes import Body, Exchange, Headers, Request, Response
from comfytape_cassettes.recording import Recording
from comfytape_contracts.jobs import said_by
from comfytape_contracts.outputs import StoredPicture, document_in, images_of, spelled_out


def png(shade):
    out = io.BytesIO()
    Image.effect_noise((64, 64), shade).save(out, "PNG")
    return out.getvalue()


PICTURE = png(40)
TEXT = base64.b64encode(PICTURE).decode()


def answer(output):
    """What a status says of a job with this output."""
    return {"id": "j", "status": "COMPLETED", "output": output}


@pytest.fixture
def recorded(tmp_path):
    """One answer, recorded and read back."""

    def make(document, headers=(), body=b""):
        made = Recording.start(tmp_path / "c", plane="loopback")
        response = Response(200, "OK", Headers(headers), Body.of(body or json.dumps(document).encode()))
        made.add(Exchange(Request("GET", "http://127.0.0.1:1/v2/e/status/j"), response, ((0.0, 1.0),)))
        return made.finish().exchanges[0]

    return make


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_picture_stays_in_its_file(recorded, prefix):
    """The document names it; its bytes are those that were sent, and it can be spelled out as it was."""
    document = answer({"images": [{"filename": "a.png", "type": "base64", "data": prefix + TEXT}]})
    exchange = recorded(document)
    found = document_in(exchange.response)
    assert isinstance(found["output"]["images"][0]["data"], StoredPicture)
    assert spelled_out(found) == document
    (image,) = images_of(said_by(exchange))
    assert (image.filename, image.read()) == ("a.png", PICTURE)


def test_a_message_of_an_old_worker_is_a_picture_too(recorded):
    """worker-comfyui before 4.1 hands over the last image alone."""
    exchange = recorded(answer({"status": "success", "message": TEXT}))
    assert [image.read() for image in images_of(said_by(exchange))] == [PICTURE]


def test_a_picture_within_a_string_is_read_as_it_was_sent(recorded):
    """JSON in a string holds more than the picture: the answer is read whole."""
    document = answer({"text": json.dumps({"data": TEXT}), "images": [{"data": TEXT}]})
    assert document_in(recorded(document).response) == document


def test_a_compressed_answer_is_read_whole(recorded):
    """Its pictures are in no file of their own."""
    document = answer({"images": [{"filename": "a.png", "type": "base64", "data": TEXT}]})
    packed = gzip.compress(json.dumps(document).encode())
    assert document_in(recorded(document, (("Content-Encoding", "gzip"),), packed).response) == document


def test_equal_pictures_are_equal_answers(recorded, tmp_path):
    """A state that is seen again is the same state, by the name of its picture."""
    exchange = recorded(answer({"images": [{"data": TEXT}]}))
    assert said_by(exchange) == said_by(exchange)
    assert StoredPicture("a", bytes) == StoredPicture("a", bytearray)
    assert StoredPicture("a", bytes) != StoredPicture("b", bytes)


def test_a_picture_that_calls_itself_a_url_is_a_picture(recorded):
    """``s3_url`` with base64: that is no address, and its bytes are there."""
    exchange = recorded(answer({"images": [{"filename": "a.png", "type": "s3_url", "data": TEXT}]}))
    (image,) = images_of(said_by(exchange))
    assert (image.url, image.read()) == ("", PICTURE)
