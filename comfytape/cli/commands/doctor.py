"""``comfytape doctor``: can this endpoint do its job, and if not, what is the one cause and the next step?"""

from __future__ import annotations

import time
from pathlib import Path

import click

__all__ = ["command"]


@click.command("doctor", short_help="Say whether the endpoint can do its job, and if not, why.")
@click.argument("contract", required=False)
@click.option("--endpoint", metavar="ID", help="The endpoint's id; default: from the environment.")
@click.option("--comfyui", metavar="URL", help="A ComfyUI to ask as well; default: COMFYUI_URL.")
@click.option("--cassette", metavar="PATH", help="Read a recording, and ask nobody.")
@click.option(
    "--probe/--no-probe",
    default=None,
    help="Send one job that every handler refuses at once, to learn which handler it is; it may start a worker. "
    "Default: only to a server on this machine.",
)
@click.option(
    "--dependencies",
    is_flag=True,
    help="Look at CONTRACT's nodes, models, versions and network volume alone: no endpoint, no job, no GPU.",
)
@click.option(
    "--deadline", type=click.FloatRange(0.5, 600), help="Seconds for everything; default: 5, with --dependencies 10."
)
@click.option("--keep", type=click.Path(path_type=Path), metavar="DIR", help="Keep every answer as a cassette in DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show notes too.")
@click.pass_context
def command(
    ctx: click.Context,
    contract: str | None,
    endpoint: str | None,
    comfyui: str | None,
    cassette: str | None,
    probe: bool | None,
    dependencies: bool,
    deadline: float | None,
    keep: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Say whether the endpoint can do its job, and if not, the one cause and the next step.

    The endpoint comes from the environment as for `record`; RunPod's management API from RUNPOD_REST_V2_API_URL
    (default: RunPod's own). With CONTRACT its nodes, models and versions are looked at too.

    \b
    comfytape doctor
    comfytape doctor z-image-danrisi --comfyui http://127.0.0.1:8188
    comfytape doctor --endpoint abc123 --probe --deadline 120
    comfytape doctor z-image-danrisi --dependencies
    comfytape doctor --cassette cassettes/z-image-danrisi --json
    """  # noqa: D301
    began = time.monotonic()
    # Imported late: what they cost counts into the deadline.
    from comfytape.cli.causes import print_diagnosis  # noqa: PLC0415
    from comfytape.cli.output import console, print_json  # noqa: PLC0415
    from comfytape.doctor import Visit, examine  # noqa: PLC0415
    from comfytape.settings import load_settings  # noqa: PLC0415

    visit = Visit(
        contract=contract or "",
        endpoint=endpoint or "",
        comfyui=comfyui or "",
        cassette=cassette or "",
        probe=probe,
        dependencies=dependencies,
        keep=keep,
        deadline_s=deadline or (10.0 if dependencies else 5.0),
        began=began,
    )
    found = examine(visit, load_settings())
    if as_json:
        print_json(found)
    else:
        print_diagnosis(console(), found, verbose=verbose)
    ctx.exit(found.exit_code)
