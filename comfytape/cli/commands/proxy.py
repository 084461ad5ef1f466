"""``comfytape proxy``: record whatever any client sends through it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import click

from comfytape.settings import Settings, load_settings
from comfytape_cassettes import UsageError
from comfytape_cassettes.recording import Recording
from comfytape_cassettes.redaction import Secrets
from comfytape_contracts.cost import own_rate
from comfytape_contracts.spending import Spending
from comfytape_replayer.border import Border
from comfytape_replayer.guard import Guard
from comfytape_replayer.proxy import ProxyApp, Upstreams
from comfytape_replayer.server import serve

__all__ = ["command"]

RUNPOD = "https://api.runpod.ai/v2"
IDLE_S = 5.0
"""Seconds a worker is paid for after its last job: RunPod's default idle timeout."""


@click.command("proxy", short_help="Record whatever any client sends through it.")
@click.argument("name")
@click.option("--runpod", metavar="URL", help=f"RunPod's job API; default: $RUNPOD_ENDPOINT_BASE_URL or {RUNPOD}.")
@click.option("--comfyui", metavar="URL", help="A ComfyUI; default: $COMFYUI_URL.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD",
              help="Refuse jobs that may exceed it; the price is that of contract NAME, or --price.")  # fmt: skip
@click.option("--price", type=click.FloatRange(min=0, min_open=True), metavar="USD",
              help="What a second of a worker costs; default: what contract NAME says.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue the recording of a proxy that was killed.")
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME",
              help="Answer under this host name too; '*' is every name; repeatable.")  # fmt: skip
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Folder of cassettes.")
def command(
    name: str, runpod: str | None, comfyui: str | None, host: str, port: int, into: Path | None,
    budget: float | None, price: float | None, resume: bool, allow_hosts: tuple[str, ...],
) -> None:  # fmt: skip
    """Record into the cassette NAME until Ctrl-C, then finish it. Keys are passed on and never kept.

    \b
    comfytape proxy my-run --runpod https://api.runpod.ai/v2 --port 9000
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:9000/v2 python my_client.py
    comfytape proxy my-run --port 9000 --budget 0.50 --price 0.00031
    """  # noqa: D301
    settings = load_settings()
    upstreams = Upstreams(
        checked(runpod or os.environ.get("RUNPOD_ENDPOINT_BASE_URL") or RUNPOD, "--runpod"),
        checked(comfyui or os.environ.get("COMFYUI_URL") or "", "--comfyui"),
    )
    path = (into or settings.cassettes) / name
    secrets = Secrets.of([value for value in (os.environ.get("RUNPOD_API_KEY"), *settings.secret_values()) if value])
    named = [url for url in (upstreams.runpod, upstreams.comfyui) if url]
    spending = spending_of(budget, price, name, settings)
    if resume:
        recording = Recording.resume(path, secrets=secrets)
    else:
        recording = Recording.start(path, plane=plane_of(named), secrets=secrets, source=" and ".join(named))
    try:
        guard = Guard(spending, told) if spending is not None else None
        if guard is not None:
            guard.before(recording.exchanges())
        app = ProxyApp(upstreams, recording, told, guard=guard, border=Border(host, allow_hosts))
        try:
            serve(app, host=host, port=port, ready=lambda url: click.echo(f"listening on {url}"))
        finally:
            app.close()
        if not app.count and not resume:
            refuse_empty(recording)
        cassette = recording.finish()
    finally:
        recording.close()
    click.echo(f"recorded {cassette.label}: {app.count} requests, {len(cassette.exchanges)} exchanges")
    click.echo(f"  replay it: comfytape replay {cassette.label}")


def refuse_empty(recording: Recording) -> NoReturn:
    """Leave nothing behind, and say why there is nothing.

    Raises:
        UsageError: always.
    """
    failure = next(recording.failures(), None)
    recording.discard()
    if failure is None:
        raise UsageError(
            "nothing was recorded: no request came through the proxy",
            hint="point the client's base URL at the address that was printed",
        )
    first = f"{failure.method} {failure.url}"
    raise UsageError(
        f"nothing was recorded: no request was answered, the first ({first}) for this reason: {failure.error}",
        hint="check that the servers run, and what --runpod and --comfyui name",
    )


def told(words: str) -> None:
    """What a person who watches the proxy reads."""
    click.echo(words, err=True)


def spending_of(budget: float | None, price: float | None, name: str, settings: Settings) -> Spending | None:
    """What may be spent, at the price given or that of the contract of the same name; None without a budget.

    Raises:
        UsageError: there is no price.
    """
    if budget is None:
        return None
    cost = None
    if price is None and (settings.contracts / name).exists():
        from comfytape_contracts.contract import Contract  # noqa: PLC0415 - most runs need none

        cost = Contract.load(settings.contracts / name).model.cost
        price = own_rate(cost)
    if price is None:
        raise UsageError(
            f"--budget needs a price, and there is no contract {name!r} that has one",
            hint="add --price 0.00031 (RunPod's price for your GPU, per second)",
        )
    return Spending(price, budget, cost.idle_s if cost is not None else IDLE_S)


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
