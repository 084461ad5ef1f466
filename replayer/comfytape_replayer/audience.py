"""Who listens on ComfyUI's websocket, and what they are told of their prompts (server.py, main.py)."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

from comfytape_cassettes import CassetteError
from comfytape_replayer.answer import Answer, json_answer
from comfytape_replayer.misses import Miss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from comfytape_replayer.clock import Clock
    from comfytape_replayer.instances import Instance, Instances
    from comfytape_replayer.messages import Message
    from comfytape_replayer.said import Said
    from comfytape_replayer.websocket import WebSocket

__all__ = ["Audience", "is_done"]

SEATS = 1000
"""Websockets at a time."""
UNEXPECTED = 1011
"""The server met what it cannot go on from (RFC 6455, section 7.4.1)."""
UNHEARD = 1000
"""Prompts that are kept in case that their client begins to listen only now."""


class Playing:
    """A prompt whose messages are being sent: the next one, what is due when, and the node that runs."""

    __slots__ = ("client", "instance", "messages", "node", "sent", "timer")

    def __init__(self, instance: Instance, client: str, messages: Sequence[Message]) -> None:
        self.instance = instance
        self.client = client
        self.messages = messages
        self.sent = 0
        self.node: str | None = None
        self.timer: asyncio.TimerHandle | None = None


class Audience:
    """Websockets by client id. A prompt is told of to the client that submitted it, if that listens."""

    def __init__(self, instances: Instances, clock: Clock, told: Callable[[Miss], None]) -> None:
        self.instances = instances
        self.clock = clock
        self.told = told
        self.seats: set[WebSocket] = set()
        self.by_client: dict[str, WebSocket] = {}
        self.unheard: dict[str, tuple[str, Instance]] = {}
        self.playing: dict[str, Playing] = {}

    def seat(self, client: str, features: Sequence[Said] | None) -> WebSocket | Answer:
        """A websocket for a client; one with the id of another takes its place. Without an id it gets one."""
        from comfytape_replayer.websocket import WebSocket  # noqa: PLC0415 - most never listen

        if len(self.seats) >= SEATS:
            return json_answer(503, {"error": f"comfytape replay: {SEATS} websockets are open already"})
        client = client or uuid.uuid4().hex

        def opened(socket: WebSocket) -> None:
            self.by_client[client] = socket
            tell(socket, "status", {"status": self.status(), "sid": client})
            self.resume(client, socket)

        def heard(socket: WebSocket, text: str) -> None:
            if features and asks_for_features(text):
                tell(socket, "feature_flags", features[-1].response.body.json())

        def ended(socket: WebSocket) -> None:
            self.seats.discard(socket)
            if self.by_client.get(client) is socket:
                del self.by_client[client]

        made = WebSocket(opened, heard, ended)
        self.seats.add(made)
        return made

    def resume(self, client: str, socket: WebSocket) -> None:
        """Tell a client that listens again, or only now, of what it has submitted and what has not ended."""
        for playing in self.playing.values():
            if playing.client == client and playing.node is not None:
                tell(socket, "executing", {"node": playing.node})
        for job, (owner, instance) in list(self.unheard.items()):
            if owner == client:
                del self.unheard[job]
                if not is_done(instance):
                    self.begin(instance, client)

    def await_prompt(self, instance: Instance, client: Any) -> None:
        """A prompt was submitted; what happens to it is told once the answer to that is out."""
        if not isinstance(client, str):
            return
        if client in self.by_client:
            asyncio.get_running_loop().call_soon(self.begin, instance, client)
            return
        self.unheard[instance.id] = client, instance
        if len(self.unheard) > UNHEARD:
            del self.unheard[next(iter(self.unheard))]

    def begin(self, instance: Instance, client: str) -> None:
        """Begin to tell of a prompt."""
        self.announce()
        messages = self.messages_about(instance)
        if messages is None:
            reason = "the end of this prompt was not recorded"
            self.told(Miss(f"WebSocket /ws?clientId={client}", reason, hint="record /history/{id} until it is filled"))
            if client in self.by_client:
                self.by_client[client].close(UNEXPECTED, reason)
            return
        playing = self.playing[instance.id] = Playing(instance, client, messages)
        self.step(playing)

    def messages_about(self, instance: Instance) -> list[Message] | None:
        """What is to be told; None where history was not recorded."""
        from comfytape_replayer.messages import messages_of  # noqa: PLC0415 - most never listen

        polls = instance.timeline[1:]
        filled = next((state for state in polls if state.document), None)
        if filled is None:
            return None
        try:
            _, chunks = filled.said.messages(instance.id_bytes)
        except CassetteError:
            return None
        entry = json.loads(b"".join(chunks)).get(instance.id)
        asked_ms = max((state.at_ms for state in polls if state.at_ms < filled.at_ms), default=0.0)
        return messages_of(entry, instance.id, asked_ms, filled.at_ms) if isinstance(entry, dict) else None

    def step(self, playing: Playing) -> None:
        """Tell all that is due, and come again for the rest."""
        while playing.sent < len(playing.messages):
            message = playing.messages[playing.sent]
            pause = self.clock.real_s(message.at_ms - playing.instance.elapsed_ms())
            if pause > 0:
                playing.timer = asyncio.get_running_loop().call_later(pause, self.step, playing)
                return
            playing.sent += 1
            if message.kind == "execution_start":
                self.announce()
            elif message.kind == "executing":
                playing.node = message.data["node"]
            if playing.sent == len(playing.messages):
                # Clients read the history as soon as they hear of the end.
                playing.instance.force(playing.instance.timeline[-1])
            self.tell(playing.client, message.kind, message.data)
        self.end(playing)

    def stopped(self, instance: Instance) -> None:
        """A prompt was interrupted, or taken out of the queue."""
        self.unheard.pop(instance.id, None)
        playing = self.playing.get(instance.id)
        if playing is None:
            return
        if playing.timer is not None:
            playing.timer.cancel()
        if playing.sent:
            workflow = instance.submission.workflow or {}
            kind = workflow.get(playing.node or "", {}).get("class_type")
            ran = [m.data["node"] for m in playing.messages[: playing.sent] if m.kind == "executing"][:-1]
            said = {"prompt_id": instance.id, "node_id": playing.node, "node_type": kind, "executed": ran}
            self.tell(playing.client, "execution_interrupted", said)
        self.end(playing)

    def end(self, playing: Playing) -> None:
        """Say that nothing runs any more; clients wait for the message without a node."""
        del self.playing[playing.instance.id]
        self.announce()
        if playing.sent:
            self.tell(playing.client, "executing", {"node": None, "prompt_id": playing.instance.id})

    def announce(self) -> None:
        """Tell everybody how long the queue is."""
        if self.seats:
            said = {"status": self.status()}
            for socket in self.seats:
                tell(socket, "status", said)

    def status(self) -> dict[str, Any]:
        """How many prompts have not ended."""
        return {"exec_info": {"queue_remaining": sum(not is_done(i) for i in self.instances.by_id.values())}}

    def tell(self, client: str, kind: str, data: Any) -> None:
        """Tell one client, if it listens."""
        socket = self.by_client.get(client)
        if socket is not None:
            tell(socket, kind, data)


def tell(socket: WebSocket, kind: str, data: Any) -> None:
    """Say one message."""
    socket.say(json.dumps({"type": kind, "data": data}))


def asks_for_features(text: str) -> bool:
    """Whether a client's message says what it can do, to hear what the server can (comfy_api/feature_flags.py)."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("type") == "feature_flags"


def is_done(instance: Instance) -> bool:
    """Whether its history is filled, or it was taken out of the queue."""
    return instance.forced is not None or (instance.cursor > 0 and bool(instance.now().document))
