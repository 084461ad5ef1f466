"""ComfyUI's HTTP API (server.py, 0.3.30 to 0.10.0), played from recorded answers and prompts."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from comfytape_contracts.routes import route_of
from comfytape_replayer.answer import Answer, empty_answer, json_answer, said_answer, text_answer
from comfytape_replayer.audience import Audience, is_done
from comfytape_replayer.instances import Instance, Instances
from comfytape_replayer.library import page_key
from comfytape_replayer.meaning import meaning_of_prompt
from comfytape_replayer.misses import Miss, miss_answer, nearest_page, nearest_submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfytape_contracts.routes import Route
    from comfytape_replayer.asked import Asked
    from comfytape_replayer.clock import Clock
    from comfytape_replayer.library import Library
    from comfytape_replayer.scenarios import Cast
    from comfytape_replayer.websocket import WebSocket

__all__ = ["UPLOAD_LIMIT", "ComfyUIPlane"]

UPLOAD_LIMIT = 100 << 20
"""``max_upload_size`` that ComfyUI announces in /features: 104857600."""

ROOT = b"<!doctype html><title>comfytape replay</title><a href=/__comfytape__/>comfytape replay</a>"
"""In place of ComfyUI's editor where that was not recorded: clients ask for ``/`` to learn whether a ComfyUI is up."""

INSTALLED = frozenset({"object_info", "models", "experiment/models"})

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIELD = re.compile(rb'name="(?P<name>[^"]*)"(?:; filename="(?P<file>[^"]*)")?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n')


