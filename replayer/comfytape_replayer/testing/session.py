"""Servers of a pytest session: started when a test wants one, shared as it says, stopped at the end."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from comfytape_cassettes import ComfytapeError
from comfytape_replayer.server import ReplayServer
from comfytape_replayer.testing.network import only
from comfytape_replayer.testing.settings import wanted_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from comfytape_replayer.misses import Miss
    from comfytape_replayer.testing.settings import Wanted

__all__ = ["Replay", "Servers", "missed"]

DUMMY_KEY = "comfytape-replay"


class Replay:
    """A test's view of its server: ``url``, and what this test has asked for."""

    def __init__(self, server: ReplayServer, wanted: Wanted) -> None:
        self.server = server
        self.wanted = wanted
        self.asked_before = server.app.journal.count
        self.missed_before = server.app.journal.missed

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``: ComfyUI is there, RunPod below ``/v2``."""
        return self.server.url

    @property
    def requests(self) -> Sequence[Any]:
        """Requests since the test began; each has ``method``, ``path``, ``status`` and ``at``."""
        new = self.server.app.journal.count - self.asked_before
        return self.server.requests[-new:] if new else ()

    @property
    def misses(self) -> Sequence[Miss]:
        """Requests of this test that nothing recorded answers."""
        new = self.server.app.journal.missed - self.missed_before
        return self.server.misses[-new:] if new else ()

    @property
    def unused(self) -> Sequence[str]:
        """Recordings that nobody has asked for, in words."""
        return self.server.unused


class Servers:
    """All servers of a session (of a worker, under xdist: each process has its own ports)."""

    def __init__(self) -> None:
        self.shared: dict[tuple[Any, ...], ReplayServer] = {}
        self.closing = ExitStack()

    @contextmanager
    def for_test(self, item: pytest.Item) -> Iterator[Replay]:
        """The server that a test wants, with the environment set and the network blocked."""
        wanted = wanted_by(item)
        with ExitStack() as own:
            try:
                server = self.server(wanted, item, own)
            except ComfytapeError as error:
                hint = f" ({error.hint})" if error.hint else ""
                raise pytest.UsageError(f"comfytape: {error}{hint}") from error
            own.enter_context(pointed_at(server))
            own.enter_context(only(server.url, wanted.network))
            yield Replay(server, wanted)

    def server(self, wanted: Wanted, item: pytest.Item, own: ExitStack) -> ReplayServer:
        """A server, running: the test's own, or one it shares."""
        if wanted.scope == "test":
            return own.enter_context(started(wanted))
        place = str(item.path) if wanted.scope == "module" else ""
        key = (wanted, place)
        if key not in self.shared:
            self.shared[key] = self.closing.enter_context(started(wanted))
        return self.shared[key]

    def close(self) -> None:
        """Stop the shared ones."""
        self.closing.close()


def started(wanted: Wanted) -> ReplayServer:
    """A server as wanted, not running yet."""
    return ReplayServer(
        list(wanted.cassettes), speed=wanted.speed, scenario=wanted.scenario or None, faults=wanted.faults,
        unmatched=wanted.unmatched, require_key=wanted.require_key,
    )  # fmt: skip


@contextmanager
def pointed_at(server: ReplayServer) -> Iterator[None]:
    """The environment that clients read, and the ``runpod`` SDK, which reads it only once, on import."""
    queues = list(server.app.library.queues)
    endpoint = os.environ.get("RUNPOD_ENDPOINT_ID") or (queues[0] if queues else "replay")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNPOD_ENDPOINT_BASE_URL", f"{server.url}/v2")
        patch.setenv("COMFYUI_URL", server.url)
        patch.setenv("RUNPOD_ENDPOINT_ID", endpoint)
        # A real key must not be sent where it is not needed.
        patch.setenv("RUNPOD_API_KEY", DUMMY_KEY)
        runpod = sys.modules.get("runpod")
        if runpod is not None:
            patch.setattr(runpod, "endpoint_url_base", f"{server.url}/v2", raising=False)
            patch.setattr(runpod, "api_key", DUMMY_KEY, raising=False)
        yield


def missed(replay: Replay) -> str:
    """Why the test must fail: its misses, in words; "" where there are none or they are allowed."""
    if replay.wanted.misses == "allow" or replay.wanted.unmatched == "nearest":
        return ""
    return "\n".join(line for miss in replay.misses for line in miss.lines())
