"""Real inventories, and small changes to them."""

import copy
import json
import lzma
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data" / "drift"
INVENTORIES = json.loads(lzma.decompress((DATA / "inventories.json.xz").read_bytes()))


@pytest.fixture(scope="session")
def real():
    """Real inventories by name, such as ``0.3.64-aug``: not to be changed."""
    return INVENTORIES


@pytest.fixture
def inventory(real):
    """A few real classes of 0.10.0 with RES4LYF, free to be changed."""
    names = ("KSampler", "CheckpointLoaderSimple", "EmptyLatentImage", "CLIPTextEncode", "VAEDecode", "SaveImage",
             "LoadImage", "EmptyImage", "ImageScale", "ImageScaleToTotalPixels", "Sigmas Rescale", "SigmasPreview",
             "Sigmas From Text", "ImageStitch", "BatchImagesNode", "ResizeImageMaskNode", "GetImageSize", "PreviewImage",
             "BasicScheduler")  # fmt: skip
    return {name: copy.deepcopy(real["0.10.0-new"][name]) for name in names}


@pytest.fixture
def workflow():
    """An image, scaled and saved: runs on every ComfyUI without a model."""
    return {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {
            "class_type": "ImageScale",
            "inputs": {"image": ["1", 0], "upscale_method": "area", "width": 32, "height": 32, "crop": "disabled"},
            "_meta": {"title": "Smaller"},
        },
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
