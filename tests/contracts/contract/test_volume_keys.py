"""The contract's ``volume``: defaults, an image of one's own, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from comfytape_contracts.contract.volume import NetworkVolume


def test_the_worker_reads_diffusion_models_from_unet():
    """worker-comfyui's own paths, by ComfyUI's present and former names."""
    volume = NetworkVolume(data_center="EU-RO-1")
    assert volume.places_of("diffusion_models") == volume.places_of("unet") == ["models/unet"]
    assert volume.places_of("clip") == ["models/clip"]
    assert volume.places_of("audio_encoders") == []


def test_an_image_of_ones_own_says_where_it_looks():
    """What is named replaces the default, whichever name is used; the rest stays."""
    volume = NetworkVolume(data_center="EU-RO-1", folders={"unet": ["/models/diffusion_models/", "models/unet"]})
    assert volume.places_of("diffusion_models") == ["models/diffusion_models", "models/unet"]
    assert volume.places_of("vae") == ["models/vae"]


@pytest.mark.parametrize(
    "keys",
    [
        {"data_center": "eu"},
        {"data_center": "EU-RO-1", "folders": {"vae": ["../etc"]}},
        {"data_center": "EU-RO-1", "folders": {"vae": ["/"]}},
        {"data_center": "EU-RO-1", "mount": "runpod-volume"},
        {"data_center": "EU-RO-1", "secret_key_env": "rps_" + "TESTKEY0123456789"},
    ],
)
def test_what_cannot_be_is_refused(keys):
    """A path out of the volume, a data centre that is none, a key in place of a name."""
    with pytest.raises(ValidationError):
        NetworkVolume(**keys)
