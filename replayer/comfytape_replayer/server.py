"""A replay server in a thread of this process, or as this process."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING, Any, Self

from comfytape_cassettes import Cassette
from comfytape_replayer.answer import SERVER
from comfytape_replayer.app import ReplayApp
from comfytape_replayer.border import Border
from comfytape_replayer.clock import INSTANT
from comfytape_replayer.faults import fault_of_spec
from comfytape_replayer.http import Listener, bound, new_loop
from comfytape_replayer.library import Library
from comfytape_replayer.noise import Noise
from comfytape_replayer.scenarios import Casting, Scenario

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from comfytape_replayer.journal import Served
    from comfytape_replayer.misses import Miss

    Source = Cassette | str | os.PathLike[str]

__all__ = ["ReplayServer", "opened", "serve", "url_of"]


class ReplayServer:
    """Serves cassettes from a thread, as a context manager.

    Args:
        cassettes: a cassette, the path or URL of one, or several of either.
        speed: ``"instant"`` (each poll shows the next recorded state) or a number (1 waits as long as was recorded).
        scenario: a scenario by name (names with commas for several), or scenarios; None plays what was recorded.
        faults: one-off faults as ``--fault`` takes them, such as ``"status:503,times=2"``.
        unmatched: ``"strict"`` answers an unrecorded workflow with 404, ``"nearest"`` with the nearest recorded job.
        require_key: whether RunPod's operations need an Authorization header.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        allow_hosts: names, beside loopback's and ``host``, under which it answers; ``*`` is every name.
        exact: what must be equal for a match: ``seeds``, ``titles``, ``node_ids``, ``filename_prefixes``.
        cors: origins whose pages may read the answers, such as ``http://localhost:3000``.
        deliver_webhooks: whether jobs that came with a ``webhook`` on this machine are posted there when they end.

    Raises:
        CassetteError: a cassette cannot be opened.
        UsageError: the speed or a scenario is none, or the address cannot be listened on.
    """

    label = SERVER
    """What each answer's ``Server`` header says."""

    def __init__(
        self, cassettes: Source | Sequence[Source], *, speed: str | float = INSTANT,
        scenario: str | Scenario | Sequence[str | Scenario] | None = None, faults: Sequence[str] = (),
        unmatched: str = "strict", require_key: bool = False, host: str = "127.0.0.1", port: int = 0,
        allow_hosts: Sequence[str] = (), cors: Sequence[str] = (), exact: Sequence[str] = (),
        on_miss: Callable[[Miss], None] | None = None, deliver_webhooks: bool = False,
    ) -> None:  # fmt: skip
        listed = [scenario] if isinstance(scenario, str | Scenario) else list(scenario or ())
        named = [part for item in listed for part in (item.split(",") if isinstance(item, str) else [item])]
        casting = Casting(named, [fault_of_spec(spec) for spec in faults])
        library = Library(opened(cassettes), noise=Noise.but(exact))
        self.app = ReplayApp(
            library, speed=speed, casting=casting, nearest=unmatched == "nearest",
            require_key=require_key, border=Border(host, allow_hosts, cors), on_miss=on_miss,
            deliver_webhooks=deliver_webhooks,
        )  # fmt: skip
        self.host, self.port = host, port
        self.sock: socket.socket | None = None
        self.thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers: ``http://HOST:PORT``.

        Raises:
            RuntimeError: it has not been started.
        """
        if self.sock is None:
            raise RuntimeError("the replay server is not running: use it in a 'with' statement")
        return url_of(self.sock)

    @property
    def misses(self) -> Sequence[Miss]:
        """Requests that nothing recorded answered, in order."""
        return tuple(self.app.journal.misses)

    @property
    def requests(self) -> Sequence[Served]:
        """Requests that were answered, in order; the last ten thousand."""
        return tuple(self.app.journal.served)

    @property
    def unused(self) -> Sequence[str]:
        """Recorded jobs and routes that nobody has asked for, in words."""
        return self.app.library.unused()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, and answer from a thread."""
        self.sock = bound(self.host, self.port)
        self.loop = new_loop()
        # Clients may connect from here on: the kernel holds them until the loop runs.
        self.listener = Listener(self.app, self.sock, server=self.label)
        self.loop.run_until_complete(self.listener.start())
        self.thread = threading.Thread(target=self.loop.run_forever, name="comfytape-replay", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self.thread is None:
            return
        asyncio.run_coroutine_threadsafe(self.listener.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
        self.thread, self.sock = None, None


def serve(
    app: Any, *, host: str, port: int, ready: Callable[[str], None], server: str = "",
    cert: Path | None = None, key: Path | None = None,
) -> None:  # fmt: skip
    """Serve until SIGINT or SIGTERM; ``ready`` gets the URL once requests are answered.

    ``server`` is what each answer's ``Server`` header says; "" leaves it to the application.

    Raises:
        UsageError: the address cannot be listened on, or the certificate cannot be used.
    """
    sock = bound(host, port)
    loop = new_loop()
    try:
        loop.run_until_complete(until_stopped(Listener(app, sock, server=server, cert=cert, key=key), ready))
    finally:
        loop.close()
        sock.close()


async def until_stopped(listener: Listener, ready: Callable[[str], None]) -> None:
    """Answer until a signal says stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            break
    await listener.start()
    ready(url_of(listener.sock, secure=listener.config.is_ssl))
    await stop.wait()
    await listener.stop()


def url_of(sock: socket.socket, *, secure: bool = False) -> str:
    """The URL of a bound socket."""
    host, port = sock.getsockname()[:2]
    return f"http{'s' if secure else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def opened(cassettes: Source | Sequence[Source]) -> list[Cassette]:
    """Cassettes, from paths, URLs or cassettes.

    Raises:
        CassetteError: one cannot be opened.
    """
    listed = [cassettes] if isinstance(cassettes, Cassette | str | os.PathLike) else list(cassettes)
    return [source if isinstance(source, Cassette) else Cassette.open(source) for source in listed]
