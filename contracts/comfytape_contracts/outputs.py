"""What a job brought: images out of every output shape that worker-comfyui has had.

Shapes: runpod-workers/worker-comfyui, handler.py of 1.x–4.0 (``message``), 4.1 and 5.x (``images``).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comfytape_contracts.wire import JobObject

__all__ = ["OutputImage", "errors_of", "image_count", "images_of"]


@dataclass(frozen=True, slots=True)
class OutputImage:
    """One image of a job's output: its bytes, or the URL where they were put, or why neither could be read."""

    filename: str
    data: bytes = b""
    url: str = ""
    problem: str = ""


def images_of(job: JobObject) -> tuple[OutputImage, ...]:
    """The images in a job's output, decoded, in the order given; never raises."""
    return tuple(image_from(item, number) for number, item in enumerate(items_of(job)))


def image_count(job: JobObject) -> int:
    """How many images ``images_of`` would give, without decoding any."""
    return len(items_of(job))


def items_of(job: JobObject) -> list[Any]:
    """The entries of a job's output that stand for images."""
    output = job.output
    if not isinstance(output, dict):
        return []
    if isinstance(output.get("images"), list):
        return list(output["images"])
    # Before 5.0 the last image came alone, as base64 without a prefix or as a URL.
    if output.get("status") == "success" and isinstance(output.get("message"), str):
        return [{"filename": "message", "data": output["message"]}]
    return []


def image_from(item: Any, number: int) -> OutputImage:
    """One entry of ``output.images``."""
    if not isinstance(item, dict) or not isinstance(item.get("data"), str):
        return OutputImage(f"images[{number}]", problem="expected an object with filename, type and data")
    name = str(item.get("filename") or f"images[{number}]")
    if item.get("type") == "s3_url":
        return OutputImage(name, url=item["data"])
    return read_data(item["data"], name)


def read_data(data: str, name: str) -> OutputImage:
    """Base64, with or without a data-URI prefix, or a URL."""
    if data.startswith(("http://", "https://")):
        return OutputImage(name, url=data)
    encoded = data.partition(",")[2] if data.startswith("data:") else data
    try:
        return OutputImage(name, data=base64.b64decode(encoded, validate=True))
    except ValueError as error:  # binascii.Error, or text that is not ASCII
        return OutputImage(name, problem=f"its base64 does not decode: {error}")


def errors_of(job: JobObject) -> tuple[str, ...]:
    """What went wrong according to the output, though the job may say COMPLETED."""
    output = job.output
    if not isinstance(output, dict):
        return ()
    errors = output.get("errors")
    said = [str(e) for e in errors] if isinstance(errors, list) else ([str(errors)] if errors else [])
    if output.get("status") == "error":
        said.append(str(output.get("message") or "status: error"))
    return tuple(said)
