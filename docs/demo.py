"""The demo: a real recording is replayed, recorded again from the replay, and held to its contract.

Every command is shown before it runs; each can be typed in a shell. No account, no key, no network.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = "demo-output"
NAME = "z-image-danrisi"
COMFYTAPE = [sys.executable, "-m", "comfytape"]
NOTE = "Recorded from a replay. The models had random weights and ran on a CPU: times and pictures are not a GPU's."
ONLY_A_BUDGET = 5


def main() -> int:
    """Replay, record, check; 0 when all went as it should."""
    began = time.monotonic()
    shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)
    replay = ["replay", f"cassettes/{NAME}"]
    say("1. Serve the shipped recording as an offline RunPod and ComfyUI", replay)
    with subprocess.Popen(
        [*COMFYTAPE, *replay], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        print(f"   {line}")
        url = line.removeprefix("listening on ")
        if not url.startswith("http://"):
            print(f"The replay server did not start; try it yourself: comfytape {' '.join(replay)}", file=sys.stderr)
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
        f"{OUTPUT}/{NAME}, and the check says the same of them as of the original:\n"
        "every promise holds but the generation time, since the models ran on a CPU.\n"
        f"Open {OUTPUT}/report.html in a browser: images, prompts, times and evidence on one page."
    )
    return 0


def record_and_check(url: str) -> int:
    """Run the recorder against the replay as if it were the live endpoint, then check what it recorded."""
    environment = {
        "RUNPOD_ENDPOINT_BASE_URL": f"{url}/v2",
        "RUNPOD_ENDPOINT_COMFYUI": "demo",
        "RUNPOD_API_KEY": "not-a-key",
        "COMFYUI_URL": url,
    }
    record = ["record", NAME, "--into", OUTPUT, "--note", NOTE]
    say(
        "2. Record from it, as from a live endpoint",
        [*(f"{k}={v}" for k, v in environment.items()), "\\\n     "],
        record,
    )
    recorded = subprocess.run([*COMFYTAPE, *record], env=os.environ | environment, cwd=ROOT, check=False)
    if recorded.returncode:
        return recorded.returncode
    check = ["check", NAME, "--cassette", f"{OUTPUT}/{NAME}", "--report", f"html={OUTPUT}/report.html"]
    say("3. Hold the new recording to the contract", check)
    return subprocess.run([*COMFYTAPE, *check], cwd=ROOT, check=False).returncode


def say(what: str, *words: list[str]) -> None:
    """Print a step and its command; only the last list is comfytape's own."""
    *before, command = words
    variables = " ".join(word for group in before for word in group)
    print(f"\n{what}\n   $ {variables}{' ' if variables else ''}comfytape {shlex.join(command)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
