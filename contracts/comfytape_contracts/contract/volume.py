"""The contract's ``volume``: which RunPod network volume holds the models, and how to list it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from comfytape_contracts.contract.strict import STRICT, EnvName, EnvNames
from comfytape_contracts.knowledge import load

__all__ = ["S3_DATA_CENTERS", "NetworkVolume"]

S3_DATA_CENTERS = frozenset({
    "EU-CZ-1", "EU-RO-1", "EUR-IS-1", "EUR-NO-1", "US-CA-2", "US-GA-2", "US-IL-1", "US-KS-2", "US-MD-1", "US-MO-1",
    "US-MO-2", "US-NC-1", "US-NC-2", "US-NE-1", "US-WA-1",
})  # fmt: skip
"""Data centres whose volumes have an S3 API (docs.runpod.io, storage/s3-api, August 2026); others may have come."""

LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}
"""Old names of folders (ComfyUI folder_paths.py map_legacy)."""


def inside(value: str) -> str:
    """A folder of the volume, without slashes around it."""
    cleaned = value.strip("/")
    if not cleaned or ".." in cleaned.split("/"):
        raise ValueError("expected a folder of the volume such as models/unet")
    return cleaned


Folder = Annotated[str, AfterValidator(inside)]


class NetworkVolume(BaseModel):
    """Where the volume is: names of environment variables (the first one that is set wins) and its data centre.

    ``folders`` says where the worker looks, by ComfyUI's name of a folder; what it names replaces the default, which is
    worker-comfyui's own. An image with another ``extra_model_paths.yaml`` needs it.
    """

    model_config = STRICT

    id_env: EnvNames = Field(default=["RUNPOD_VOLUME_ID"])
    data_center: Annotated[str, Field(pattern=r"^[A-Z]{2,4}-[A-Z]{2,3}-[0-9]+$")]
    access_key_env: EnvNames = Field(default=["RUNPOD_S3_ACCESS_KEY_ID"])
    secret_key_env: EnvNames = Field(default=["RUNPOD_S3_SECRET_ACCESS_KEY"])
    url_env: EnvName = Field(default="RUNPOD_S3_URL", description="another S3 server than the data centre's")
    mount: str = Field(default="/runpod-volume", pattern=r"^/[^ ]*$")
    folders: dict[str, list[Folder]] = Field(default={}, description="folder of ComfyUI: folders of the volume")

    @property
    def url(self) -> str:
        """The data centre's S3 API (docs.runpod.io, storage/s3-api)."""
        return f"https://s3api-{self.data_center.lower()}.runpod.io"

    @property
    def searched(self) -> dict[str, list[str]]:
        """Folders of the volume that the worker searches, by ComfyUI's present name of the folder."""
        own = {LEGACY.get(name, name): places for name, places in self.folders.items()}
        return {**load("worker_folders")["folders"], **own}

    def places_of(self, folder: str) -> list[str]:
        """Where the worker looks for files of a folder; empty where it does not look on the volume at all."""
        return self.searched.get(LEGACY.get(folder, folder), [])