class ComfyUIPlane:
    """One ComfyUI: recorded pages, and prompts that clients start."""

    def __init__(self, library: Library, clock: Clock, told: Callable[[Miss], None], *, nearest: bool = False) -> None:
        self.nearest = nearest
        self.library = library
        self.clock = clock
        self.told = told
        self.instances = Instances()
        self.audience = Audience(self.instances, clock, told)
        self.classes: dict[str, bytes] = {}

    def answer(self, asked: Asked, cast: Cast) -> Answer:
        """The answer to one request."""
        route = route_of(asked.url)
        if asked.method == "POST":
            return self.post(asked, cast, route)
        if asked.method not in ("GET", "HEAD"):
            return empty_answer(405)
        if route.name == "history" and (route.argument or self.instances.by_id):
            return self.history(route.argument)
        if route.name == "queue" and self.instances.by_id:
            return json_answer(200, self.queue())
        if route.name == "prompt":
            waiting = sum(not is_done(i) for i in self.instances.by_id.values())
            return json_answer(200, {"exec_info": {"queue_remaining": waiting}})
        if cast.changes_inventory and route.name in INSTALLED:
            return self.installed(route, cast)
        page = self.library.page(route, asked.url)
        if page is not None and route.name == "view" and cast.changes_pictures and page.response.status == 200:
            return text_answer(200, cast.picture(page.response.content()), page.response.headers.get("content-type"))
        if page is not None:
            return said_answer(page)
        return self.unrecorded(asked, route)

    def unrecorded(self, asked: Asked, route: Route) -> Answer:
        """What follows from the recording, or a miss."""
        if route.name == "object_info" and route.argument and self.library.inventory is not None:
            return self.node_class(route.argument)
        if asked.path == "/":
            return text_answer(200, ROOT, "text/html; charset=utf-8")
        path = asked.url.lstrip("/").removeprefix("api/")
        known = [f"{path}?{query}" if query else path for path, query in self.library.pages]
        return self.missed(nearest_page(str(asked), path, known, "this route was not recorded"))

    def installed(self, route: Route, cast: Cast) -> Answer:
        """Classes and model folders of another installation than was recorded."""
        if route.name != "object_info":
            page = self.library.pages.get(page_key(route, ""))
            if page is None or page[-1].response.status != 200:
                return empty_answer(404)
            empty = cast.has_no_models and route.argument
            return json_answer(200, []) if empty else said_answer(page[-1])
        inventory = cast.inventory(self.library.inventory) or {}
        name = route.argument
        return json_answer(200, {name: inventory[name]} if name in inventory else ({} if name else inventory))

    def post(self, asked: Asked, cast: Cast, route: Route) -> Answer:
        """Submissions, uploads and the operations on the queue."""
        if route.name == "prompt":
            return self.submit(asked, cast)
        if route.name in ("upload/image", "upload/mask"):
            return upload(asked.body)
        if route.name in ("queue", "interrupt"):
            return self.stop(asked)
        if route.name in ("free", "history"):
            return empty_answer(200)
        return self.missed(Miss(str(asked), "this route takes no POST in a replay"))

    def upgrade(self, asked: Asked) -> WebSocket | Answer:
        """``/ws?clientId=…``: a websocket that hears of the prompts of that client."""
        if route_of(asked.url).name != "ws":
            return self.missed(nearest_page(str(asked), "ws", ["ws"], "there is no websocket at this path"))
        return self.audience.seat(asked.parameter("clientId"), self.library.pages.get(("features", "")))

    def submit(self, asked: Asked, cast: Cast) -> Answer:
        """``POST /prompt``: play the recorded prompt that means the same."""
        document = asked.json()
        if not isinstance(document, dict):
            # An unhandled error of ComfyUI is this text (aiohttp web_protocol.py handle_error).
            return text_answer(
                500, b"500 Internal Server Error\n\nServer got itself in trouble", "text/plain; charset=utf-8"
            )
        prompt = document.get("prompt")
        submission = self.library.prompts.find(meaning_of_prompt(prompt, self.library.noise))
        if submission is None and (kept := self.library.as_kept(asked.body)) is not None:
            prompt = kept.get("prompt")
            submission = self.library.prompts.find(meaning_of_prompt(prompt, self.library.noise))
        if submission is None or cast.changes_inventory:
            inventory = cast.inventory(self.library.inventory)
            if inventory is not None and isinstance(prompt, dict):
                from comfytape_replayer.judging import refusal_of  # noqa: PLC0415 - only these need judging

                refusal = refusal_of(prompt, inventory)
                if refusal is not None:
                    return json_answer(400, refusal)
        if submission is None:
            miss, near = nearest_submission(str(asked), prompt, self.library.prompts, prompt=True)
            if near is None or not self.nearest:
                return self.missed(miss)
            self.told(miss)
            submission = near
        submission.uses += 1
        if not submission.job:
            return said_answer(submission.timeline[0].said)
        wanted = document.get("prompt_id")
        known = isinstance(wanted, str) and CLIENT_ID.fullmatch(wanted) is not None
        instance = Instance(str(wanted) if known else str(uuid.uuid4()), submission, submission.timeline, self.clock)
        self.instances.add(instance)
        self.audience.await_prompt(instance, document.get("client_id"))
        return said_answer(submission.timeline[0].said, instance.id_bytes)

    def history(self, prompt_id: str) -> Answer:
        """``/history/{id}``: ``{}`` until the prompt has ended, and for an unknown one, as ComfyUI answers."""
        if prompt_id:
            instance = self.instances.find(prompt_id)
            if instance is None:
                return json_answer(200, {})
            return said_answer(shown_to(instance).said, instance.id_bytes)
        entries: dict[str, Any] = {}
        for instance in self.instances.by_id.values():
            if is_done(instance):
                _, chunks = instance.now().said.messages(instance.id_bytes)
                entries.update(json.loads(b"".join(chunks)))
        return json_answer(200, entries)

    def queue(self) -> dict[str, Any]:
        """``/queue``: prompts that have not ended, the first of them running."""
        items = [
            [i.number, i.id, i.submission.job_input, {}, []] for i in self.instances.by_id.values() if not is_done(i)
        ]
        return {"queue_running": items[:1], "queue_pending": items[1:]}

    def stop(self, asked: Asked) -> Answer:
        """``POST /queue`` with ``clear`` or ``delete``, ``POST /interrupt``: the prompts get an empty history."""
        document = asked.json()
        wanted = document if isinstance(document, dict) else {}
        named = [*(wanted.get("delete") or ()), wanted.get("prompt_id")]
        everything = wanted.get("clear") or (route_of(asked.url).name == "interrupt" and not wanted.get("prompt_id"))
        for instance in self.instances.by_id.values():
            if (everything or instance.id in named) and not is_done(instance):
                # The second state of a prompt is the empty history.
                instance.force(instance.timeline[1])
                self.audience.stopped(instance)
        return empty_answer(200)

    def node_class(self, name: str) -> Answer:
        """``/object_info/{class}`` out of the whole; ComfyUI answers ``{}`` for a class it has not."""
        body = self.classes.get(name)
        if body is None:
            inventory = self.library.inventory or {}
            body = json.dumps({name: inventory[name]} if name in inventory else {}).encode()
            if name in inventory:
                self.classes[name] = body
        return text_answer(200, body, "application/json; charset=utf-8")

    def missed(self, miss: Miss) -> Answer:
        """Tell the people who watch, and the client."""
        self.told(miss)
        return miss_answer(miss)


def shown_to(instance: Instance) -> Any:
    """The state that ``/history`` shows next; never what the submission was answered with."""
    state = instance.poll()
    return instance.timeline[1] if state is instance.timeline[0] else state


def upload(body: bytes) -> Answer:
    """``/upload/image``: accepted and forgotten; the answer names what was sent, as ComfyUI's does."""
    names = {"subfolder": "", "type": "input"}
    filename = ""
    for field in FIELD.finditer(body):
        name = field["name"].decode("utf-8", "replace")
        if field["file"] is not None:
            filename = filename or field["file"].decode("utf-8", "replace")
        elif name in names:
            names[name] = body[field.end() : body.find(b"\r\n", field.end())].decode("utf-8", "replace")
    if not filename:
        return empty_answer(400)
    return json_answer(200, {"name": filename, **names})
