"""docs/alerts.md shows what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def test_the_life_of_a_problem_is_as_the_page_tells_it():
    """New, repeated, worse, resolved while a sender is down, sent later, drift: real recordings, real receivers."""
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/alert_life.py")], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert MOMENT.sub("WHEN", done.stdout.strip()) == MOMENT.sub("WHEN", shown.strip())
