"""``comfytape proxy``: record whatever any client sends through it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from comfytape.settings import load_settings
from comfytape_cassettes import UsageError
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_replayer.proxy import ProxyApp, Upstreams
from comfytape_replayer.server import serve

__all__ = ["command"]

RUNPOD = "https://api.runpod.ai/v2"


@click.command("proxy", short_help="Record whatever any client sends through it.")
@click.argument("name")
@click.option("--runpod", metavar="URL", help=f"RunPod's job API; default: $RUNPOD_ENDPOINT_BASE_URL or {RUNPOD}.")
@click.option("--comfyui", metavar="URL", help="A ComfyUI; default: $COMFYUI_URL.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Folder of cassettes.")
def command(name: str, runpod: str | None, comfyui: str | None, host: str, port: int, into: Path | None) -> None:
    """Record into the cassette NAME until Ctrl-C, then finish it. Keys are passed on and never kept.

    \b
    comfytape proxy my-run --runpod https://api.runpod.ai/v2 --port 9000
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:9000/v2 python my_client.py
    """  # noqa: D301
    settings = load_settings()
    upstreams = Upstreams(
        checked(runpod or os.environ.get("RUNPOD_ENDPOINT_BASE_URL") or RUNPOD, "--runpod"),
        checked(comfyui or os.environ.get("COMFYUI_URL") or "", "--comfyui"),
    )
    path = (into or settings.cassettes) / name
    secrets = Secrets.of([value for value in (os.environ.get("RUNPOD_API_KEY"), *settings.secret_values()) if value])
    named = [url for url in (upstreams.runpod, upstreams.comfyui) if url]
    recording = Recording.start(path, plane=plane_of(named), secrets=secrets, source=" and ".join(named))
    try:
        app = ProxyApp(upstreams, recording, lambda words: click.echo(words, err=True))
        try:
            serve(app, host=host, port=port, ready=lambda url: click.echo(f"listening on {url}"))
        finally:
            app.close()
        if not app.count:
            raise UsageError("nothing was recorded: no request came through the proxy",
                             hint="point the client's base URL at the address that was printed")  # fmt: skip
        cassette = recording.finish()
    finally:
        recording.close()
    click.echo(f"recorded {cassette.label}: {app.count} requests, {len(cassette.exchanges)} exchanges")
    click.echo(f"  replay it: comfytape replay {cassette.label}")


def checked(url: str, option: str) -> str:
    """A base URL without its last slash; "" stays.

    Raises:
        UsageError: it is no URL.
    """
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UsageError(f"{option} {url!r} is not a URL", hint="expected http(s)://HOST[:PORT][/path]")
    return url.rstrip("/")


def plane_of(urls: list[str]) -> str:
    """``loopback`` where every server is on this machine."""
    hosts = [urlsplit(url).hostname or "" for url in urls]
    return "loopback" if all(host.startswith(("127.", "localhost", "::1")) for host in hosts) else "runpod-cloud"
