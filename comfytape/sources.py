"""Inventories from wherever a person has one: a JSON file, a HAR, a cassette, a running ComfyUI."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comfytape.settings import find_cassette
from comfytape_cassettes import Cassette, UnreachableError, UsageError
from comfytape_cassettes.formats.har import read_har
from comfytape_contracts.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from comfytape.settings import Settings
    from comfytape_contracts.jobs import Job

__all__ = ["InventorySource", "load_inventory"]

HINT = "give a file with the JSON of /object_info, a cassette, or the URL of a running ComfyUI"


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySource:
    """What one ComfyUI says it has.

    Attributes:
        label: where it comes from, as the user named it.
        object_info: ``/object_info``, parsed.
        system: ``system`` of ``/system_stats``; empty where it is not known.
        models: file names by model folder; empty where they are not known.
        model_sizes: bytes by (folder, name); empty where they are not known.
        tape: the recording it was read from, or None.
    """

    label: str
    object_info: Mapping[str, Any]
    system: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, frozenset[str]] = field(default_factory=dict)
    model_sizes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    tape: Tape | None = None

    @property
    def comfyui_version(self) -> str | None:
        """The server's version as it says it, or None."""
        return str(self.system["comfyui_version"]) if self.system.get("comfyui_version") else None

    @property
    def jobs(self) -> Sequence[Job]:
        """Jobs of the recording, if any."""
        return self.tape.jobs if self.tape else ()


def load_inventory(text: str, settings: Settings) -> InventorySource:
    """The inventory that ``text`` names.

    Raises:
        UsageError: it names nothing, or something that holds no inventory.
        CassetteError: the cassette or HAR is damaged.
        UnreachableError: the URL does not answer.
    """
    if text.startswith(("http://", "https://")):
        return from_url(text.rstrip("/"))
    path = Path(text)
    if path.is_file() and path.suffix == ".har":
        return from_tape(text, Tape(read_har(path)))
    if path.is_file() and path.name != "cassette.json":
        return InventorySource(label=text, object_info=inventory_in(path))
    return from_tape(text, Tape(Cassette.open(find_cassette(text, settings))))


def from_tape(label: str, tape: Tape) -> InventorySource:
    """From a recording."""
    if tape.inventory is None:
        raise UsageError(
            f"{label} holds no /object_info", hint="record with COMFYUI_URL set, or import a HAR that has it"
        )
    return InventorySource(
        label=label,
        object_info=tape.inventory,
        system=tape.system,
        models=tape.models,
        model_sizes=tape.model_sizes,
        tape=tape,
    )


def from_url(url: str) -> InventorySource:
    """From a running ComfyUI."""
    from comfytape_recorder.comfyui import SLOW, ComfyUIClient  # noqa: PLC0415 - only a URL pays for the network
    from comfytape_recorder.transport import Transport  # noqa: PLC0415

    transport = Transport()
    try:
        client = ComfyUIClient(transport, url.removesuffix("/object_info"))
        object_info = client.get("object_info", limits=SLOW)
        if not isinstance(object_info, dict):
            raise UnreachableError(
                f"{url} does not answer as a ComfyUI: /object_info is not JSON", hint="check the URL"
            )
        stats = client.get("system_stats") or {}
        system = stats.get("system") if isinstance(stats, dict) else None
        return InventorySource(label=url, object_info=object_info, system=system if isinstance(system, dict) else {})
    finally:
        transport.close()


def inventory_in(path: Path) -> dict[str, Any]:
    """``/object_info`` out of a JSON file.

    Raises:
        UsageError: the file is something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}", hint=HINT) from error
    if not isinstance(data, dict) or not all(isinstance(node, dict) and "input" in node for node in data.values()):
        raise UsageError(
            f"{path} is not an inventory: expected an object of node classes, each with 'input'", hint=HINT
        )
    return data
