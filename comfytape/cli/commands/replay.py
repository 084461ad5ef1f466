"""``comfytape replay``: serve cassettes as an offline RunPod and ComfyUI."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comfytape_cassettes import Cassette
from comfytape_cassettes.redaction import Redactor, Secrets
from comfytape_replayer.answer import SERVER
from comfytape_replayer.app import ReplayApp
from comfytape_replayer.border import Border
from comfytape_replayer.clock import INSTANT
from comfytape_replayer.faults import fault_of_spec
from comfytape_replayer.library import Library
from comfytape_replayer.noise import Noise
from comfytape_replayer.scenarios import SCENARIOS, Casting, Scenario
from comfytape_replayer.scenarios.custom import load_scenario
from comfytape_replayer.server import serve

if TYPE_CHECKING:
    from comfytape_replayer.misses import Miss

__all__ = ["command"]

SETTINGS = frozenset({"cassettes", "contracts", "secrets_env"})
"""The settings that matter here; others are no reason to load what reads them, which takes longest of all."""


def print_scenarios(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """``--scenarios``: the catalogue."""
    if not value or ctx.resilient_parsing:
        return
    for name, scenario in SCENARIOS.items():
        click.echo(f"{name:22} {scenario.imitates}")
    ctx.exit()


@click.command("replay", short_help="Serve cassettes as an offline RunPod and ComfyUI.")
@click.argument("cassettes", nargs=-1, required=True, metavar="CASSETTE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--speed", default=INSTANT, show_default=True, metavar="N|instant",
    help="1 waits as long as was recorded, 60 a sixtieth of it; instant: each poll shows the next state.",
)  # fmt: skip
@click.option(
    "--scenario", "scenarios", multiple=True, metavar="NAME|FILE.yaml",
    help="Play a variation, such as stuck-queue; repeatable. 'comfytape replay --scenarios' lists them.",
)  # fmt: skip
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help="A one-off such as status:503,times=2; repeatable."
)
@click.option(
    "--unmatched", type=click.Choice(["strict", "nearest"]), default="strict", show_default=True,
    help="What a workflow gets that was not recorded: 404, or the nearest job with a warning header.",
)  # fmt: skip
@click.option("--contract", metavar="NAME|PATH",
              help="Whose 'matching' says what is no noise; default: contracts of the cassettes' names.")  # fmt: skip
@click.option("--require-key", is_flag=True, help="Answer 401 to RunPod calls without an Authorization header.")
@click.option("--allow-host", "allow_hosts", multiple=True, metavar="NAME",
              help="Answer under this host name too; '*' is every name; repeatable.")  # fmt: skip
@click.option("--cors", multiple=True, metavar="ORIGIN",
              help="Let pages of this site read the answers, such as http://localhost:3000; repeatable.")  # fmt: skip
@click.option("--deliver-webhooks", is_flag=True,
              help="Post jobs that end to the 'webhook' they came with; to loopback addresses alone.")  # fmt: skip
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="PEM", help="Serve https with this certificate.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="PEM", help="Its key, where the file lacks it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides what flaky does.")
@click.option("--scenarios", "listed", is_flag=True, is_eager=True, expose_value=False, callback=print_scenarios,
              help="List the scenarios and what each imitates.")  # fmt: skip
def command(
    cassettes: tuple[str, ...], host: str, port: int, speed: str, scenarios: tuple[str, ...], faults: tuple[str, ...],
    unmatched: str, require_key: bool, seed: int, allow_hosts: tuple[str, ...], cors: tuple[str, ...],
    tls_cert: Path | None, tls_key: Path | None, contract: str | None, deliver_webhooks: bool,
) -> None:  # fmt: skip
    """Serve CASSETTE (names or paths) until Ctrl-C. Clients need nothing but another base URL.

    RunPod's job API is below /v2/{endpoint_id}/, ComfyUI's routes are at the root and below /api. A request that was
    not recorded gets a 404 that names the nearest recorded one and what differs; the same is printed here.

    \b
    comfytape replay z-image-danrisi --port 9000
    RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:9000/v2 COMFYUI_URL=http://127.0.0.1:9000 python my_client.py
    """  # noqa: D301
    opened = [Cassette.open(place_of(name)) for name in cassettes]
    noise = Noise.but(exactness(contract, [cassette.name for cassette in opened]))
    library = Library(opened, noise=noise, redactor=Redactor(Secrets.of(secrets())))
    app = ReplayApp(
        library, speed=speed, casting=casting_of(scenarios, faults, seed), nearest=unmatched == "nearest",
        require_key=require_key, border=Border(host, allow_hosts, cors), on_miss=print_miss,
        deliver_webhooks=deliver_webhooks,
    )  # fmt: skip
    ready = lambda url: click.echo(f"listening on {url}")  # noqa: E731
    serve(app, host=host, port=port, ready=ready, server=SERVER, cert=tls_cert, key=tls_key)


def casting_of(scenarios: tuple[str, ...], faults: tuple[str, ...], seed: int) -> Casting:
    """What ``--scenario`` and ``--fault`` say. A file's scenario can be named in the header, too."""
    chosen: list[str | Scenario] = []
    custom: list[Scenario] = []
    for name in (part for option in scenarios for part in option.split(",")):
        if name.endswith((".yaml", ".yml")):
            custom.append(load_scenario(Path(name)))
            chosen.append(custom[-1])
        else:
            chosen.append(name)
    return Casting(chosen, [fault_of_spec(spec) for spec in faults], custom, seed)


