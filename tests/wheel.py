"""Build the wheel, install it into a fresh environment elsewhere, and run its command there, away from the checkout."""

from __future__ import annotations

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
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT))
        (wheel,) = place.glob("*.whl")
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
    print(f"{wheel.name}: installed elsewhere, {said.splitlines()[0]} runs and checks a recording")
    return 0


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command; its output, or an error that shows it."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
