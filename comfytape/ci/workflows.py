"""The workflows to copy: what ``comfytape init --ci github`` writes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from comfytape_cassettes import UsageError
from comfytape_cassettes.version import __version__

__all__ = ["PROVIDERS", "workflows", "write_workflows"]

PROVIDERS = ("github",)
FOLDER = Path(".github/workflows")


def workflows() -> dict[str, str]:
    """Texts by file name; each installs the version of comfytape that writes it."""
    folder = resources.files("comfytape.ci") / "github"
    return {
        file.name: file.read_text(encoding="utf-8").replace("{version}", __version__)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yml")
    }


def write_workflows(root: Path, *, force: bool = False) -> list[Path]:
    """Write them below ``root``; the files that are new or changed.

    Raises:
        UsageError: a file differs from what would be written, and ``force`` was not given; then nothing is written.
    """
    texts = {root / FOLDER / name: text for name, text in workflows().items()}
    changed = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    kept = [path for path in changed if path.exists()]
    if kept and not force:
        raise UsageError(
            f"{', '.join(path.as_posix() for path in kept)} would be overwritten, and differs",
            hint="compare it with 'comfytape init --ci github --force' on a clean git tree, or move it away",
        )
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    return changed