def secrets() -> list[str]:
    """The values that recordings here never hold as they were sent, and that are not shown of a request."""
    key = [value for value in (os.environ.get("RUNPOD_API_KEY"),) if value]
    if has_no_settings():
        return key
    from comfytape.settings import load_settings  # noqa: PLC0415 - see place_of

    return [*key, *load_settings().secret_values()]


def place_of(name: str) -> str:
    """Where a cassette is. Settings are read only where they may matter: importing them takes longest of all."""
    for place in (Path(name), Path("cassettes", name)):
        if (place / "cassette.json").is_file() and (place == Path(name) or has_no_settings()):
            return str(place)
    from comfytape.settings import find_cassette, load_settings  # noqa: PLC0415 - see above

    return find_cassette(name, load_settings())


def exactness(named: str | None, cassettes: list[str]) -> list[str]:
    """What the contracts want equal. They are read only where one speaks of it: that takes longer than all else.

    Raises:
        UsageError, ComfytapeError: the contract that was named is not there, or cannot be read.
    """
    if named is None and has_no_settings():
        places = [Path("contracts", name, "contract.yaml") for name in cassettes]
        if not any(place.is_file() and b"matching:" in place.read_bytes() for place in places):
            return []
    from comfytape.settings import find_contract, load_settings  # noqa: PLC0415 - see above
    from comfytape_contracts.contract import Contract  # noqa: PLC0415

    settings = load_settings()
    names = (
        [named] if named else [name for name in cassettes if (settings.contracts / name / "contract.yaml").is_file()]
    )
    models = [Contract.load(find_contract(name, settings)).model for name in names]
    return [what for model in models for what in model.matching.exact]


def has_no_settings() -> bool:
    """Whether folders and secrets are the default ones for certain."""
    if any(f"COMFYTAPE_{key.upper()}" in os.environ for key in SETTINGS):
        return False
    try:
        text = Path("pyproject.toml").read_text(encoding="utf-8")
        if "comfytape" not in text:
            return True
        return not SETTINGS.intersection(tomllib.loads(text).get("tool", {}).get("comfytape", ()))
    except OSError:
        return True
    except (ValueError, AttributeError, TypeError, RecursionError):
        return False  # who reads them in full finds words for it


def print_miss(miss: Miss) -> None:
    """What a person sees of a miss."""
    click.echo("\n".join(miss.lines()), err=True)
