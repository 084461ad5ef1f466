"""The stage of the campaigns: a plane on loopback, a contract, and the recorder as a process."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("comfytape_plane", ROOT / "tests/recorder/plane/plane.py")
planes = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = planes
spec.loader.exec_module(planes)

KEY = planes.KEY
PLANTED = "CAMPAIGN_PLANTED"
"""Names a folder with a sitecustomize.py that spoils the product: see planted.py."""

WORKFLOW = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}},
    "2": {"class_type": "ImageAddNoise", "inputs": {"image": ["1", 0], "seed": 7, "strength": 0.5}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "sample"}},
}
CONTRACT = """\
name: small
workflow: workflow.json
samples: {count: 4, timeout_s: 20}
cost: {usd_per_second: 1.0}
"""


def contract_in(place, text=CONTRACT):
    """A contract named ``small`` under ``place``."""
    folder = Path(place) / "contracts" / "small"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workflow.json").write_text(json.dumps(WORKFLOW))
    (folder / "contract.yaml").write_text(text)


def environment(plane_url, **more):
    """The variables a user would set, and none of the caller's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNPOD_", "COMFY", "COVERAGE"))}
    if PLANTED in os.environ:
        kept["PYTHONPATH"] = os.pathsep.join([os.environ[PLANTED], *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"RUNPOD_ENDPOINT_BASE_URL": plane_url, "RUNPOD_ENDPOINT_ID": "ep1", "RUNPOD_API_KEY": KEY}
    return kept | own | more


def comfytape(place, *arguments, plane_url="", under=(), **more):
    """Start ``comfytape …`` in ``place``, perhaps under another program (strace)."""
    return subprocess.Popen(
        # A shell that runs a campaign in the background has it ignore Ctrl-C, and children inherit that.
        ["env", "--default-signal=INT", *under, sys.executable, "-m", "comfytape", *map(str, arguments)],
        cwd=place,
        env=environment(plane_url, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def holding(file, seconds):
    """Words before a command that make every change of ``file`` in place last ``seconds``, so that a reader sees it half done.

    What is written elsewhere and renamed to ``file`` is not slowed. () where strace is missing or may not trace.
    """
    if (
        not shutil.which("strace")
        or subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False).returncode
    ):
        return ()
    calls = "write,pwrite64,writev,ftruncate,truncate,unlink,unlinkat,rename,renameat,renameat2"
    delay = f"delay_enter={seconds * 1e6:.0f}:delay_exit={seconds * 1e6:.0f}"
    return (
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        file,
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:{delay}",
    )


def output_of(job):
    """The output in the recorded answer that ended a job, as it was sent."""
    final = next(state for state in reversed(job.states) if state.said.is_final)
    return json.loads(final.exchange.response.content())["output"]


def leftovers(folder):
    """Files that a finished recording must not leave: journals, half-written files."""
    folder = Path(folder)
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and (path.name.startswith("journal") or "partial" in path.name)
    )
