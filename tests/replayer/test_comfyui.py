"""ComfyUI's routes at the root and below /api."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize("path", ["/system_stats", "/object_info", "/models", "/models/vae", "/queue", "/features"])
def test_recorded_routes_give_the_recorded_bytes(danrisi, danrisi_client, path):
    """Each route exists twice, with the same bytes."""
    recorded = next(e for e in danrisi.exchanges if e.request.url.endswith(f"8188{path}")).response
    for prefix in ("", "/api"):
        served = danrisi_client.get(prefix + path)
        assert (served.status, served.body) == (recorded.status, recorded.content())
        assert served.headers["content-type"] == recorded.headers.get("content-type")


def test_a_recorded_404_is_served_as_it_was(danrisi_client):
    """A folder that ComfyUI did not know stays unknown: this is no miss."""
    answer = danrisi_client.get("/models/unet")
    assert (answer.status, answer.body) == (404, b"")
    assert "x-comfytape-miss" not in answer.headers


def test_a_class_is_derived_from_the_whole(danrisi, danrisi_client):
    """A class that was not asked for alone is spelled as ComfyUI spells it."""
    recorded = next(e for e in danrisi.exchanges if e.request.url.endswith("/object_info/UNETLoader"))
    whole = danrisi_client.get("/object_info").json()
    derived = danrisi_client.get("/object_info/KSampler")
    assert derived.json() == {"KSampler": whole["KSampler"]}
    assert json.dumps({"UNETLoader": whole["UNETLoader"]}).encode() == recorded.response.content()


def test_a_class_with_a_space_is_found(danrisi_client):
    """The space comes as %20."""
    assert list(danrisi_client.get("/object_info/Sigmas%20Rescale").json()) == ["Sigmas Rescale"]


def test_an_unknown_class_is_an_empty_object(danrisi_client):
    """ComfyUI does not answer 404 here."""
    answer = danrisi_client.get("/object_info/NoSuchNode")
    assert (answer.status, answer.json()) == (200, {})


def test_an_upload_is_accepted(danrisi_client):
    """The answer names what was sent."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="a b.png"\r\nContent-Type: image/png\r\n\r\n'
        b'\x89PNG\r\n--b\r\nContent-Disposition: form-data; name="subfolder"\r\n\r\nmine\r\n--b--\r\n'
    )
    answer = danrisi_client.post("/upload/image", body)
    assert answer.json() == {"name": "a b.png", "subfolder": "mine", "type": "input"}


def test_an_upload_without_a_file_is_refused(danrisi_client):
    """As ComfyUI answers: 400 without a body."""
    assert danrisi_client.post("/api/upload/image", b"--b--").status == 400


def test_an_unknown_history_is_an_empty_object(danrisi_client):
    """ComfyUI cannot tell unknown from pending."""
    assert danrisi_client.get("/history/nothing").json() == {}


def test_head_has_no_body(danrisi_client):
    """HEAD works wherever GET does."""
    answer = danrisi_client.ask("HEAD", "/system_stats")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/view?filename=../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])
def test_nothing_outside_the_cassette_can_be_read(danrisi_client, path):
    """A path that climbs is a path that was not recorded."""
    assert danrisi_client.get(path).status == 404
