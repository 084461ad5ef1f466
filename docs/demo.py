"""The demo: a real recording is replayed, recorded again from the replay, and held to its contract.

Every command is shown before it runs; each can be typed in a shell. No account, no key, no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "demo-output"
COMFYTAPE = [sys.executable, "-m", "comfytape"]
ONLY_A_BUDGET = 5


def main() -> int:
    """Replay, record, check; 0 when all went as it should."""
    began = time.monotonic()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    say("1. Serve the shipped recording as an offline RunPod and ComfyUI", "replay cassettes/z-image-danrisi")
    with subprocess.Popen(
        [*COMFYTAPE, "replay", "cassettes/z-image-danrisi"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        print(f"   {line}")
        url = line.removeprefix("listening on ")
        if not url.startswith("http://"):
            print("The replay server did not start: see the message above.", file=sys.stderr)
            return 1
        try:
            code = record_and_check(url)
        finally:
            server.terminate()
    if code != ONLY_A_BUDGET:
        print(f"The demo did not end as it should: exit code {code}, expected {ONLY_A_BUDGET}.", file=sys.stderr)
        return 1
    print(
        f"\nThe demo worked, in {time.monotonic() - began:.1f} s: 11 jobs were recorded from the replay into "
        f"{(OUTPUT / 'z-image-danrisi').relative_to(ROOT)}, and the check said the same of them as of the original: "
        "every promise holds but the generation time, since the models ran on a CPU."
    )
    return 0


def record_and_check(url: str) -> int:
    """Run the recorder against the replay as if it were the live endpoint, then check what it recorded."""
    environment = os.environ | {
        "RUNPOD_ENDPOINT_BASE_URL": f"{url}/v2",
        "RUNPOD_ENDPOINT_COMFYUI": "demo",
        "RUNPOD_API_KEY": "not-a-key",
        "COMFYUI_URL": url,
    }
    say(
        "2. Record from it, as from a live endpoint",
        "record z-image-danrisi --into demo-output",
        variables="RUNPOD_ENDPOINT_BASE_URL=…/v2 COMFYUI_URL=… ",
    )
    recorded = subprocess.run(
        [
            *COMFYTAPE,
            "record",
            "z-image-danrisi",
            "--into",
            str(OUTPUT),
            "--note",
            "Recorded from a replay, for the demo.",
        ],
        env=environment,
        cwd=ROOT,
        check=False,
        stderr=subprocess.DEVNULL if sys.stderr.isatty() is False else None,
    )
    if recorded.returncode:
        return recorded.returncode
    say("3. Hold the new recording to the contract", "check z-image-danrisi --cassette demo-output/z-image-danrisi")
    cassette = str(OUTPUT / "z-image-danrisi")
    return subprocess.run(
        [*COMFYTAPE, "check", "z-image-danrisi", "--cassette", cassette], cwd=ROOT, check=False
    ).returncode


def say(what: str, command: str, variables: str = "") -> None:
    """Print a step and its command."""
    print(f"\n{what}\n   $ {variables}comfytape {command}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
