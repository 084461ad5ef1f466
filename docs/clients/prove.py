"""Runs the TypeScript client of docs/clients.md as a user would: installed from its lock file, against a replay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from comfytape import ReplayServer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main() -> int:
    """0 when it compiles, brings the recorded picture, and tells a failed job from a good one."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for name in ("generate.ts", "package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        shutil.copy(ROOT / "contracts" / "z-image-danrisi" / "workflow-small.json", place)
        run(place, "ci", "--no-audit", "--no-fund", "--silent")
        run(place, "run", "--silent", "types")
        tape = str(ROOT / "cassettes" / "z-image-danrisi")
        with ReplayServer(tape) as server:
            said = run(place, "run", "--silent", "start", "--", "workflow-small.json", url=server.url)
        assert "as picture.png" in said, said
        assert (place / "picture.png").read_bytes().startswith(b"\x89PNG")
        with ReplayServer(tape, scenario="failed-oom") as server:
            said = run(place, "run", "--silent", "start", "--", "workflow-small.json", url=server.url, code=1)
        assert "ended FAILED" in said, said
    print("docs/clients/generate.ts: compiles, brings the recorded picture, tells a failed job")
    return 0


def run(place: Path, *words: str, url: str = "", code: int = 0) -> str:
    """Run npm; its output."""
    environment = dict(os.environ) | {"RUNPOD_ENDPOINT_BASE_URL": f"{url}/v2", "RUNPOD_API_KEY": "any"}
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed: expected Node 20 or newer")
    done = subprocess.run([npm, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise SystemExit(
            f"npm {' '.join(words)} ended with {done.returncode}, expected {code}:\n{done.stdout}{done.stderr}"
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
