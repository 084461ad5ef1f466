"""Build the wheel twice, to the same bytes; install it into a fresh environment elsewhere, and run its command there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """0 when the installed command works outside the checkout."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        wheel = build(place / "first", epoch=1_700_000_000)
        again = build(place / "second", epoch=1_700_000_000)
        assert wheel.read_bytes() == again.read_bytes(), "two builds of the same sources differ: not reproducible"
        venv.create(place / "env", with_pip=False, system_site_packages=False)
        site = next((place / "env").glob("lib/python*/site-packages"), place / "env" / "Lib" / "site-packages")
        run(sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--target", str(site), str(wheel))
        # The dependencies are those of this environment: what is tested is what the wheel itself brings.
        (site / "dependencies.pth").write_text(next(p for p in sys.path if p.endswith("site-packages")) + "\n")
        python = place / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        said = run(str(python), "-m", "comfytape", "--version", cwd=place)
        where = run(
            str(python),
            "-c",
            "import comfytape_recorder as r, comfytape as c; print(r.__file__, c.__file__)",
            cwd=place,
        )
        assert str(ROOT) not in where, f"the checkout was imported instead of the wheel: {where}"
        checked = run(
            str(python), "-m", "comfytape", "check", str(ROOT / "contracts/noise-1024"),
            "--cassette", str(ROOT / "cassettes/noise-1024"), cwd=place,
        )  # fmt: skip
        assert "PASS noise-1024" in checked, checked
        run(str(python), "-m", "comfytape", "init", "--ci", "github", cwd=place)
        assert (place / ".github" / "workflows" / "comfytape-check.yml").is_file(), "the wheel lacks the workflows"
    print(
        f"{wheel.name}: built twice to the same bytes, installed elsewhere, {said.splitlines()[0]} runs and checks a recording"
    )
    return 0


def build(into: Path, *, epoch: int) -> Path:
    """Build the wheel as of a moment (SOURCE_DATE_EPOCH, reproducible-builds.org)."""
    outdir = ("--outdir", str(into), str(ROOT))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", *outdir, SOURCE_DATE_EPOCH=str(epoch))
    (wheel,) = into.glob("*.whl")
    return wheel


def run(*command: str, cwd: Path | None = None, **variables: str) -> str:
    """Run a command; its output, or an error that shows it."""
    environment = os.environ | variables
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
