"""Which format a file has, by its content: a name proves nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from comfytape_cassettes.cassette import Cassette
from comfytape_cassettes.errors import CassetteError
from comfytape_cassettes.formats.document import KINDS, read_document
from comfytape_cassettes.formats.har import har_tape, is_har
from comfytape_cassettes.formats.tape import ForeignTape
from comfytape_cassettes.formats.vcr_file import vcr_tape
from comfytape_cassettes.formats.webhook import is_webhook, webhook_tape
from comfytape_cassettes.index import INDEX

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_foreign"]

OTHERS = (
    ("http_interactions", "a cassette of Ruby's VCR", "record with vcrpy, or save a HAR from a proxy"),
    ("mappings", "WireMock's", "WireMock holds patterns, not what was said: import the recording they came from"),
    ("openapi", "an OpenAPI document", "record the endpoint itself: comfytape proxy"),
)


def read_foreign(path: Path) -> ForeignTape:
    """What a file (or a cassette folder) says.

    Raises:
        CassetteError: it is in none of the formats, or damaged; the message says where and what to do.
    """
    if (path / INDEX).is_file() or (path.name == INDEX and (path.parent / "bodies").is_dir()):
        return our_folder(path if path.is_dir() else path.parent)
    document = read_document(path)
    value, label = document.value, str(path)
    if is_har(value):
        return har_tape(value, label)
    if isinstance(value, dict) and "interactions" in value:
        return vcr_tape(value, label, document.changed)
    if is_webhook(value):
        return webhook_tape(document.text, label, document.changed)
    raise unknown(value, label)


def our_folder(folder: Path) -> ForeignTape:
    """A cassette folder, such as one of an older comfytape that is to be cleaned and written anew."""
    cassette = Cassette.open(folder)
    try:
        began = datetime.fromisoformat(cassette.provenance.recorded_at)
    except ValueError:
        began = datetime.fromtimestamp(int((folder / INDEX).stat().st_mtime), UTC)
    return ForeignTape(
        tuple(cassette.exchanges),
        tuple(cassette.failures),
        began.replace(tzinfo=began.tzinfo or UTC),
        cassette.provenance.recorded_by,
        provenance=cassette.provenance,
    )


def unknown(value: Any, label: str) -> CassetteError:
    """What to say of a document that none of the readers takes."""
    if isinstance(value, dict):
        for key, what, instead in OTHERS:
            if key in value:
                return CassetteError(f"{label} is {what}, which import does not read", hint=instead)
    if isinstance(value, list) and value and isinstance(value[0], dict) and "request" in value[0]:
        return CassetteError(
            f"{label} is a cassette of vcrpy before 1.0, which import does not read",
            hint="python -m vcr.migration FILE brings it up to date",
        )
    return CassetteError(f"{label} is in no format that import reads", hint=f"give {KINDS}")
