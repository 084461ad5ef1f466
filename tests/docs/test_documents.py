"""Every command in README and docs runs, and prints what the page says it prints.

A block that opens with ```console is executed line by line: lines with ``$ `` are commands, the lines below are their
expected output (``…`` stands for anything). A block in another language is not.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks():
    for page in PAGES:
        for number, found in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")), start=1):
            yield pytest.param(found[1], id=f"{page.relative_to(ROOT)}-{number}")


def commands_of(block):
    """Pairs of a command and its expected output."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = command[:-1] + more.removeprefix("> ").strip()
        yield command, expected.strip("\n")


@pytest.fixture
def workplace(tmp_path):
    """A repository that is not ours, with contracts and cassettes as a user has them."""
    for name in (
        "contracts/z-image-danrisi",
        "contracts/noise-1024",
        "contracts/noise-cases",
        "cassettes/z-image-danrisi",
        "cassettes/noise-1024",
        "cassettes/noise-cases",
    ):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("block", list(blocks()))
def test_what_a_page_shows_is_what_happens(block, workplace):
    """Documentation that is executed cannot go stale."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("RUNPOD_", "COMFYUI_", "COMFYTAPE_", "COVERAGE_"))
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    for command, expected in commands_of(block):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=workplace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        printed = (done.stdout + done.stderr).strip("\n")
        pattern = r"[\s\S]*?".join(re.escape(piece) for piece in expected.split("…"))
        assert re.fullmatch(pattern, printed), f"$ {command}\n--- printed:\n{printed}\n--- expected:\n{expected}"


def test_there_are_commands_to_run():
    """The test above would be green on pages without commands."""
    assert sum(1 for _ in blocks()) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page):
    """A relative link names a file that is there."""
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
