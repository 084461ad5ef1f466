"""What a job brought: images out of every output shape that worker-comfyui has had.

Shapes: runpod-workers/worker-comfyui, handler.py of 1.x–4.0 (``message``), 4.1 and 5.x (``images``).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.body import picture_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_cassettes import Body, Response
    from comfytape_contracts.wire import JobObject

__all__ = ["OutputImage", "StoredPicture", "document_in", "errors_of", "image_count", "images_of", "spelled_out"]


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture of a recorded document that stays in its file until it is looked at. Equal names are equal bytes.

    ``prefix`` is what the document has before the base64: ``data:image/png;base64,``.
    """

    name: str
    source: Callable[[], bytes] = field(compare=False, repr=False)
    prefix: str = ""

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            CassetteError: the file is missing or does not match its name.
        """
        return self.source()


def document_in(response: Response) -> Any:
    """The JSON of an answer, with a ``StoredPicture`` where the cassette keeps a base64 picture as a file of its own.

    A recording of thousands of pictures would otherwise be held in memory whole, as text.

    Raises:
        ValueError, RecursionError: it is not JSON, or nested too deeply.
        CassetteError: its body is missing or damaged.
    """
    outline = None if response.headers.get("content-encoding") else response.body.outline()
    if outline is None:
        return json.loads(response.content())
    try:
        return with_pictures(json.loads(outline), response.body)
    except (ValueError, RecursionError):  # JSON within a string, say
        return json.loads(response.content())


def with_pictures(value: Any, body: Body) -> Any:
    """A JSON value whose placeholders are pictures."""
    if isinstance(value, str):
        prefix = value[: value.find(",") + 1] if value.startswith("data:") else ""
        name = picture_named(value.removeprefix(prefix))
        return value if name is None else StoredPicture(name, partial(body.read_file, name), prefix)
    if isinstance(value, dict):
        return {key: with_pictures(item, body) for key, item in value.items()}
    return [with_pictures(item, body) for item in value] if isinstance(value, list) else value


def spelled_out(value: Any) -> Any:
    """A value of ``document_in`` as it was sent: every picture as base64."""
    if isinstance(value, StoredPicture):
        return value.prefix + base64.b64encode(value.read()).decode()
    if isinstance(value, dict):
        return {key: spelled_out(item) for key, item in value.items()}
    return [spelled_out(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class OutputImage:
    """One image of a job's output: its bytes, or the URL where they were put, or why neither could be read."""

    filename: str
    data: bytes | StoredPicture = b""
    url: str = ""
    problem: str = ""

    def read(self) -> bytes:
        """Its bytes; empty where it has none.

        Raises:
            CassetteError: the cassette's file is missing or does not match its name.
        """
        return self.data.read() if isinstance(self.data, StoredPicture) else self.data


def images_of(job: JobObject) -> tuple[OutputImage, ...]:
    """The images in a job's output, base64 undone, in the order given; never raises."""
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
    if output.get("status") == "success" and isinstance(output.get("message"), str | StoredPicture):
        return [{"filename": "message", "data": output["message"]}]
    return []


def image_from(item: Any, number: int) -> OutputImage:
    """One entry of ``output.images``."""
    if not isinstance(item, dict) or not isinstance(item.get("data"), str | StoredPicture):
        return OutputImage(f"images[{number}]", problem="expected an object with filename, type and data")
    name = str(item.get("filename") or f"images[{number}]")
    if item.get("type") == "s3_url" and isinstance(item["data"], str):
        return OutputImage(name, url=item["data"])
    return read_data(item["data"], name)


def read_data(data: str | StoredPicture, name: str) -> OutputImage:
    """Base64, with or without a data-URI prefix, or a URL; or what the cassette keeps as a file."""
    if isinstance(data, StoredPicture):
        return OutputImage(name, data=data)
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
