"""A ComfyUI's own HTTP API as a client (ComfyUI server.py; every route exists at /x and /api/x)."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from comfytape_cassettes import UnreachableError, UsageError
from comfytape_contracts.seen_versions import MANAGER_ROUTES
from comfytape_recorder.runpod import InputRefusedError
from comfytape_recorder.samples import dangling_links
from comfytape_recorder.transport import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from comfytape_cassettes import Exchange
    from comfytape_recorder.transport import Transport

__all__ = ["ComfyUIClient", "json_of"]

SLOW = Limits(connect=10.0, read=120.0, total=180.0)
"""/object_info of a large installation takes tens of seconds (ComfyUI issues 6372 and 12916)."""


@dataclass(frozen=True, slots=True)
class ComfyUIClient:
    """One ComfyUI server.

    A client id is always sent: without one, 0.3.68 and later answer a cached prompt without its outputs.
    """

    transport: Transport
    base_url: str
    client_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def probe(self, folders: Iterable[str], classes: Iterable[str] | None = None) -> list[str]:
        """Record what the server says it has; the routes of which every ComfyUI answers and this one did not.

        ``classes`` limits ``/object_info`` to those (some 10 KB instead of 1 MB); then absence of any other is unknown.

        Raises:
            UnreachableError: the server does not answer at all.
        """
        # A space must be %20: with "+" ComfyUI answers {} as for an unknown class.
        wanted = ["object_info"] if classes is None else [f"object_info/{quote(name, safe='')}" for name in classes]
        silent = [route for route in ("system_stats", *wanted) if not isinstance(self.get(route, limits=SLOW), dict)]
        self.get("models")
        for folder in sorted(set(folders)):
            self.get(f"models/{quote(folder, safe='')}")
            self.get(f"experiment/models/{quote(folder, safe='')}")
        for route in ("features", "extensions", "queue", *MANAGER_ROUTES):
            self.get(route)
        return silent

    def get(self, route: str, *, limits: Limits | None = None) -> Any:
        """The parsed JSON of a route, or None for anything but a JSON 200 (a 404 means: this version has it not)."""
        return json_of(self.transport.send("GET", f"{self.base_url}/{route}", limits=limits))

    def submit(self, workflow: dict[str, Any]) -> str:
        """Queue a prompt; returns its id.

        Raises:
            UsageError: a link leads nowhere: such a prompt kills the server's worker thread, so it is not sent.
            InputRefusedError: the server refuses the prompt; the message holds its words.
        """
        dangling = dangling_links(workflow)
        if dangling:
            raise UsageError(
                f"not sent: {dangling[0]}",
                hint="remove the link or add the node; after such a prompt ComfyUI may execute nothing any more",
            )
        body = json.dumps({"prompt": workflow, "client_id": self.client_id}).encode()
        exchange = self.transport.send(
            "POST", f"{self.base_url}/prompt", headers={"Content-Type": "application/json"}, body=body, durable=True
        )
        answer = json_of(exchange)
        prompt_id = answer.get("prompt_id") if isinstance(answer, dict) else None
        if not isinstance(prompt_id, str):
            raise InputRefusedError(
                f"/prompt answered {exchange.response.status}: {beginning(exchange)}",
                hint="check the workflow offline: comfytape lint WORKFLOW --inventory CASSETTE",
            )
        return prompt_id

    def upload(self, name: str, data: bytes) -> None:
        """Put an input image where LoadImage finds it, over one of that name, as worker-comfyui does (handler.py).

        Raises:
            InputRefusedError: the server does not take it.
        """
        boundary = uuid.uuid4().hex
        quoted = name.replace("\\", "/").replace('"', "%22").replace("\n", " ").replace("\r", " ")
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="overwrite"\r\n\r\ntrue\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{quoted}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = parts.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        exchange = self.transport.send("POST", f"{self.base_url}/upload/image", headers=headers, body=body)
        if exchange.response.status != 200:
            raise InputRefusedError(
                f"/upload/image answered {exchange.response.status} to {name}: {beginning(exchange)}",
                hint="check that the file is an image",
            )

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """The entry of a finished prompt, or None while it waits or runs (or is unknown: the server cannot tell)."""
        data = self.get(f"history/{quote(prompt_id)}")
        entry = data.get(prompt_id) if isinstance(data, dict) else None
        return entry if isinstance(entry, dict) else None

    def fetch_images(self, entry: dict[str, Any]) -> int:
        """Record every saved image of a history entry through ``/view``; how many there were."""
        count = 0
        outputs = entry.get("outputs")
        for output in outputs.values() if isinstance(outputs, dict) else ():
            images = output.get("images") if isinstance(output, dict) else None
            for image in images if isinstance(images, list) else ():
                if isinstance(image, dict) and image.get("type") != "temp":
                    query = urlencode({key: str(image.get(key, "")) for key in ("filename", "subfolder", "type")})
                    self.transport.send("GET", f"{self.base_url}/view?{query}")
                    count += 1
        return count

    def interrupt(self, prompt_id: str) -> None:
        """Take a prompt out of the queue and stop it if it runs."""
        headers = {"Content-Type": "application/json"}
        for route, body in (("queue", {"delete": [prompt_id]}), ("interrupt", {"prompt_id": prompt_id})):
            try:
                self.transport.send("POST", f"{self.base_url}/{route}", headers=headers, body=json.dumps(body).encode())
            except UnreachableError:
                return


def beginning(exchange: Exchange) -> str:
    """The first words of a body, on one line."""
    return " ".join(exchange.response.body.text()[:600].split())


def json_of(exchange: Exchange) -> Any:
    """The JSON of a 200, or None: a 500 of ComfyUI is plain text, an unknown route an empty 404."""
    if exchange.response.status != 200:
        return None
    try:
        return json.loads(exchange.response.content())
    except (ValueError, RecursionError):
        return None
